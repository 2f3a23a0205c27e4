/** `daprlet/worker`: joins a service worker that a site already has, or makes one of chosen components. */
export { daprBinding } from "../host/components/bindings/dapr.ts";
export { daprConfigurationStore } from "../host/components/configuration/dapr.ts";
export { daprLockStore } from "../host/components/lock/dapr.ts";
export { daprPubSub } from "../host/components/pubsub/dapr.ts";
export { InMemoryBroker, inMemoryPubSub } from "../host/components/pubsub/in-memory.ts";
export { relayPubSub } from "../host/components/pubsub/relay.ts";
export { daprSecretStore } from "../host/components/secretstores/dapr.ts";
export { daprStore } from "../host/components/state/dapr.ts";
export { inMemoryStore } from "../host/components/state/in-memory.ts";
export { attach } from "./attach.ts";
export { celRules } from "./cel-rules.ts";
export { offlineQueue } from "./components/offline-queue.ts";
export { browserPubSub } from "./components/pubsub-browser.ts";
export { indexedDbStore } from "./components/state-indexeddb.ts";
export { type AttachOptions, compose, type WorkerRegistry } from "./compose.ts";
