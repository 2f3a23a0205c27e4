import type { ComponentContext } from "../../host/components/component.ts";
import {
  type ConfigurationChange,
  type ConfigurationDefinition,
  type ConfigurationItem,
  type ConfigurationItems,
  type ConfigurationStore,
  type ConfigurationSubscription,
  defineConfigurationStore,
  selected,
} from "../../host/components/configuration/configuration-store.ts";
import { UpdateQueue } from "../../host/components/configuration/update-queue.ts";
import { reasonOf } from "../../host/errors/reason-of.ts";
import { Database } from "../storage/database.ts";
import { databaseName } from "../storage/database-names.ts";
import type { ScopeStorage } from "../storage/scope-storage.ts";
import { sweep } from "../storage/sweep.ts";
import { Sweeper } from "../storage/sweeper.ts";
import {
  type ConfigurationSchema,
  configurationLayout,
  IMPORTED,
  type StoredSetting,
} from "./configuration-layout.ts";

/** How long deletions and subscriptions that nobody opens are remembered. */
const REMEMBERED_MS = 30 * 24 * 3_600_000;

interface Subscriber {
  readonly id: string;
  readonly keys: readonly string[];
  readonly queue: UpdateQueue;
  /** The last change that it was given. */
  change: number;
}

function itemOf({ value, version, metadata }: StoredSetting): ConfigurationItem {
  return { value, version, metadata: new Map(metadata) };
}

/**
 * Settings in one IndexedDB database. A change wakes the subscriptions of all pages and workers that have it open, and
 * each reads what changed since it was last told: what a worker missed while it was stopped is told when it is back.
 */
class IndexedDbConfigurationStore implements ConfigurationStore {
  readonly #database: Database<ConfigurationSchema>;
  readonly #context: ComponentContext;
  readonly #channel: BroadcastChannel;
  readonly #sweeper: Sweeper;
  readonly #subscribers = new Set<Subscriber>();
  /** Readings of changes run one after the other. */
  #reading: Promise<void> = Promise.resolve();

  constructor(name: string, context: ComponentContext) {
    const { clock } = context.platform;
    this.#context = context;
    this.#database = new Database({ name, layout: configurationLayout, clock, log: context.log });
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => {
      // Every setting may be another one then.
      if (data === IMPORTED) for (const subscriber of this.#subscribers) subscriber.change = 0;
      void this.#look();
    };
    this.#sweeper = new Sweeper(clock, context.log, async () => {
      type Swept = "settings" | "subscriptions";
      const stores: Swept[] = ["settings", "subscriptions"];
      await sweep<ConfigurationSchema, Swept>(this.#database, stores, "expiresAt", clock.now());
    });
  }

  async open(): Promise<this> {
    try {
      await this.#database.open();
    } catch (error) {
      this.#channel.close();
      throw error;
    }
    return this;
  }

  async get(keys: readonly string[]): Promise<ConfigurationItems> {
    const found = await this.#database.transact(["settings"], "readonly", "default", (transaction) => {
      const settings = transaction.objectStore("settings");
      return keys.length === 0 ? settings.getAll() : Promise.all(keys.map((key) => settings.get(key)));
    });
    return new Map(
      found.flatMap((stored) =>
        stored === undefined || stored.expiresAt !== undefined ? [] : [[stored.key, itemOf(stored)]],
      ),
    );
  }

  async set(changes: readonly ConfigurationChange[]): Promise<void> {
    const { clock } = this.#context.platform;
    await this.#database.transact(["settings", "counters"], "readwrite", "relaxed", async (transaction) => {
      const settings = transaction.objectStore("settings");
      const counters = transaction.objectStore("counters");
      let change = (await counters.get("change"))?.last ?? 0;
      for (const { key, value, version, metadata } of changes) {
        if (value === null) {
          const before = await settings.get(key);
          if (before === undefined || before.expiresAt !== undefined) continue;
        }
        change++;
        const setting = {
          key,
          value: value ?? "",
          version: version ?? String(change),
          metadata: [...metadata],
        };
        const expiry = value === null && { expiresAt: clock.now() + REMEMBERED_MS };
        await settings.put({ ...setting, change, ...expiry }, key);
      }
      await counters.put({ last: change }, "change");
    });
    this.#channel.postMessage(null);
    this.#sweeper.wrote();
    await this.#look();
  }

  async subscribe(
    keys: readonly string[],
    _metadata: ReadonlyMap<string, string>,
    changed: (items: ConfigurationItems) => Promise<void>,
    id: string,
  ): Promise<ConfigurationSubscription> {
    const change = await this.#resume(id);
    const subscriber: Subscriber = { id, keys, queue: new UpdateQueue(changed), change };
    this.#subscribers.add(subscriber);
    await this.#look();
    const close = () => {
      this.#subscribers.delete(subscriber);
      return subscriber.queue.close();
    };
    return {
      close,
      end: async () => {
        await close();
        await this.#database.transact(["subscriptions"], "readwrite", "relaxed", (transaction) =>
          transaction.objectStore("subscriptions").delete(id),
        );
      },
    };
  }

  async close(): Promise<void> {
    this.#channel.close();
    await Promise.all([...this.#subscribers].map(({ queue }) => queue.close()));
    this.#subscribers.clear();
    await this.#reading;
    await this.#sweeper.close();
    this.#database.close();
  }

  /** The last change that a subscription of this name was told of; for a new one, the last that there is. */
  #resume(id: string): Promise<number> {
    return this.#database.transact(
      ["subscriptions", "counters"],
      "readwrite",
      "relaxed",
      async (transaction) => {
        const subscriptions = transaction.objectStore("subscriptions");
        const change =
          (await subscriptions.get(id))?.change ??
          (await transaction.objectStore("counters").get("change"))?.last ??
          0;
        await subscriptions.put({ change, expiresAt: this.#expiry() }, id);
        return change;
      },
    );
  }

  /** Gives each subscription what changed since it was last given something. */
  #look(): Promise<void> {
    this.#reading = this.#reading
      .then(() => this.#read())
      .catch((error: unknown) => {
        this.#context.log.error("subscribers are told of a change with the next one", {
          cause: reasonOf(error),
        });
      });
    return this.#reading;
  }

  async #read(): Promise<void> {
    if (this.#subscribers.size === 0) return;
    const given = Math.min(...[...this.#subscribers].map(({ change }) => change));
    const changed = await this.#database.transact(["settings"], "readonly", "default", (transaction) =>
      transaction.objectStore("settings").index("change").getAll(IDBKeyRange.lowerBound(given, true)),
    );
    const latest = changed.at(-1)?.change;
    if (latest === undefined) return;
    for (const subscriber of this.#subscribers) {
      const fresh = changed.filter(({ change }) => change > subscriber.change);
      subscriber.change = Math.max(subscriber.change, latest);
      const items = selected(new Map(fresh.map((stored) => [stored.key, itemOf(stored)])), subscriber.keys);
      if (items.size > 0) subscriber.queue.push(items, () => this.#told(subscriber.id, latest));
    }
  }

  async #told(id: string, change: number): Promise<void> {
    await this.#database.transact(["subscriptions"], "readwrite", "relaxed", (transaction) =>
      transaction.objectStore("subscriptions").put({ change, expiresAt: this.#expiry() }, id),
    );
  }

  #expiry(): number {
    return this.#context.platform.clock.now() + REMEMBERED_MS;
  }
}

/** `configuration.indexeddb` for one scope. */
export function indexedDbConfigurationStore({ databasePrefix }: ScopeStorage): ConfigurationDefinition {
  return defineConfigurationStore({
    type: "configuration.indexeddb",
    version: "v1",
    summary: "Settings in the browser's IndexedDB, for all pages and workers of the scope.",
    metadata: {},
    features: [],
    open: (_metadata, context) =>
      new IndexedDbConfigurationStore(
        databaseName(databasePrefix, "configuration", context.name),
        context,
      ).open(),
  });
}
