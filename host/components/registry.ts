import type { PubSubDefinition } from "./pubsub/pubsub.ts";
import type { StoreDefinition } from "./state/store.ts";

/** The components a host has: static arrays, handed to the runtime by a composition root. */
export interface Registry {
  readonly state: readonly StoreDefinition[];
  readonly pubsub: readonly PubSubDefinition[];
}
