/** `daprlet/worker`: joins a service worker that a site already has, or makes one of chosen components. */
export { InMemoryBroker, inMemoryPubSub } from "../host/components/pubsub/in-memory.ts";
export { relayPubSub } from "../host/components/pubsub/relay.ts";
export { inMemoryStore } from "../host/components/state/in-memory.ts";
export { attach } from "./attach.ts";
export { celRules } from "./cel-rules.ts";
export { browserPubSub } from "./components/pubsub-browser.ts";
export { indexedDbStore } from "./components/state-indexeddb.ts";
export { type AttachOptions, compose, type WorkerRegistry } from "./compose.ts";
