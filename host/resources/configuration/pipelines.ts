import { fail, isFields, member, optionalText, requiredText } from "../fields.ts";
import type { PipelineHandler, PipelineName } from "../pipeline-handler.ts";
import type { SectionReader } from "./section.ts";

/** `spec.httpPipeline` and `spec.appHttpPipeline`: `handlers: [{ name, type, version }]`, the outermost first. */
export function pipeline(pipelineName: PipelineName): SectionReader {
  return (section, place, sectionPath) => {
    if (!isFields(section)) fail(place, sectionPath, "must be a mapping with handlers");
    const path = [...sectionPath, "handlers"];
    const given = member(section, "handlers");
    if (given === undefined || given === null) return {};
    if (!Array.isArray(given)) fail(place, path, "must be a list of entries with name and type");
    const handlers = given.map((entry: unknown, i): PipelineHandler => {
      const at = [...path, i];
      if (!isFields(entry)) fail(place, at, "must be an entry with name and type");
      return {
        name: requiredText(member(entry, "name"), place, [...at, "name"]),
        type: requiredText(member(entry, "type"), place, [...at, "type"]),
        version: optionalText(member(entry, "version"), place, [...at, "version"]) || "v1",
        origin: place.at(at),
      };
    });
    return { [pipelineName]: handlers };
  };
}
