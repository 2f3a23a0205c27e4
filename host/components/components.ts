import { ComponentError } from "../errors/component-error.ts";
import { withTimeout } from "../platform.ts";
import type { ComponentResource } from "../resources/component.ts";
import { inScope } from "../resources/scope.ts";
import { type Component, type Family, families } from "./component.ts";
import { governed } from "./governed.ts";
import {
  definitionOf,
  familyOf,
  type OpenComponents,
  type Opened,
  type OpenedBinding,
  type OpenedConfigurationStore,
  type OpenedExporter,
  type OpenedLockStore,
  type OpenedMiddleware,
  type OpenedNameResolver,
  type OpenedPubSub,
  type OpenedSecretStore,
  type OpenedStore,
  type OpenOptions,
  openComponent,
} from "./open-component.ts";
import { secretValues } from "./secretstores/secret-values.ts";
import { type ActorStateStore, refuseSecondForActors } from "./state/actor-state-store.ts";
import type { ListingStore } from "./state/store.ts";

/** What is left behind may take so long to close; what does not end by then is not waited for. */
const CLOSING_MS = 10_000;

/** What an update did to one component. */
export interface ComponentChange {
  readonly name: string;
  readonly family: Family | undefined;
  /** The family it was of before, where that is another. */
  readonly formerly?: Family;
  /** `kept`: it could not be opened as it is wanted now, and what was open before, if anything, stays. */
  readonly action: "opened" | "replaced" | "closed" | "kept";
  /** Why it was kept. */
  readonly cause?: string;
  /** Of one that was kept: whether it may open later as it is written. */
  readonly mayOpen?: boolean;
}

/** Whether time may heal what a component failed to open with: all but what is wrong in its resource, or not there. */
function mayHeal({ code }: ComponentError): boolean {
  return code !== "INVALID_ARGUMENT" && code !== "UNIMPLEMENTED";
}

/** Those that are this app's: by their scopes, and by their namespace where the host was given one. Two of one name are refused. */
function own(
  resources: readonly ComponentResource[],
  { context: { appId }, namespace }: OpenOptions,
): readonly ComponentResource[] {
  const found = new Map<string, ComponentResource>();
  for (const resource of resources) {
    const { name } = resource;
    if (!inScope(resource, appId, namespace)) continue;
    const existing = found.get(name);
    if (existing !== undefined) {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        `duplicate definition of Component name ${name}: ${resource.type} (${resource.origin}) and ${existing.type} (${existing.origin}); rename one of them`,
      );
    }
    found.set(name, resource);
  }
  // The others may need secrets to open.
  const isSecretStore = ({ type }: ComponentResource) => familyOf(type) === "secretstores";
  const all = [...found.values()];
  return [...all.filter(isSecretStore), ...all.filter((resource) => !isSecretStore(resource))];
}

/** Whether two resources are one component: where they were read does not matter. */
function same(a: ComponentResource, b: ComponentResource): boolean {
  const text = (resource: ComponentResource) =>
    JSON.stringify({ ...resource, origin: undefined, metadata: [...resource.metadata] });
  return text(a) === text(b);
}

/** Whether what changed is, or was, of this family. */
export function touched(changes: readonly ComponentChange[], asked: Family): boolean {
  return changes.some(
    ({ family, formerly, action }) => action !== "kept" && (family === asked || formerly === asked),
  );
}

/** The components of one app: opened together, changed one by one, closed together. */
export class Components implements OpenComponents {
  readonly secretstores = new Map<string, OpenedSecretStore>();
  readonly state = new Map<string, OpenedStore>();
  readonly pubsub = new Map<string, OpenedPubSub>();
  readonly bindings = new Map<string, OpenedBinding>();
  readonly configuration = new Map<string, OpenedConfigurationStore>();
  readonly lock = new Map<string, OpenedLockStore>();
  readonly middleware = new Map<string, OpenedMiddleware>();
  readonly exporters = new Map<string, OpenedExporter>();
  readonly nameresolution = new Map<string, OpenedNameResolver>();
  readonly #options: OpenOptions;
  #leftOut = false;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();
  /** Components as they opened, where a policy or a meter stands before them. */
  readonly #opened = new WeakMap<object, Component>();

  private constructor(options: OpenOptions) {
    this.#options = options;
    options.context.platform.shared?.(this.#closing.signal);
  }

  /**
   * Opens the components that are in this app's scope: secret stores first, the rest in the order given. One that fails
   * ends the start (everything opened before it is closed again), unless its resource says `ignoreErrors`.
   */
  static async open(resources: readonly ComponentResource[], options: OpenOptions): Promise<Components> {
    const components = new Components(options);
    const { log } = options.context;
    const wanted = own(resources, options);
    for (const resource of wanted) {
      try {
        refuseSecondForActors(resource, components.actorStateStore?.name, wanted);
        components.#put(await openComponent(resource, components.secretstores, options));
        log.info(`loaded component ${resource.name} (${resource.type})`);
      } catch (error) {
        if (!resource.ignoreErrors) {
          await components.close();
          throw error;
        }
        const failure = ComponentError.from(error);
        if (mayHeal(failure)) components.#leftOut = true;
        log.error(`component ${resource.name} is left out (ignoreErrors): ${failure.message}`);
      }
    }
    return components;
  }

  get actorStateStore(): ActorStateStore | undefined {
    for (const { actors, resource, component } of this.state.values()) {
      if (actors) return { name: resource.name, component: component as ListingStore };
    }
    return undefined;
  }

  /** Whether one was left out at the start that an update may open. */
  get leftOut(): boolean {
    return this.#leftOut;
  }

  /**
   * Brings what is open to `resources`, each component by itself: one that cannot be opened as it is wanted leaves the
   * one before it in place. A replacement is open before its predecessor ends. `moved` is called once the new ones have
   * taken their places; what they replace closes after it resolved. Updates run one after the other.
   */
  update(
    resources: readonly ComponentResource[],
    moved: (changes: readonly ComponentChange[]) => Promise<void>,
  ): Promise<readonly ComponentChange[]> {
    if (this.#closing.signal.aborted) return Promise.reject(this.#closing.signal.reason);
    const turn = this.#turn.then(() => this.#update(resources, moved));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #update(
    resources: readonly ComponentResource[],
    moved: (changes: readonly ComponentChange[]) => Promise<void>,
  ): Promise<readonly ComponentChange[]> {
    const wanted = own(resources, this.#options);
    const changes: ComponentChange[] = [];
    const leaving: Opened<Family, Component>[] = [];
    const renewed = new Set<string>();
    for (const resource of wanted) {
      const { name, secretKeyRefs, secretStore } = resource;
      const before = this.#get(name);
      const stale =
        secretKeyRefs.length > 0 && (secretStore === undefined ? renewed.size > 0 : renewed.has(secretStore));
      // A package may have come that offers another component of the type.
      const { listed } = before ?? {};
      const others = (definitionOf(resource, this.#options.registry) ?? listed) !== listed;
      if (before !== undefined && same(before.resource, resource) && !stale && !others) {
        if (!(await this.#hasOldSecrets(before))) continue;
      }
      const family = familyOf(resource.type);
      try {
        refuseSecondForActors(resource, this.actorStateStore?.name, wanted);
        const opened = await openComponent(resource, this.secretstores, this.#options, before);
        if (before !== undefined) this.#remove(before);
        this.#put(opened);
        if (before !== undefined) leaving.push(before);
        if (family === "secretstores") renewed.add(name);
        const was = before && familyOf(before.resource.type);
        const formerly = was !== undefined && was !== family ? { formerly: was } : {};
        changes.push({ name, family, ...formerly, action: before === undefined ? "opened" : "replaced" });
      } catch (error) {
        const failure = ComponentError.from(error);
        const mayOpen = mayHeal(failure);
        changes.push({ name, family, action: "kept", cause: failure.message, mayOpen });
      }
    }
    const names = new Set(wanted.map(({ name }) => name));
    for (const opened of this.#all()) {
      const { name, type } = opened.resource;
      if (names.has(name)) continue;
      this.#remove(opened);
      leaving.push(opened);
      changes.push({ name, family: familyOf(type), action: "closed" });
    }
    try {
      if (changes.length > 0) await moved(changes);
    } finally {
      await this.#closeAll(leaving);
    }
    return changes;
  }

  /** Whether a secret was changed in its store since the component was opened with it. */
  async #hasOldSecrets({ resource, secrets }: Opened<Family, Component>): Promise<boolean> {
    if (secrets === undefined) return false;
    // A store that does not answer now has changed nothing.
    const values = await secretValues(resource, this.secretstores).catch(() => secrets);
    return [...values].some(([field, value]) => secrets.get(field) !== value);
  }

  /** In the reverse order of the families, so that secrets are there to the last. */
  async close(): Promise<void> {
    await this.#turn;
    this.#closing.abort(new ComponentError("UNAVAILABLE", "the sidecar is stopping"));
    const all = this.#all().reverse();
    for (const family of families) this[family].clear();
    await this.#closeAll(all);
  }

  /** Never rejects, and ends: one that hangs must hold up neither the next update nor the end. */
  async #closeAll(leaving: readonly Opened<Family, Component>[]): Promise<void> {
    const { log, platform } = this.#options.context;
    await Promise.all(
      leaving.map(async ({ component, resource: { name, type } }) => {
        const late = () => new Error(`it took longer than ${CLOSING_MS / 1000} s`);
        try {
          await withTimeout(platform.clock, CLOSING_MS, component.close(), late);
        } catch (error) {
          log.warn(`component ${name} (${type}) did not close: ${ComponentError.from(error).message}`);
        }
      }),
    );
  }

  #all(): Opened<Family, Component>[] {
    return families.flatMap((family): Opened<Family, Component>[] => [...this[family].values()]);
  }

  #get(name: string): Opened<Family, Component> | undefined {
    return this.#all().find(({ resource }) => resource.name === name);
  }

  /** Puts the policies at hand before what is open; one without policies and meters is called as it is. */
  govern(): void {
    for (const opened of this.#all()) this.#govern(opened);
  }

  #govern(opened: Opened<Family, Component>): void {
    const { resource, definition } = opened;
    const family = familyOf(resource.type);
    const policy = family && this.#options.outbound?.(resource.name, family);
    const { meters } = this.#options;
    const bare = this.#opened.get(opened) ?? opened.component;
    if (policy === undefined && meters === undefined && bare === opened.component) return;
    this.#opened.set(opened, bare);
    const { appId, platform } = this.#options.context;
    const component =
      policy === undefined
        ? bare
        : governed(bare, family as Family, {
            policy,
            remembers: definition.features.some((feature) => feature === "OUTCOME"),
            newId: () => `${appId}/${platform.uuid()}`,
            closing: this.#closing.signal,
          });
    // Nobody else changes it, and whoever holds what is open calls the component by way of it. A call is measured once,
    // whatever number of attempts it takes, as in Dapr.
    (opened as { component: Component }).component = meters?.component(component, resource) ?? component;
  }

  #put(opened: Opened<Family, Component>): void {
    this.#govern(opened);
    this.#map(opened)?.set(opened.resource.name, opened);
  }

  #remove(opened: Opened<Family, Component>): void {
    this.#map(opened)?.delete(opened.resource.name);
  }

  #map({ resource }: Opened<Family, Component>): Map<string, Opened<Family, Component>> | undefined {
    const family = familyOf(resource.type);
    return family && (this[family] as Map<string, Opened<Family, Component>>);
  }
}
