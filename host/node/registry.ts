import { inMemoryPubSub } from "../components/pubsub/in-memory.ts";
import { relayPubSub } from "../components/pubsub/relay.ts";
import type { Registry } from "../components/registry.ts";
import { inMemorySecretStore } from "../components/secretstores/in-memory.ts";
import { daprStore } from "../components/state/dapr.ts";
import { inMemoryStore } from "../components/state/in-memory.ts";
import { localEnvStore } from "./components/secretstores-local-env.ts";
import { localFileStore } from "./components/secretstores-local-file.ts";
import { redisStore } from "./components/state-redis.ts";
import { sqliteStore } from "./components/state-sqlite.ts";

/** The components of the Node host. */
export const nodeRegistry: Registry = {
  secretstores: [inMemorySecretStore, localFileStore, localEnvStore(() => process.env)],
  state: [inMemoryStore, daprStore, sqliteStore, redisStore],
  pubsub: [inMemoryPubSub(), relayPubSub],
};
