import { ComponentError } from "../errors/component-error.ts";
import { withTimeout } from "../platform.ts";
import type { Policy } from "../resiliency/policy.ts";
import type { ComponentResource } from "../resources/component.ts";
import type { Meters } from "../telemetry/metrics/meters.ts";
import { availability } from "./availability.ts";
import type { Binding } from "./bindings/binding.ts";
import {
  type Component,
  type ComponentContext,
  type Definition,
  type Family,
  families,
} from "./component.ts";
import type { ConfigurationStore } from "./configuration/configuration-store.ts";
import { maskOf } from "./exporters/mask.ts";
import { exportFields, type SpanExporter } from "./exporters/span-exporter.ts";
import { SpanQueue } from "./exporters/span-queue.ts";
import type { LockStore } from "./lock/lock-store.ts";
import { decodeMetadata } from "./metadata-schema.ts";
import type { HttpMiddleware } from "./middleware/middleware.ts";
import { type Routes, routes } from "./middleware/routes.ts";
import type { NameResolver } from "./nameresolution/name-resolver.ts";
import type { PubSub } from "./pubsub/pubsub.ts";
import { type TopicAccess, topicAccess } from "./pubsub/topic-access.ts";
import type { Definitions, Registry } from "./registry.ts";
import { concealed, concealedLog, concealing } from "./secretstores/conceal.ts";
import type { SecretStore } from "./secretstores/secret-store.ts";
import { type OpenedSecretStores, secretValues } from "./secretstores/secret-values.ts";
import { type ActorStateStore, keepsActors } from "./state/actor-state-store.ts";
import { EncryptedStore } from "./state/encrypted-store.ts";
import { type EncryptionKeys, encryptionKeys } from "./state/encryption-keys.ts";
import { keyPrefix } from "./state/key-prefix.ts";
import { type OutboxTarget, outboxTarget } from "./state/outbox-target.ts";
import type { Store } from "./state/store.ts";

/** An open component beside its definition and its resource. */
export interface Opened<F extends Family, C extends Component> {
  readonly resource: ComponentResource;
  readonly definition: Definitions[F];
  /** As the registry had it. */
  readonly listed: Definitions[F];
  readonly component: C;
  /** As its definition opened it, without what stands before it: keys, secrets, policies, meters. */
  readonly bare?: Component;
  /** What it was given of secrets, by the field of its metadata. */
  readonly secrets?: ReadonlyMap<string, string>;
}

export interface OpenedStore extends Opened<"state", Store> {
  /** What the API puts before every key, separator included. */
  readonly keyPrefix: string;
  /** Where its transactions are published; undefined: nowhere. */
  readonly outbox: OutboxTarget | undefined;
  /** Whether it is the store of actors. */
  readonly actors: boolean;
}

/** With what its metadata lets this app do. */
export interface OpenedPubSub extends Opened<"pubsub", PubSub> {
  readonly access: TopicAccess;
}

export type OpenedBinding = Opened<"bindings", Binding>;
export type OpenedSecretStore = Opened<"secretstores", SecretStore>;
export type OpenedNameResolver = Opened<"nameresolution", NameResolver>;
export type OpenedConfigurationStore = Opened<"configuration", ConfigurationStore>;

export interface OpenedMiddleware extends Opened<"middleware", HttpMiddleware> {
  /** What it is limited to; undefined: nothing. */
  readonly routes: Routes | undefined;
}

export interface OpenedExporter extends Opened<"exporters", SpanQueue> {
  /** False where its metadata switch it off. */
  readonly enabled: boolean;
}

export interface OpenedLockStore extends Opened<"lock", LockStore> {
  /** As a state store's. */
  readonly keyPrefix: string;
}

/** What is open, of each family by name. */
export interface OpenComponents extends Record<Family, ReadonlyMap<string, Opened<Family, Component>>> {
  readonly secretstores: ReadonlyMap<string, OpenedSecretStore>;
  readonly state: ReadonlyMap<string, OpenedStore>;
  readonly pubsub: ReadonlyMap<string, OpenedPubSub>;
  readonly bindings: ReadonlyMap<string, OpenedBinding>;
  readonly configuration: ReadonlyMap<string, OpenedConfigurationStore>;
  readonly lock: ReadonlyMap<string, OpenedLockStore>;
  readonly middleware: ReadonlyMap<string, OpenedMiddleware>;
  readonly exporters: ReadonlyMap<string, OpenedExporter>;
  readonly nameresolution: ReadonlyMap<string, OpenedNameResolver>;
  /** Where actors are kept; undefined: the app hosts none. */
  readonly actorStateStore: ActorStateStore | undefined;
}

/** What of a host every component of it opens with. */
export interface OpenOptions {
  readonly registry: Registry;
  /** What the host calls itself in errors. */
  readonly host: string;
  readonly context: Omit<ComponentContext, "name">;
  /** What the host was given; with none, components of every namespace are the app's, as in daprd. */
  readonly namespace: string | undefined;
  readonly meters?: Meters | undefined;
  /** The policy for the calls of a component; it may be another one later. Left out: none has one. */
  outbound?(component: string, family: Family): Policy | undefined;
}

/** The family that a type belongs to: `state` of `state.redis`. */
export function familyOf(type: string): Family | undefined {
  return families.find((family) => type.startsWith(`${family}.`));
}

function fillTemplates(value: string, context: ComponentContext): string {
  return value
    .replaceAll(/\{uuid\}/g, () => context.platform.uuid())
    .replaceAll("{appID}", context.appId)
    .replaceAll("{namespace}", `${context.namespace}.${context.appId}`)
    .replaceAll("{podName}", context.appId);
}

async function construct<C extends Component>(
  definition: Definition<C>,
  resource: ComponentResource,
  filled: ReadonlyMap<string, string>,
  context: ComponentContext,
): Promise<C> {
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

/** The store with its values sealed: no query can look into them. */
function encrypted(
  { definition, component, ...opened }: OpenedStore,
  keys: EncryptionKeys,
  { platform }: OpenOptions["context"],
): OpenedStore {
  const features = definition.features.filter((feature) => feature !== "QUERY_API");
  return {
    ...opened,
    definition: { ...definition, features },
    component: new EncryptedStore(component, keys, platform.random, definition.jsonOnly),
  };
}

/**
 * Opens one component: its metadata with templates filled in and secrets resolved from the stores that are open.
 * `before` is what has its name now. Throws a ComponentError that names it, and leaves nothing open then. Neither that nor its log nor a later failure holds a secret's value.
 */
export async function openComponent(
  resource: ComponentResource,
  secretstores: OpenedSecretStores,
  options: OpenOptions,
  before?: Opened<Family, Component>,
): Promise<Opened<Family, Component>> {
  const { meters } = options;
  try {
    const opened = await openDiscreet(resource, secretstores, options, before);
    meters?.opened(resource);
    return opened;
  } catch (error) {
    meters?.notOpened(resource);
    throw error;
  }
}

async function openDiscreet(
  resource: ComponentResource,
  secretstores: OpenedSecretStores,
  options: OpenOptions,
  before: Opened<Family, Component> | undefined,
): Promise<Opened<Family, Component>> {
  const definition = required(resource, options);
  const secrets = await secretValues(resource, secretstores);
  const { type, version } = resource;
  const alike = before?.resource.type === type && before.resource.version === version;
  const predecessor = alike ? before.bare : undefined;
  const context = { ...options.context, name: resource.name, predecessor };
  if (secrets.size === 0) return await openDefined(definition, resource, secrets, context, options);
  const conceal = concealing(secrets.values());
  const quiet = { ...context, log: concealedLog(context.log, conceal) };
  try {
    const opened = await openDefined(definition, resource, secrets, quiet, options);
    return { ...opened, component: concealed(opened.component, conceal), secrets };
  } catch (error) {
    const { code, message } = ComponentError.from(error);
    throw new ComponentError(code, conceal(message));
  }
}

/** What the registry has of its type, now. */
export function definitionOf(
  { type, version }: Pick<ComponentResource, "type" | "version">,
  registry: Registry,
): Definition<Component> | undefined {
  const family = familyOf(type);
  const definitions: readonly Definition<Component>[] = (family && registry[family]) ?? [];
  return definitions.find((known) => known.type === type && known.version === version);
}

function required(resource: ComponentResource, { registry, host }: OpenOptions): Definition<Component> {
  const definition = definitionOf(resource, registry);
  if (definition !== undefined) return definition;
  const { name, type, version, origin } = resource;
  throw new ComponentError(
    "UNIMPLEMENTED",
    `component ${name} (${origin}): ${availability(type, version, host)}`,
  );
}

async function openDefined(
  definition: Definition<Component>,
  resource: ComponentResource,
  secrets: ReadonlyMap<string, string>,
  context: ComponentContext,
  { namespace }: OpenOptions,
): Promise<Opened<Family, Component>> {
  const { name, type, metadata } = resource;
  const family = familyOf(type);
  const filled = new Map([...metadata].map(([field, value]) => [field, fillTemplates(value, context)]));
  for (const [field, value] of secrets) filled.set(field, value);
  const prefix =
    family === "state" || family === "lock" ? keyPrefix(name, filled, context.appId, namespace) : "";
  const keys = family === "state" ? await encryptionKeys(resource, filled) : undefined;
  const outbox = family === "state" ? outboxTarget(resource, filled, definition.features) : undefined;
  const actors = keepsActors(resource, definition.features);
  const limits = family === "middleware" ? routes(name, filled) : undefined;
  const component = await construct(definition, resource, filled, context);
  const opened = { resource, definition, listed: definition, component, bare: component };
  if (family === "state") {
    const store = { ...opened, keyPrefix: prefix, outbox, actors } as OpenedStore;
    return keys === undefined ? store : encrypted(store, keys, context);
  }
  if (family === "middleware") return { ...opened, routes: limits } as OpenedMiddleware;
  if (family === "lock") return { ...opened, keyPrefix: prefix } as OpenedLockStore;
  if (family === "pubsub")
    return {
      ...opened,
      access: topicAccess(metadata, filled, context, definition.features.includes("SUBSCRIBE_WILDCARDS")),
    } as OpenedPubSub;
  if (family === "exporters") {
    const { enabled, mask } = decodeMetadata(name, exportFields, filled, () => undefined);
    const queue = new SpanQueue(name, component as SpanExporter, context.platform, maskOf(mask));
    return { ...opened, component: queue, enabled } as OpenedExporter;
  }
  return opened as Opened<Family, Component>;
}
