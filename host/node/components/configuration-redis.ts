import { defineConfigurationStore } from "../../components/configuration/configuration-store.ts";
import { redisMetadata } from "./redis/redis-metadata.ts";

export const redisConfigurationStore = defineConfigurationStore({
  type: "configuration.redis",
  version: "v1",
  summary:
    "Settings in the strings of a Redis database, shared with daprd; updates by its keyspace notifications.",
  metadata: redisMetadata,
  features: [],
  async open(metadata, context) {
    const [{ openRedis }, { RedisConfigurationStore }] = await Promise.all([
      import("./redis/redis-client.ts"),
      import("./redis/redis-configuration-store.ts"),
    ]);
    return new RedisConfigurationStore(await openRedis(metadata, context), metadata.redisDB, context);
  },
});
