import type { ComponentContext } from "../../components/component.ts";
import {
  type ConfigurationItems,
  type ConfigurationStore,
  type ConfigurationSubscription,
  defineConfigurationStore,
} from "../../components/configuration/configuration-store.ts";
import { readItems } from "./redis/configuration-items.ts";
import { ConfigurationUpdates } from "./redis/configuration-updates.ts";
import { openRedis, type RedisClient } from "./redis/redis-client.ts";
import { redisMetadata } from "./redis/redis-metadata.ts";

/** Settings as Dapr keeps them in Redis: a string for each, its version behind `||`. */
class RedisConfigurationStore implements ConfigurationStore {
  readonly #client: RedisClient;
  readonly #database: number;
  readonly #context: ComponentContext;
  readonly #subscriptions = new Set<ConfigurationUpdates>();

  constructor(client: RedisClient, database: number, context: ComponentContext) {
    this.#client = client;
    this.#database = database;
    this.#context = context;
  }

  get(keys: readonly string[]): Promise<ConfigurationItems> {
    return readItems(this.#client, keys);
  }

  async subscribe(
    keys: readonly string[],
    _metadata: ReadonlyMap<string, string>,
    changed: (items: ConfigurationItems) => Promise<void>,
  ): Promise<ConfigurationSubscription> {
    const watched = { keys, database: this.#database };
    const updates = await ConfigurationUpdates.start(this.#client, watched, changed, this.#context);
    this.#subscriptions.add(updates);
    return {
      close: async () => {
        this.#subscriptions.delete(updates);
        await updates.close();
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    await this.#client.close();
  }
}

export const redisConfigurationStore = defineConfigurationStore({
  type: "configuration.redis",
  version: "v1",
  summary:
    "Settings in the strings of a Redis database, shared with daprd; updates by its keyspace notifications.",
  metadata: redisMetadata,
  features: [],
  open: async (metadata, context) =>
    new RedisConfigurationStore(await openRedis(metadata, context), metadata.redisDB, context),
});
