import { fail, isFields } from "../fields.ts";
import type { SectionReader } from "./section.ts";

/** Dapr's names of those that can be switched. */
const known: ReadonlyMap<unknown, "hotReload" | "actorStateTTL"> = new Map([
  ["HotReload", "hotReload"],
  ["ActorStateTTL", "actorStateTTL"],
]);

/** `spec.features`: `[{ name: HotReload, enabled: false }]`. */
export const features: SectionReader = (section, place, path, unapplied) => {
  if (!Array.isArray(section)) fail(place, path, "must be a list of entries with name and enabled");
  const switched: { hotReload?: boolean; actorStateTTL?: boolean } = {};
  section.filter(isFields).forEach(({ name, enabled }) => {
    const feature = known.get(name);
    if (feature === undefined) unapplied(`features.${name}`);
    else if (typeof enabled === "boolean") switched[feature] = enabled;
  });
  return switched;
};
