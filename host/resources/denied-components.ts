import type { Log } from "../platform.ts";
import type { Resources } from "./resources.ts";

/** The resources without the components whose type their Configuration denies; each of them is named in a warning. */
export function withoutDenied(resources: Resources, log: Log): Resources {
  const { deniedComponents: denied = [] } = resources.configuration;
  if (denied.length === 0) return resources;
  const components = resources.components.filter(({ name, type, version, origin }) => {
    if (!denied.includes(type) && !denied.includes(`${type}/${version}`)) return true;
    log.warn(`component ${name} (${origin}) is left out: components.deny of the Configuration names ${type}`);
    return false;
  });
  return { ...resources, components };
}
