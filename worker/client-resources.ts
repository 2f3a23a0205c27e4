import {
  type ComponentDocument,
  type ComponentObject,
  componentFromObject,
} from "../host/resources/component-from-object.ts";
import { noResources, type Resources } from "../host/resources/resources.ts";

/** Loaded by the client only when components are given as objects. Throws a ResourceError that names the field. */
export function resourcesFromObjects(given: readonly (ComponentObject | ComponentDocument)[]): Resources {
  const components = given.map((component) => componentFromObject(component, "register()"));
  return { ...noResources, components };
}
