import type { Registry } from "../host/components/registry.ts";
import { RelayClient } from "../host/mesh/relay-client.ts";
import type { Platform } from "../host/platform.ts";
import type { Rules } from "../host/subscriptions/rules/rules.ts";
import { consoleLog, webPlatform } from "../host/web-platform.ts";
import { OriginActors } from "./actors/origin-actors.ts";
import { DEFAULT_PORTS } from "./addresses.ts";
import type { capabilities } from "./capability/scope-capabilities.ts";
import { defaultResources } from "./default-resources.ts";
import { Devices } from "./devices.ts";
import { embeddedCore } from "./embedded-core.ts";
import type { metrics } from "./metrics.ts";
import { Registrations } from "./registrations.ts";
import { hostRelay } from "./relay/host-relay.ts";
import { RelayLink } from "./relay/relay-link.ts";
import { ScopeHost } from "./scope-host.ts";
import { Sidecars } from "./sidecars.ts";
import { databasePrefix } from "./storage/database-names.ts";
import { storageDurability } from "./storage/durability.ts";
import { eraseStorage } from "./storage/erase.ts";
import type { ScopeStorage } from "./storage/scope-storage.ts";

export interface AttachOptions {
  /** Ports of localhost that are the sidecar's from the worker's first moment on; 3500 always is. */
  readonly ports?: readonly number[];
  /** The language of routing rules, {@link celRules}; without it subscriptions that have any are refused. */
  readonly rules?: Rules;
  /** {@link metrics}: what the apps of the scope do is measured, for Prometheus. */
  readonly metrics?: typeof metrics;
  /** {@link capabilities}: packages of Wasm that the scope's apps call, in workers that its pages lend. */
  readonly capabilities?: ReturnType<typeof capabilities>;
  /** True where the worker is daprlet's alone: it takes over at once, and `unregister()` removes it. */
  readonly own?: boolean;
}

/** The components that a worker has, for one scope. */
export type WorkerRegistry = (storage: ScopeStorage) => Registry;

/**
 * {@link attach} with the components and rules that are given and no others, so that a bundler leaves the rest out. An
 * app that names none of its own needs `state.indexeddb` and `pubsub.browser` among them.
 */
export function compose(
  worker: ServiceWorkerGlobalScope | DedicatedWorkerGlobalScope,
  registry: WorkerRegistry,
  options: AttachOptions = {},
): void {
  if ("clients" in worker) listen(worker, registry, options);
  // A page that was elected to hold the worker's sockets runs the same script, so that nothing can skew.
  else hostRelay(worker);
}

function listen(worker: ServiceWorkerGlobalScope, registry: WorkerRegistry, options: AttachOptions): void {
  const { scope } = worker.registration;
  const prefix = databasePrefix(scope);
  const web = webPlatform(consoleLog("info", "daprlet"));
  const link = new RelayLink(web.clock, () => host.wantRelay());
  const platform: Platform = { ...web, origin: new URL(scope).origin, connect: link.connect };
  const incarnation = { id: platform.uuid(), startedAt: platform.clock.now() };
  const registrations = new Registrations(`${prefix}registrations`, platform.clock, platform.log);
  const devices = new Devices(worker);
  const present = async (clientId: string) => (await worker.clients.get(clientId)) !== undefined;
  const actors = new OriginActors(incarnation.startedAt, present);
  const measured = options.metrics?.(scope, platform);
  const packages = options.capabilities?.(scope, platform, devices);
  const sidecars = new Sidecars({
    platform,
    core: embeddedCore(),
    registry: registry({ databasePrefix: prefix, incarnation, devices }),
    rules: options.rules,
    meters: measured?.of,
    capabilities: packages?.of,
    relays: new RelayClient(platform),
    actors: actors.of,
    identity: (appId) => registrations.identityOf(appId, platform.uuid).catch(() => undefined),
    defaults: defaultResources,
    subscriptionRecords: (appId) => registrations.subscriptionsOf(appId),
    keep: (registration) => void registrations.renew(registration).catch(() => undefined),
  });
  const started = async () => {
    await host.boot();
    await Promise.all([...sidecars.apps].map((app) => app.runtime().catch(() => undefined)));
  };
  const host: ScopeHost = new ScopeHost({
    worker,
    platform,
    incarnation: incarnation.id,
    sidecars,
    registrations,
    devices,
    actors,
    storage: storageDurability,
    adoptRelay: (port) => link.adopt(port),
    erase: async () => void (await Promise.all([eraseStorage(prefix), packages?.erase()])),
    scrape: measured?.scrape,
    packages: packages && ((request) => packages.answer(request, started)),
    own: options.own ?? false,
    ports: options.ports ?? DEFAULT_PORTS,
  });
  worker.addEventListener("fetch", (event) => {
    const answer = host.fetch(event);
    if (answer === undefined) return;
    // A listener that answers everything, as MSW's does, would throw at the second answer.
    event.stopImmediatePropagation();
    event.respondWith(answer);
  });
  const wake = async (appId: string) => {
    await host.boot();
    await sidecars.app(appId)?.runtime();
  };
  worker.addEventListener("notificationclick", (event) => event.waitUntil(devices.clicked(event, wake)));
  worker.addEventListener("message", (event) => event.waitUntil(host.message(event)));
  worker.addEventListener("activate", (event) => event.waitUntil(host.boot()));
  worker.registration.addEventListener("updatefound", () => yieldToNext(worker.registration, host));
}

/** Open links would hold the old version for minutes after the new one is ready. */
function yieldToNext(registration: ServiceWorkerRegistration, host: ScopeHost): void {
  const next = registration.installing;
  next?.addEventListener("statechange", () => {
    if (next.state === "installed") host.yield();
  });
}
