import type { ComponentContext } from "../../../components/component.ts";
import type {
  ConfigurationChange,
  ConfigurationItems,
  ConfigurationStore,
  ConfigurationSubscription,
} from "../../../components/configuration/configuration-store.ts";
import { ComponentError } from "../../../errors/component-error.ts";
import { readItems } from "./configuration-items.ts";
import { ConfigurationUpdates } from "./configuration-updates.ts";
import type { RedisClient, RedisScript } from "./redis-client.ts";

/** KEYS: of the settings. ARGV: for each its text, or nothing behind a `-` for one that goes. */
const setAll = `
for i, key in ipairs(KEYS) do
  if ARGV[i] == '-' then redis.call('DEL', key) else redis.call('SET', key, string.sub(ARGV[i], 2)) end
end`;

function refuse(message: string): never {
  throw new ComponentError("INVALID_ARGUMENT", message);
}

/** What `setAll` takes. */
function textOf({ key, value, version, metadata }: ConfigurationChange): string {
  if (metadata.size > 0) return refuse(`Redis keeps no metadata of a setting: leave that of ${key} out`);
  if (value === null) return "-";
  if (value.includes("||"))
    return refuse(`the value of ${key} holds ||, behind which Dapr keeps a version in Redis`);
  return version === undefined || version === "" ? `=${value}` : `=${value}||${version}`;
}

/** Settings as Dapr keeps them in Redis: a string for each, its version behind `||`. */
export class RedisConfigurationStore implements ConfigurationStore {
  readonly #client: RedisClient;
  readonly #setAll: RedisScript;
  readonly #database: number;
  readonly #context: ComponentContext;
  readonly #subscriptions = new Set<ConfigurationUpdates>();

  constructor(client: RedisClient, database: number, context: ComponentContext) {
    this.#client = client;
    this.#setAll = client.script(setAll);
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

  async set(changes: readonly ConfigurationChange[]): Promise<void> {
    const texts = changes.map(textOf);
    await this.#setAll(
      changes.map(({ key }) => key),
      texts,
    );
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    await this.#client.close();
  }
}
