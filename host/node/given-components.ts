import type { ComponentResource } from "../resources/component.ts";
import {
  type ComponentDocument,
  type ComponentObject,
  componentFromObject,
} from "../resources/component-from-object.ts";
import { parseResources } from "../resources/parse-resources.ts";
import { noResources, type ParsedResources } from "../resources/resources.ts";
import type { Environment } from "../resources/value-entries.ts";

/** Components as code gives them: YAML text, Dapr's documents, their short form, or what is validated already. */
export type GivenComponents = string | readonly (ComponentObject | ComponentDocument | ComponentResource)[];

export interface DefaultRelay {
  readonly url: string;
  readonly room: string | undefined;
  readonly token: string | undefined;
}

/** The pub/sub of a sidecar that was given none: through its relay, if it joins one. */
export function defaultPubSub(relay: DefaultRelay | undefined): ComponentObject {
  if (relay === undefined) return { name: "pubsub", type: "pubsub.in-memory" };
  const { url, room, token } = relay;
  const metadata = { url, ...(room !== undefined && { room }), ...(token !== undefined && { token }) };
  return { name: "pubsub", type: "pubsub.relay", metadata };
}

/** What a sidecar has that was given nothing: in memory, gone with it. */
export function defaultComponents(relay: DefaultRelay | undefined): GivenComponents {
  return [
    { name: "statestore", type: "state.in-memory", metadata: { actorStateStore: "true" } },
    defaultPubSub(relay),
  ];
}

/** Validates what was given; `caller` names it in messages. YAML may hold other kinds too. Throws ResourceError. */
export async function givenResources(
  given: GivenComponents,
  caller: string,
  environment?: Environment,
): Promise<ParsedResources> {
  if (typeof given === "string") return parseResources(given, caller, await import("./yaml.ts"), environment);
  const components = given.map((component) =>
    "secretKeyRefs" in component && component.metadata instanceof Map
      ? (component as ComponentResource)
      : componentFromObject(component as ComponentObject | ComponentDocument, caller, environment),
  );
  return { ...noResources, components };
}
