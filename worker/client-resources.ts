import {
  type ComponentDocument,
  type ComponentObject,
  componentFromObject,
} from "../host/resources/component-from-object.ts";
import type { Resources } from "../host/resources/parse-resources.ts";

/** Loaded by the client only when components are given as objects. Throws a ResourceError that names the field. */
export function resourcesFromObjects(given: readonly (ComponentObject | ComponentDocument)[]): Resources {
  const components = given.map((component) => componentFromObject(component, "register()"));
  return { components, subscriptions: [], secretScopes: [], inboundRetries: [] };
}
