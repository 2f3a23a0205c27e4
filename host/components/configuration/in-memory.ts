import { ComponentError } from "../../errors/component-error.ts";
import { others } from "../metadata-schema.ts";
import {
  type ConfigurationChange,
  type ConfigurationItem,
  type ConfigurationItems,
  type ConfigurationStore,
  type ConfigurationSubscription,
  defineConfigurationStore,
  selected,
} from "./configuration-store.ts";
import { UpdateQueue } from "./update-queue.ts";

interface Subscriber {
  readonly keys: readonly string[];
  readonly queue: UpdateQueue;
}

/** What a store keeps, and the one that replaces it goes on with. */
class Settings {
  readonly items = new Map<string, ConfigurationItem>();
  readonly subscribers = new Set<Subscriber>();
  changes = 0;
}

class InMemoryConfigurationStore implements ConfigurationStore {
  readonly #initial: ReadonlyMap<string, string>;
  readonly #settings: Settings;
  /** Those of {@link Settings.subscribers} that are this store's. */
  readonly #own = new Set<Subscriber>();
  #closed = false;

  /** What was set while running stays, but where the resource says something else than before. */
  constructor(initial: ReadonlyMap<string, string>, before: InMemoryConfigurationStore | undefined) {
    this.#initial = initial;
    this.#settings = before === undefined ? new Settings() : before.#settings;
    const said = before === undefined ? new Map<string, string>() : before.#initial;
    const keys = [...new Set([...said.keys(), ...initial.keys()])];
    const changed = keys.filter((key) => said.get(key) !== initial.get(key));
    this.#change(
      changed.map((key) => ({
        key,
        value: initial.get(key) ?? null,
        version: undefined,
        metadata: new Map(),
      })),
    );
  }

  async get(keys: readonly string[]): Promise<ConfigurationItems> {
    this.#assertOpen();
    return selected(this.#settings.items, keys);
  }

  async set(changes: readonly ConfigurationChange[]): Promise<void> {
    this.#assertOpen();
    this.#change(changes);
  }

  async subscribe(
    keys: readonly string[],
    _metadata: ReadonlyMap<string, string>,
    changed: (items: ConfigurationItems) => Promise<void>,
  ): Promise<ConfigurationSubscription> {
    this.#assertOpen();
    const subscriber = { keys, queue: new UpdateQueue(changed) };
    this.#own.add(subscriber);
    this.#settings.subscribers.add(subscriber);
    return {
      close: () => {
        this.#own.delete(subscriber);
        this.#settings.subscribers.delete(subscriber);
        return subscriber.queue.close();
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const subscriber of this.#own) this.#settings.subscribers.delete(subscriber);
    await Promise.all([...this.#own].map(({ queue }) => queue.close()));
  }

  #change(changes: readonly ConfigurationChange[]): void {
    const changed = this.#apply(changes);
    for (const { keys, queue } of this.#settings.subscribers) {
      const items = selected(changed, keys);
      if (items.size > 0) queue.push(items);
    }
  }

  /** What each key is after all changes. */
  #apply(changes: readonly ConfigurationChange[]): ConfigurationItems {
    const changed = new Map<string, ConfigurationItem>();
    for (const { key, value, version, metadata } of changes) {
      const item = { value: value ?? "", version: version ?? String(++this.#settings.changes), metadata };
      if (value !== null) this.#settings.items.set(key, item);
      else if (!this.#settings.items.delete(key)) continue;
      changed.set(key, item);
    }
    return changed;
  }

  #assertOpen(): void {
    if (this.#closed) throw new ComponentError("CANCELLED", "the configuration store is closed");
  }
}

/** Settings that stand in the resource, and change while the sidecar lives: for tests and demos. */
export const inMemoryConfigurationStore = defineConfigurationStore({
  type: "configuration.in-memory",
  version: "v1",
  summary: "Its metadata fields are the settings; they can be changed until the sidecar ends.",
  metadata: { items: others("A setting each: its key and its first value.") },
  features: [],
  open: async ({ items }, { predecessor }) =>
    new InMemoryConfigurationStore(
      items,
      predecessor instanceof InMemoryConfigurationStore ? predecessor : undefined,
    ),
});
