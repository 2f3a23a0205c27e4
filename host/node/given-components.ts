import type { ComponentResource } from "../resources/component.ts";
import {
  type ComponentDocument,
  type ComponentObject,
  componentFromObject,
} from "../resources/component-from-object.ts";
import { parseResources } from "../resources/parse-resources.ts";
import type { Environment } from "../resources/validate-component.ts";

/** Components as code gives them: YAML text, Dapr's documents, their short form, or what is validated already. */
export type GivenComponents = string | readonly (ComponentObject | ComponentDocument | ComponentResource)[];

/** What a sidecar has that was given nothing. */
export const defaultComponents: GivenComponents = [
  { name: "statestore", type: "state.in-memory" },
  { name: "pubsub", type: "pubsub.in-memory" },
];

/** Validates what was given; `caller` names it in messages. Throws ResourceError. */
export async function givenComponents(
  given: GivenComponents,
  caller: string,
  environment?: Environment,
): Promise<readonly ComponentResource[]> {
  if (typeof given === "string") {
    return parseResources(given, caller, await import("yaml"), environment).components;
  }
  return given.map((component) =>
    "secretKeyRefs" in component && component.metadata instanceof Map
      ? (component as ComponentResource)
      : componentFromObject(component as ComponentObject | ComponentDocument, caller, environment),
  );
}
