import { inMemoryPubSub } from "../components/pubsub/in-memory.ts";
import { relayPubSub } from "../components/pubsub/relay.ts";
import type { Registry } from "../components/registry.ts";
import { daprStore } from "../components/state/dapr.ts";
import { inMemoryStore } from "../components/state/in-memory.ts";
import { redisStore } from "./components/state-redis.ts";
import { sqliteStore } from "./components/state-sqlite.ts";

/** The components of the Node host. */
export const nodeRegistry: Registry = {
  state: [inMemoryStore, daprStore, sqliteStore, redisStore],
  pubsub: [inMemoryPubSub(), relayPubSub],
};
