import { fail, isFields, member, optionalFlag } from "../fields.ts";
import type { SectionReader } from "./section.ts";

/** `spec.logging`: `{ apiLogging: { enabled, obfuscateURLs, omitHealthChecks } }`. */
export const logging: SectionReader = (section, place, path) => {
  if (!isFields(section)) fail(place, path, "must be a mapping with apiLogging");
  const below = [...path, "apiLogging"];
  const given = member(section, "apiLogging") ?? {};
  if (!isFields(given)) fail(place, below, "must be a mapping with enabled");
  const flags = ["enabled", "obfuscateURLs", "omitHealthChecks"].flatMap((name) => {
    const flag = optionalFlag(member(given, name), place, [...below, name]);
    return flag === undefined ? [] : [[name, flag]];
  });
  return { apiLogging: Object.fromEntries(flags) };
};
