import { ComponentError } from "../errors/component-error.ts";
import { withTimeout } from "../platform.ts";
import type { ComponentResource } from "../resources/component.ts";
import { availability } from "./availability.ts";
import type { Component, ComponentContext, Definition } from "./component.ts";
import { decodeMetadata } from "./metadata-schema.ts";
import type { PubSub, PubSubDefinition } from "./pubsub/pubsub.ts";
import { type TopicAccess, topicAccess } from "./pubsub/topic-access.ts";
import type { Registry } from "./registry.ts";
import { keyPrefix } from "./state/key-prefix.ts";
import type { Store, StoreDefinition } from "./state/store.ts";

/** An open component beside its definition and its resource. */
export interface Opened<C extends Component, D> {
  readonly resource: ComponentResource;
  readonly definition: D;
  readonly component: C;
}

/** With what its metadata lets this app do. */
export interface OpenedPubSub extends Opened<PubSub, PubSubDefinition> {
  readonly access: TopicAccess;
}

export interface OpenedStore extends Opened<Store, StoreDefinition> {
  /** What the API puts before every key, separator included. */
  readonly keyPrefix: string;
}

export interface OpenComponents {
  readonly state: ReadonlyMap<string, OpenedStore>;
  readonly pubsub: ReadonlyMap<string, OpenedPubSub>;
  close(): Promise<void>;
}

function fillTemplates(value: string, context: ComponentContext): string {
  return value
    .replaceAll(/\{uuid\}/g, () => context.platform.uuid())
    .replaceAll("{appID}", context.appId)
    .replaceAll("{namespace}", `${context.namespace}.${context.appId}`)
    .replaceAll("{podName}", context.appId);
}

function find<D extends Definition<Component>>(
  definitions: readonly D[],
  resource: ComponentResource,
  host: string,
): D {
  const found = definitions.find(
    ({ type, version }) => type === resource.type && version === resource.version,
  );
  if (found !== undefined) return found;
  throw new ComponentError(
    "UNIMPLEMENTED",
    `component ${resource.name} (${resource.origin}): ${availability(resource.type, resource.version, host)}`,
  );
}

async function open<C extends Component>(
  definition: Definition<C>,
  resource: ComponentResource,
  filled: ReadonlyMap<string, string>,
  context: ComponentContext,
): Promise<C> {
  if (resource.secretKeyRefs.length > 0) {
    throw new ComponentError(
      "UNIMPLEMENTED",
      `component ${resource.name} (${resource.origin}): metadata field ${resource.secretKeyRefs[0]} refers to a secret, and daprlet has no secret stores yet; give the value itself`,
    );
  }
  const metadata = decodeMetadata(resource.name, definition.metadata, filled, (name) =>
    context.log.debug(`metadata field ${name} is not one of ${resource.type}'s own`),
  );
  const opening = definition.open(metadata, context);
  return await withTimeout(context.platform.clock, resource.initTimeoutMs, opening, () => {
    // Nobody waits for it any more: what opens after all must not stay open.
    opening.then((component) => component.close()).catch(() => undefined);
    return new ComponentError(
      "DEADLINE_EXCEEDED",
      `component ${resource.name} (${resource.type}) was not open after ${resource.initTimeoutMs} ms`,
    );
  });
}

/** Those that are this app's: by their scopes, and by their namespace where the host was given one. */
function own(
  resources: readonly ComponentResource[],
  appId: string,
  namespace: string | undefined,
): readonly ComponentResource[] {
  const found = new Map<string, ComponentResource>();
  for (const resource of resources) {
    const { name, scopes } = resource;
    if (scopes.length > 0 && !scopes.includes(appId)) continue;
    if (namespace && resource.namespace && resource.namespace !== namespace) continue;
    const existing = found.get(name);
    if (existing !== undefined) {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        `duplicate definition of Component name ${name}: ${resource.type} (${resource.origin}) and ${existing.type} (${existing.origin}); rename one of them`,
      );
    }
    found.set(name, resource);
  }
  return [...found.values()];
}

/**
 * Opens the components that are in this app's scope, in the order given. A component that fails ends the start
 * (everything opened before it is closed again), unless its resource says `ignoreErrors`. `namespace` is what the host
 * was given; with none, components of every namespace are the app's, as in daprd. Two of one name are refused.
 */
export async function openComponents(
  resources: readonly ComponentResource[],
  registry: Registry,
  host: string,
  context: Omit<ComponentContext, "name">,
  namespace: string | undefined,
): Promise<OpenComponents> {
  const state = new Map<string, OpenedStore>();
  const pubsub = new Map<string, OpenedPubSub>();
  const opened: Component[] = [];
  const close = async () => {
    await Promise.allSettled(opened.reverse().map((component) => component.close()));
  };
  for (const resource of own(resources, context.appId, namespace)) {
    const named: ComponentContext = { ...context, name: resource.name };
    const filled = new Map(
      [...resource.metadata].map(([name, value]) => [name, fillTemplates(value, named)]),
    );
    try {
      if (resource.type.startsWith("state.")) {
        const definition = find(registry.state, resource, host);
        const prefix = keyPrefix(resource, context.appId, namespace);
        const component = await open(definition, resource, filled, named);
        opened.push(component);
        state.set(resource.name, { resource, definition, component, keyPrefix: prefix });
      } else {
        const definition = find(registry.pubsub, resource, host);
        const component = await open(definition, resource, filled, named);
        opened.push(component);
        const access = topicAccess(resource.metadata, filled, context);
        pubsub.set(resource.name, { resource, definition, component, access });
      }
      context.log.info(`loaded component ${resource.name} (${resource.type})`);
    } catch (error) {
      const { message } = ComponentError.from(error);
      if (!resource.ignoreErrors) {
        await close();
        throw error;
      }
      context.log.error(`component ${resource.name} is left out (ignoreErrors): ${message}`);
    }
  }
  return { state, pubsub, close };
}
