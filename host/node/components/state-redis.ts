import type { Durability } from "../../components/component.ts";
import { integer } from "../../components/metadata-schema.ts";
import { defineStore } from "../../components/state/store.ts";
import { openRedis, type RedisClient } from "./redis/redis-client.ts";
import { redisMetadata } from "./redis/redis-metadata.ts";
import { RedisStore } from "./redis/redis-store.ts";

/** State in Redis, in Dapr's own hashes: daprd and daprlet share a database, also at the same time. */
export const redisStore = defineStore({
  type: "state.redis",
  version: "v1",
  summary: "Items in Redis, in Dapr's layout of hashes.",
  metadata: {
    ...redisMetadata,
    ttlInSeconds: integer("Seconds to live of what is written without a TTL.", 0),
  },
  features: ["ETAG", "TRANSACTIONAL", "TTL", "OUTCOME", "DURABILITY", "ACTOR"],
  async open(metadata, context) {
    const client = await openRedis(metadata, context);
    const [durability, replicas] = await Promise.all([durabilityOf(client), replicasOf(client)]);
    return new RedisStore(
      client,
      { durability, replicas, ttlInSeconds: metadata.ttlInSeconds },
      context.platform.clock,
    );
  },
});

/** By the server's configuration; a user who may not read it is promised less than may be true. */
async function durabilityOf(client: RedisClient): Promise<Durability> {
  const setting = async (name: string) => ((await client.call("CONFIG", "GET", name)) as string[])[1] ?? "";
  try {
    const [appendonly, appendfsync, save] = await Promise.all(
      ["appendonly", "appendfsync", "save"].map(setting),
    );
    if (appendonly === "yes") return appendfsync === "always" ? "persistent" : "best-effort";
    return save === "" ? "memory" : "best-effort";
  } catch {
    return "best-effort";
  }
}

async function replicasOf(client: RedisClient): Promise<number> {
  const information = await client.call("INFO", "replication").catch(() => "");
  return Number(/^connected_slaves:(\d+)/m.exec(String(information))?.[1] ?? 0);
}
