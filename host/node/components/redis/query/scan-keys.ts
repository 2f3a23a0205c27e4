import type { RedisClient } from "../redis-client.ts";

/** How many keys of the database one step looks at. */
const STEP = 1000;

/** The keys of all hashes that begin so, in parts, each key once. */
export async function* scanKeys(client: RedisClient, prefix: string): AsyncGenerator<readonly string[]> {
  const pattern = `${prefix.replaceAll(/[*?[\]\\^-]/g, "\\$&")}*`;
  const seen = new Set<string>();
  let cursor = "0";
  do {
    const [next, keys] = (await client.call(
      "SCAN",
      ...[cursor, "MATCH", pattern, "COUNT", STEP, "TYPE", "hash"],
    )) as [string, string[]];
    cursor = next;
    const fresh = keys.filter((key) => !seen.has(key));
    for (const key of fresh) seen.add(key);
    if (fresh.length > 0) yield fresh;
  } while (cursor !== "0");
}
