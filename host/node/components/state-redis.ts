import { integer } from "../../components/metadata-schema.ts";
import { queryMetadata } from "../../components/state/query-indexes.ts";
import { defineStore } from "../../components/state/store.ts";
import type { RedisClient } from "./redis/redis-client.ts";
import { redisMetadata } from "./redis/redis-metadata.ts";

/** State in Redis, in Dapr's own hashes: daprd and daprlet share a database, also at the same time. */
export const redisStore = defineStore({
  type: "state.redis",
  version: "v1",
  summary: "Items in Redis, in Dapr's layout of hashes.",
  metadata: {
    ...redisMetadata,
    ...queryMetadata,
    ttlInSeconds: integer("Seconds to live of what is written without a TTL.", 0),
  },
  features: ["ETAG", "TRANSACTIONAL", "TTL", "OUTCOME", "DURABILITY", "ACTOR", "QUERY_API"],
  async open(metadata, context) {
    const { queryIndexes, queryScan, ttlInSeconds } = metadata;
    const [{ openRedis }, { durabilityOf }, { RedisStore }] = await Promise.all([
      import("./redis/redis-client.ts"),
      import("./redis/durability.ts"),
      import("./redis/redis-store.ts"),
    ]);
    const client = await openRedis(metadata, context);
    try {
      const [durability, replicas] = await Promise.all([durabilityOf(client), replicasOf(client)]);
      const replication = replicas === 0 ? undefined : { replicas, client: await client.another({}) };
      return new RedisStore(
        context.name,
        client,
        { durability, ttlInSeconds, replication, queries: { queryIndexes, queryScan } },
        context.platform.clock,
      );
    } catch (error) {
      await client.close();
      throw error;
    }
  },
});

async function replicasOf(client: RedisClient): Promise<number> {
  const information = await client.call("INFO", "replication").catch(() => "");
  return Number(/^connected_slaves:(\d+)/m.exec(String(information))?.[1] ?? 0);
}
