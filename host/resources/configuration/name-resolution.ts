import { fail, isFields, member, optionalText, scalar } from "../fields.ts";
import type { SectionReader } from "./section.ts";

/** `spec.nameResolution`: `{ component, version, configuration }`. */
export const nameResolution: SectionReader = (section, place, path) => {
  if (!isFields(section)) fail(place, path, "must be a mapping with component, version and configuration");
  const component = optionalText(member(section, "component"), place, [...path, "component"]) ?? "";
  const given = member(section, "configuration") ?? {};
  if (!isFields(given)) fail(place, [...path, "configuration"], "must be a mapping");
  return {
    nameResolution: {
      component,
      version: optionalText(member(section, "version"), place, [...path, "version"]) || "v1",
      configuration: Object.entries(given).map(([name, value]): [string, string] => [name, scalar(value)]),
      origin: place.at(path),
    },
  };
};
