import type {
  ConfigurationItem,
  ConfigurationItems,
} from "../../../components/configuration/configuration-store.ts";
import type { RedisClient } from "./redis-client.ts";

/** Of one command. */
const batch = 500;

/** `value||version`, as Dapr keeps it; undefined where that leaves no value. */
function itemOf(text: string): ConfigurationItem | undefined {
  const [value = "", version = ""] = text.split("||");
  return value === "" ? undefined : { value, version, metadata: new Map() };
}

/** Every string of the database but daprlet's own records. */
async function allKeys(client: RedisClient): Promise<readonly string[]> {
  const keys = new Set<string>();
  let cursor = "0";
  do {
    const [next, found] = (await client.call("SCAN", cursor, "COUNT", 1000, "TYPE", "string")) as [
      string,
      string[],
    ];
    for (const key of found) if (!key.startsWith("||daprlet||")) keys.add(key);
    cursor = next;
  } while (cursor !== "0");
  return [...keys];
}

/** Of these keys, or of all for none. What is not there, or no string, is left out. */
export async function readItems(client: RedisClient, keys: readonly string[]): Promise<ConfigurationItems> {
  const wanted = keys.length > 0 ? keys : await allKeys(client);
  const items = new Map<string, ConfigurationItem>();
  for (let i = 0; i < wanted.length; i += batch) {
    const some = wanted.slice(i, i + batch);
    const values = (await client.call("MGET", some)) as (string | null)[];
    for (const [index, value] of values.entries()) {
      const item = value === null ? undefined : itemOf(value);
      if (item !== undefined) items.set(some[index] as string, item);
    }
  }
  return items;
}
