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

class InMemoryConfigurationStore implements ConfigurationStore {
  readonly #items = new Map<string, ConfigurationItem>();
  readonly #subscribers = new Set<Subscriber>();
  #changes = 0;
  #closed = false;

  constructor(initial: ReadonlyMap<string, string>) {
    this.#apply(
      [...initial].map(([key, value]) => ({ key, value, version: undefined, metadata: new Map() })),
    );
  }

  async get(keys: readonly string[]): Promise<ConfigurationItems> {
    this.#assertOpen();
    return selected(this.#items, keys);
  }

  async set(changes: readonly ConfigurationChange[]): Promise<void> {
    this.#assertOpen();
    const changed = this.#apply(changes);
    for (const { keys, queue } of this.#subscribers) {
      const items = selected(changed, keys);
      if (items.size > 0) queue.push(items);
    }
  }

  async subscribe(
    keys: readonly string[],
    _metadata: ReadonlyMap<string, string>,
    changed: (items: ConfigurationItems) => Promise<void>,
  ): Promise<ConfigurationSubscription> {
    this.#assertOpen();
    const subscriber = { keys, queue: new UpdateQueue(changed) };
    this.#subscribers.add(subscriber);
    return {
      close: () => {
        this.#subscribers.delete(subscriber);
        return subscriber.queue.close();
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#subscribers].map(({ queue }) => queue.close()));
  }

  /** What each key is after all changes. */
  #apply(changes: readonly ConfigurationChange[]): ConfigurationItems {
    const changed = new Map<string, ConfigurationItem>();
    for (const { key, value, version, metadata } of changes) {
      const item = { value: value ?? "", version: version ?? String(++this.#changes), metadata };
      if (value !== null) this.#items.set(key, item);
      else if (!this.#items.delete(key)) continue;
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
  open: ({ items }) => Promise.resolve(new InMemoryConfigurationStore(items)),
});
