import { fail, isFields, member, texts } from "../fields.ts";
import type { SectionReader } from "./section.ts";

/** `spec.components`: `{ deny: [bindings.smtp, state.in-memory/v1] }`. */
export const components: SectionReader = (section, place, path) => {
  if (!isFields(section)) fail(place, path, "must be a mapping with deny");
  const deny = member(section, "deny");
  if (deny === undefined || deny === null) return {};
  return { deniedComponents: texts(deny, place, [...path, "deny"], "types of components") };
};
