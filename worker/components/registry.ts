import { cronBinding } from "../../host/components/bindings/cron.ts";
import { daprBinding } from "../../host/components/bindings/dapr.ts";
import { httpBinding } from "../../host/components/bindings/http.ts";
import { inMemoryBinding } from "../../host/components/bindings/in-memory.ts";
import { daprConfigurationStore } from "../../host/components/configuration/dapr.ts";
import { inMemoryConfigurationStore } from "../../host/components/configuration/in-memory.ts";
import { json } from "../../host/components/exporters/open-telemetry/json.ts";
import { otlpExporters } from "../../host/components/exporters/otlp.ts";
import { stdoutExporter } from "../../host/components/exporters/stdout.ts";
import { zipkinExporter } from "../../host/components/exporters/zipkin.ts";
import { daprLockStore } from "../../host/components/lock/dapr.ts";
import { inMemoryLockStore } from "../../host/components/lock/in-memory.ts";
import { rateLimitMiddleware } from "../../host/components/middleware/ratelimit.ts";
import { routerAliasMiddleware } from "../../host/components/middleware/routeralias.ts";
import { uppercaseMiddleware } from "../../host/components/middleware/uppercase.ts";
import { daprPubSub } from "../../host/components/pubsub/dapr.ts";
import { InMemoryBroker, inMemoryPubSub } from "../../host/components/pubsub/in-memory.ts";
import { relayPubSub } from "../../host/components/pubsub/relay.ts";
import type { Registry } from "../../host/components/registry.ts";
import { daprSecretStore } from "../../host/components/secretstores/dapr.ts";
import { inMemorySecretStore } from "../../host/components/secretstores/in-memory.ts";
import { daprStore } from "../../host/components/state/dapr.ts";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import type { ScopeStorage } from "../storage/scope-storage.ts";
import { broadcastChannelBinding } from "./bindings-broadcastchannel.ts";
import { clipboardBinding } from "./bindings-clipboard.ts";
import { filePickerBinding } from "./bindings-filepicker.ts";
import { notificationBinding } from "./bindings-notification.ts";
import { indexedDbConfigurationStore } from "./configuration-indexeddb.ts";
import { broadcastChannelExporter } from "./exporters-broadcastchannel.ts";
import { indexedDbLockStore } from "./lock-indexeddb.ts";
import { offlineQueue } from "./offline-queue.ts";
import { browserPubSub } from "./pubsub-browser.ts";
import { routerChecker } from "./router-checker.ts";
import { vaultSecretStore } from "./secretstores-vault.ts";
import { indexedDbStore } from "./state-indexeddb.ts";
import { opfsStore } from "./state-opfs.ts";

/** The components of a page, for one scope: its Runtimes share what is in memory, and meet in the databases. */
export function workerRegistry(storage: ScopeStorage): Registry {
  const queue = offlineQueue(storage);
  return {
    secretstores: [inMemorySecretStore, vaultSecretStore(storage), daprSecretStore],
    state: [inMemoryStore, indexedDbStore(storage), opfsStore(storage), daprStore(queue)],
    pubsub: [inMemoryPubSub(new InMemoryBroker()), browserPubSub(storage), relayPubSub, daprPubSub(queue)],
    bindings: [
      httpBinding(),
      cronBinding,
      inMemoryBinding,
      broadcastChannelBinding,
      notificationBinding(storage.devices),
      clipboardBinding(storage.devices),
      filePickerBinding(storage.devices),
      daprBinding(queue),
    ],
    configuration: [inMemoryConfigurationStore, indexedDbConfigurationStore(storage), daprConfigurationStore],
    lock: [inMemoryLockStore, indexedDbLockStore(storage), daprLockStore],
    middleware: [uppercaseMiddleware, rateLimitMiddleware, routerAliasMiddleware(), routerChecker],
    exporters: [
      zipkinExporter,
      ...otlpExporters({ json: async () => json }),
      stdoutExporter,
      broadcastChannelExporter,
    ],
  };
}
