import { nodeOnRedis } from "./redis.ts";
import { apiOn } from "./suites.ts";

apiOn(nodeOnRedis, [
  "state",
  "stateQuery",
  "pubsub",
  "declared",
  "routing",
  "bulkPublish",
  "bulkSubscribe",
  "configuration",
]);
