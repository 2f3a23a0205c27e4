import type { ComponentResource } from "../host/resources/component.ts";
import { storageAvailable } from "./storage/durability.ts";

function component(name: string, type: string): ComponentResource {
  return {
    name,
    namespace: undefined,
    type,
    version: "v1",
    metadata: new Map(),
    secretKeyRefs: [],
    scopes: [],
    initTimeoutMs: 10_000,
    ignoreErrors: false,
    origin: "the default components",
  };
}

/** What an app has that names no components: kept in IndexedDB, or in memory where the browser gives none. */
export function defaultComponents(): readonly ComponentResource[] {
  return storageAvailable()
    ? [component("statestore", "state.indexeddb"), component("pubsub", "pubsub.browser")]
    : [component("statestore", "state.in-memory"), component("pubsub", "pubsub.in-memory")];
}
