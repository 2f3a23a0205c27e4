import { cronBinding } from "../components/bindings/cron.ts";
import { daprBinding } from "../components/bindings/dapr.ts";
import { httpBinding } from "../components/bindings/http.ts";
import { inMemoryBinding } from "../components/bindings/in-memory.ts";
import { daprConfigurationStore } from "../components/configuration/dapr.ts";
import { inMemoryConfigurationStore } from "../components/configuration/in-memory.ts";
import { type OtlpProtocols, otlpExporters } from "../components/exporters/otlp.ts";
import { stdoutExporter } from "../components/exporters/stdout.ts";
import { zipkinExporter } from "../components/exporters/zipkin.ts";
import { daprLockStore } from "../components/lock/dapr.ts";
import { inMemoryLockStore } from "../components/lock/in-memory.ts";
import { bearerMiddleware } from "../components/middleware/bearer.ts";
import { cookieVisitors } from "../components/middleware/oauth2/cookie-visitors.ts";
import { oauth2Middleware } from "../components/middleware/oauth2.ts";
import { clientCredentialsMiddleware } from "../components/middleware/oauth2clientcredentials.ts";
import { opaMiddleware } from "../components/middleware/opa.ts";
import { rateLimitMiddleware } from "../components/middleware/ratelimit.ts";
import { routerAliasMiddleware } from "../components/middleware/routeralias.ts";
import { routerCheckerMiddleware } from "../components/middleware/routerchecker.ts";
import { uppercaseMiddleware } from "../components/middleware/uppercase.ts";
import { wasmMiddleware } from "../components/middleware/wasm.ts";
import { nameFormat } from "../components/nameresolution/name-format.ts";
import { daprPubSub } from "../components/pubsub/dapr.ts";
import { inMemoryPubSub } from "../components/pubsub/in-memory.ts";
import { relayPubSub } from "../components/pubsub/relay.ts";
import type { Registry } from "../components/registry.ts";
import { daprSecretStore } from "../components/secretstores/dapr.ts";
import { inMemorySecretStore } from "../components/secretstores/in-memory.ts";
import { daprStore } from "../components/state/dapr.ts";
import { inMemoryStore } from "../components/state/in-memory.ts";
import type { Rules } from "../subscriptions/rules/rules.ts";
import { localStorageBinding } from "./components/bindings-localstorage.ts";
import { redisBinding } from "./components/bindings-redis.ts";
import { redisConfigurationStore } from "./components/configuration-redis.ts";
import { nodeHttpExchange } from "./components/http-exchange.ts";
import { redisLockStore } from "./components/lock-redis.ts";
import { nodePolicyHost } from "./components/opa/policy-host.ts";
import { redisPubSub } from "./components/pubsub-redis.ts";
import { localEnvStore } from "./components/secretstores-local-env.ts";
import { localFileStore } from "./components/secretstores-local-file.ts";
import { filesStore } from "./components/state-files.ts";
import { redisStore } from "./components/state-redis.ts";
import { sqliteStore } from "./components/state-sqlite.ts";

/** The language of routing rules, loaded with the first of them. */
export const nodeRules: Rules = async () => (await import("../subscriptions/rules/cel.ts")).cel;

/** OpenTelemetry's encodings and gRPC, loaded with the first exporter that needs one. */
export const nodeOtlp: OtlpProtocols = {
  json: async () => (await import("../components/exporters/open-telemetry/json.ts")).json,
  protobuf: async () => (await import("../components/exporters/open-telemetry/protobuf.ts")).protobuf,
  grpc: async () => (await import("./components/otlp-grpc.ts")).grpcConnection,
};

/** Go's regular expressions, loaded with the first of them. */
const nodeExpressions = async () => (await import("@bufbuild/re2")).RE2JS;

/** The components of the Node host. */
export const nodeRegistry: Registry = {
  secretstores: [inMemorySecretStore, localFileStore, localEnvStore(() => process.env), daprSecretStore],
  state: [inMemoryStore, sqliteStore, filesStore, redisStore, daprStore()],
  pubsub: [inMemoryPubSub(), relayPubSub, redisPubSub, daprPubSub()],
  bindings: [
    httpBinding(nodeHttpExchange),
    cronBinding,
    inMemoryBinding,
    localStorageBinding,
    redisBinding,
    daprBinding(),
  ],
  configuration: [inMemoryConfigurationStore, redisConfigurationStore, daprConfigurationStore],
  lock: [inMemoryLockStore, redisLockStore, daprLockStore],
  middleware: [
    uppercaseMiddleware,
    rateLimitMiddleware,
    routerAliasMiddleware(async (text) => (await import("./yaml.ts")).parse(text)),
    routerCheckerMiddleware(nodeExpressions),
    opaMiddleware(nodePolicyHost),
    wasmMiddleware(async () => (await import("./capability/node-wasm.ts")).nodeWasm),
    bearerMiddleware(() => import("jose")),
    oauth2Middleware(nodeExpressions, cookieVisitors),
    clientCredentialsMiddleware(nodeExpressions),
  ],
  exporters: [zipkinExporter, ...otlpExporters(nodeOtlp), stdoutExporter],
  nameresolution: [nameFormat],
};
