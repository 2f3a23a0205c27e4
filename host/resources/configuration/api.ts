import type { ApiRule } from "../api-rules.ts";
import { fail, isFields, member, optionalText, type Place, requiredText } from "../fields.ts";
import type { SectionReader } from "./section.ts";

type Path = readonly (string | number)[];

function rules(value: unknown, place: Place, path: Path): readonly ApiRule[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) fail(place, path, "must be a list of entries with name, version and protocol");
  return value.flatMap((entry: unknown, i): ApiRule[] => {
    const at = [...path, i];
    if (!isFields(entry)) fail(place, at, "must be a mapping with name, version and protocol");
    const protocol = requiredText(member(entry, "protocol"), place, [...at, "protocol"]).toLowerCase();
    if (protocol === "grpc") return [];
    // daprd passes over an entry without one: nothing would be as restricted as it looks.
    if (protocol !== "http") fail(place, [...at, "protocol"], "must be http or grpc");
    return [
      {
        name: optionalText(member(entry, "name"), place, [...at, "name"]) ?? "",
        version: requiredText(member(entry, "version"), place, [...at, "version"]),
      },
    ];
  });
}

/** `spec.api`: which parts of the API may be called. */
export const api: SectionReader = (section, place, path) => {
  if (!isFields(section)) fail(place, path, "must be a mapping with allowed and denied");
  const allowed = rules(member(section, "allowed"), place, [...path, "allowed"]);
  const denied = rules(member(section, "denied"), place, [...path, "denied"]);
  return { api: { ...(allowed && { allowed }), ...(denied && { denied }) } };
};
