import { fail, isFields, member, optionalFlag } from "../fields.ts";
import type { SectionReader } from "./section.ts";

/** `spec.mtls`: `{ enabled: true }` is asked for, and where; all else of it belongs to a control plane. */
export const mtls: SectionReader = (section, place, path) => {
  if (!isFields(section)) fail(place, path, "must be a mapping with enabled");
  const enabled = optionalFlag(member(section, "enabled"), place, [...path, "enabled"]) ?? false;
  return { mtls: { enabled, at: place.at([...path, "enabled"]) } };
};
