import { ComponentError } from "../../../errors/component-error.ts";
import { reasonOf } from "../../../errors/reason-of.ts";
import type { Log } from "../../../platform.ts";
import type { RedisClient } from "./redis-client.ts";

/** By key; of strings, deletions, expiry and eviction. */
const needed = "Kg$xe";
const remedy = `set notify-keyspace-events ${needed} in the server's own configuration (redis.conf, or the provider's console)`;

/**
 * Has the server tell of changed keys, beside whatever else it tells already. Throws a ComponentError where it does not
 * and will not; where a user may not even look, a log entry says what to do.
 */
export async function tellOfKeys(client: RedisClient, log: Log): Promise<void> {
  let present: string;
  try {
    present = ((await client.call("CONFIG", "GET", "notify-keyspace-events")) as string[])[1] ?? "";
  } catch (error) {
    if (ComponentError.from(error).code === "UNAVAILABLE") throw error;
    log.warn(
      `this user may not read the configuration of Redis at ${client.server}: updates arrive only if it tells of keys; if they do not, ${remedy}`,
    );
    return;
  }
  // A stands for all kinds of events that are needed here.
  const has = (flag: string) => present.includes(flag) || (flag !== "K" && present.includes("A"));
  if ([...needed].every(has)) return;
  const flags = [...new Set(present + needed)].join("");
  try {
    await client.call("CONFIG", "SET", "notify-keyspace-events", flags);
  } catch (error) {
    if (ComponentError.from(error).code === "UNAVAILABLE") throw error;
    throw new ComponentError(
      "FAILED_PRECONDITION",
      `Redis at ${client.server} does not tell of changed keys, and this user may not change that: ${remedy} (${reasonOf(error)})`,
    );
  }
}

/** The channel on which the server tells of a key, or of all that match a pattern. */
export function keyChannel(database: number, key: string): string {
  return `__keyspace@${database}__:${key}`;
}
