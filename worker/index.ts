/** `daprlet/worker`: joins a service worker that a site already has, or makes one of chosen components. */
export { cronBinding } from "../host/components/bindings/cron.ts";
export { daprBinding } from "../host/components/bindings/dapr.ts";
export { httpBinding } from "../host/components/bindings/http.ts";
export { inMemoryBinding } from "../host/components/bindings/in-memory.ts";
export { daprConfigurationStore } from "../host/components/configuration/dapr.ts";
export { inMemoryConfigurationStore } from "../host/components/configuration/in-memory.ts";
export { json as jsonSpans } from "../host/components/exporters/open-telemetry/json.ts";
export { otlpExporters } from "../host/components/exporters/otlp.ts";
export { stdoutExporter } from "../host/components/exporters/stdout.ts";
export { zipkinExporter } from "../host/components/exporters/zipkin.ts";
export { extendRegistry } from "../host/components/extend-registry.ts";
export { daprLockStore } from "../host/components/lock/dapr.ts";
export { inMemoryLockStore } from "../host/components/lock/in-memory.ts";
export { rateLimitMiddleware } from "../host/components/middleware/ratelimit.ts";
export { routerAliasMiddleware } from "../host/components/middleware/routeralias.ts";
export { uppercaseMiddleware } from "../host/components/middleware/uppercase.ts";
export { daprPubSub } from "../host/components/pubsub/dapr.ts";
export { InMemoryBroker, inMemoryPubSub } from "../host/components/pubsub/in-memory.ts";
export { relayPubSub } from "../host/components/pubsub/relay.ts";
export { daprSecretStore } from "../host/components/secretstores/dapr.ts";
export { inMemorySecretStore } from "../host/components/secretstores/in-memory.ts";
export { daprStore } from "../host/components/state/dapr.ts";
export { inMemoryStore } from "../host/components/state/in-memory.ts";
export { attach } from "./attach.ts";
export {
  type CapabilityOptions,
  capabilities,
  type ScopeCapabilities,
} from "./capability/scope-capabilities.ts";
export { celRules } from "./cel-rules.ts";
export { broadcastChannelBinding } from "./components/bindings-broadcastchannel.ts";
export { clipboardBinding } from "./components/bindings-clipboard.ts";
export { filePickerBinding } from "./components/bindings-filepicker.ts";
export { notificationBinding } from "./components/bindings-notification.ts";
export { indexedDbConfigurationStore } from "./components/configuration-indexeddb.ts";
export { broadcastChannelExporter, type SpanBatch } from "./components/exporters-broadcastchannel.ts";
export { indexedDbLockStore } from "./components/lock-indexeddb.ts";
export { oauth2 } from "./components/oauth2-middleware.ts";
export { offlineQueue } from "./components/offline-queue.ts";
export { opa } from "./components/policy-middleware.ts";
export { browserPubSub } from "./components/pubsub-browser.ts";
export { workerRegistry } from "./components/registry.ts";
export { routerChecker } from "./components/router-checker.ts";
export { vaultSecretStore } from "./components/secretstores-vault.ts";
export { indexedDbStore } from "./components/state-indexeddb.ts";
export { opfsStore } from "./components/state-opfs.ts";
export { bearer, clientCredentials } from "./components/token-middleware.ts";
export { type AttachOptions, compose, type WorkerRegistry } from "./compose.ts";
export { metrics, type ScopeMetrics } from "./metrics.ts";
