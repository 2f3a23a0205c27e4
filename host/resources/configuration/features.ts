import { fail, isFields } from "../fields.ts";
import type { SectionReader } from "./section.ts";

/** `spec.features`: `[{ name: HotReload, enabled: false }]`. */
export const features: SectionReader = (section, place, path, unapplied) => {
  if (!Array.isArray(section)) fail(place, path, "must be a list of entries with name and enabled");
  let hotReload: boolean | undefined;
  section.filter(isFields).forEach(({ name, enabled }) => {
    if (name !== "HotReload") unapplied(`features.${name}`);
    else if (typeof enabled === "boolean") hotReload = enabled;
  });
  return hotReload === undefined ? {} : { hotReload };
};
