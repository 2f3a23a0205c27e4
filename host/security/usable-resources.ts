import type { Platform } from "../platform.ts";
import type { Resources } from "../resources/resources.ts";
import { cleartextRemedy } from "./cleartext.ts";

/**
 * The resources without the components whose type their Configuration denies; each of them is named in a warning.
 * Throws where they ask for mTLS: a sidecar that ignores it would send in the clear what was to be kept from others.
 */
export function usableResources(
  resources: Resources,
  { log, allowCleartext }: Pick<Platform, "log" | "allowCleartext">,
): Resources {
  const { mtls, deniedComponents: denied = [] } = resources.configuration;
  if (mtls?.enabled) {
    const unmet = `${mtls.at}: spec.mtls.enabled is true, and sidecars have no certificates of their own yet`;
    if (!allowCleartext) throw new Error(`${unmet}; set it to false, or ${cleartextRemedy}`);
    log.warn(`${unmet}; it is allowed to do without`);
  }
  if (denied.length === 0) return resources;
  const components = resources.components.filter(({ name, type, version, origin }) => {
    if (!denied.includes(type) && !denied.includes(`${type}/${version}`)) return true;
    log.warn(`component ${name} (${origin}) is left out: components.deny of the Configuration names ${type}`);
    return false;
  });
  return { ...resources, components };
}
