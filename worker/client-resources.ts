import type { ComponentResource } from "../host/resources/component.ts";
import {
  type ComponentDocument,
  type ComponentObject,
  componentFromObject,
} from "../host/resources/component-from-object.ts";

/** Loaded by the client only when components are given as objects. Throws a ResourceError that names the field. */
export function componentsFromObjects(
  given: readonly (ComponentObject | ComponentDocument)[],
): readonly ComponentResource[] {
  return given.map((component) => componentFromObject(component, "register()"));
}
