import { PlacementClient } from "../actors/placement/placement-client.ts";
import { hostedActors } from "../api/actors/hosted-actors.ts";
import { loggedCalls } from "../api/logged-calls.ts";
import type { Api } from "../capability/host-calls.ts";
import type { PackageSet } from "../capability/package-set.ts";
import type { AppChannel } from "../channel/app-channel.ts";
import { fetchChannel } from "../channel/fetch-channel.ts";
import { growingRegistry } from "../components/extend-registry.ts";
import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import { BackgroundRelay } from "../mesh/background-relay.ts";
import type { RelayConnections } from "../mesh/relay-connection.ts";
import type { Platform } from "../platform.ts";
import type { Resources } from "../resources/resources.ts";
import { Runtime } from "../runtime.ts";
import { withApiToken } from "../security/api-token.ts";
import { cleartextListener, refuseCleartext } from "../security/cleartext.ts";
import { RuntimeMeters } from "../telemetry/metrics/runtime-meters.ts";
import { consoleLog, systemClock } from "../web-platform.ts";
import type { AppHealthOptions } from "./app-health.ts";
import { blockStop } from "./block-stop.ts";
import { browserPolicy, loopbackAddresses } from "./browser-policy.ts";
import { nodeCore } from "./core-module.ts";
import { FoundResources } from "./found-resources.ts";
import { machineNeighbours } from "./machine-neighbours.ts";
import { memberAddress } from "./member-address.ts";
import { listenForScrapes } from "./metrics/listen-for-scrapes.ts";
import { nodePlatform } from "./node-platform.ts";
import { proxiedFetch } from "./proxied-fetch.ts";
import { publicHandler } from "./public-handler.ts";
import { nodeRegistry, nodeRules } from "./registry.ts";
import { type HttpServer, listen } from "./server.ts";
import type { SidecarOptions } from "./sidecar-options.ts";
import { watchResources } from "./watch-resources.ts";

/** A sidecar that listens. */
export interface NodeSidecar {
  readonly appId: string;
  readonly port: number;
  /** Where Prometheus reads; undefined where nothing is measured. */
  readonly metricsPort: number | undefined;
  readonly url: string;
  readonly runtime: Runtime;
  /** Reads resource files again, though nobody saw them change; resolves when what they say holds. */
  reload(): Promise<void>;
  /** Graceful; resolves when all is closed: to whether all ended within its time. Further calls await the first. */
  stop(): Promise<boolean>;
  /** Resolves once it has stopped, also by POST /v1.0/shutdown. */
  readonly stopped: Promise<void>;
}

async function appChannel(
  options: SidecarOptions,
  platform: Platform,
  api: Api,
  probed: NonNullable<AppHealthOptions["probed"]>,
): Promise<AppChannel | undefined> {
  if (options.app !== undefined) return fetchChannel(options.app);
  if (options.appWasm !== undefined) {
    const { wasmAppChannel } = await import("./capability/wasm-app-channel.ts");
    return await wasmAppChannel(options.appWasm, options, platform, api);
  }
  if (options.appPort === undefined) return undefined;
  const { httpChannel } = await import("./http-channel.ts");
  return httpChannel({
    port: options.appPort,
    address: options.appChannelAddress ?? "127.0.0.1",
    protocol: options.appProtocol ?? "http",
    maxConcurrency: options.appMaxConcurrency ?? 0,
    apiToken: options.appApiToken,
    ...(options.appHealth !== undefined && { health: { ...options.appHealth, probed } }),
    clock: platform.clock,
    log: platform.log,
  });
}

/** Connections to relays; what speaks to them is loaded with the first one. */
function relayConnections(platform: Platform): RelayConnections {
  let client: Promise<RelayConnections> | undefined;
  return {
    async open(options) {
      client ??= import("../mesh/relay-client.ts").then(({ RelayClient }) => new RelayClient(platform));
      return (await client).open(options);
    },
  };
}

function relayTransport(
  { relay, relayRoom, relayToken, appId, namespace = "default" }: SidecarOptions,
  relays: RelayConnections,
  platform: Platform,
): BackgroundRelay | undefined {
  if (relay === undefined) return undefined;
  const options = { url: relay, room: relayRoom ?? "default", token: relayToken, appId, namespace };
  return new BackgroundRelay(options, relays, platform);
}

/** Packages; what runs them is loaded with the first one. */
async function sidecarCapabilities(
  { capabilities }: SidecarOptions,
  platform: Platform,
  maxBodySize: number,
): Promise<PackageSet | undefined> {
  if (capabilities === undefined) return undefined;
  const { nodeCapabilities } = await import("./capability/node-capabilities.ts");
  return await nodeCapabilities(capabilities, { platform, maxBodySize });
}

/** Throws before anything is opened. */
function refuseCleartextDoors(options: SidecarOptions, addresses: readonly string[]): void {
  const { certificate, allowCleartext, metrics, relay, publicListenAddresses = [] } = options;
  const api = certificate !== undefined;
  const remedy = "give it a certificate (--tls-cert-file, --tls-key-file)";
  const scraped = metrics?.listenAddresses ?? [];
  const cause =
    cleartextListener("the API", [...addresses, ...publicListenAddresses], api, allowCleartext, remedy) ??
    cleartextListener("/metrics", scraped, false, allowCleartext, "let a proxy of this machine serve it");
  if (cause !== undefined) throw new Error(cause);
  if (relay !== undefined) refuseCleartext("the relay", relay, allowCleartext);
}

/**
 * Starts a sidecar in this process: when it resolves it listens and its components are open; its app is waited for
 * in the background. Throws, with nothing left open, when a port is taken or a component fails.
 */
export async function startSidecar(options: SidecarOptions): Promise<NodeSidecar> {
  const log = options.log ?? consoleLog(options.logLevel ?? "info", `daprlet ${options.appId}`);
  const clock = options.clock ?? systemClock;
  const { apiToken } = options;
  const addresses = options.listenAddresses ?? loopbackAddresses;
  refuseCleartextDoors(options, addresses);
  const maxBodySize = options.maxBodySize ?? 4 << 20;
  const proxied = options.environment && proxiedFetch(options.environment);
  const platform = {
    ...nodePlatform(log, clock),
    ...(proxied !== undefined && { fetch: proxied }),
    allowCleartext: options.allowCleartext,
  };
  const trusted = (request: RuntimeRequest): Promise<RuntimeResponse> =>
    runtime.handle(withApiToken(request, apiToken));
  const [core, found, app] = await Promise.all([
    nodeCore(),
    FoundResources.load(options, log),
    appChannel(options, platform, trusted, (ms, status) => meters?.probed(ms, status)),
  ]);
  const { metrics: settings = {} } = found.resources.configuration;
  const meters =
    options.metrics === undefined || settings.enabled === false
      ? undefined
      : new RuntimeMeters({ appId: options.appId, namespace: options.namespace, settings, clock, log });
  const relays = relayConnections(platform);
  const servers: HttpServer[] = [];
  const neighbours = machineNeighbours(options.machineFolder, platform, {
    status: () => ({ httpPort: servers[0]?.port, ...options.status?.() }),
    api: trusted,
    stop: () => asked(),
  });
  const relay = relayTransport(options, relays, platform);
  const capabilities = await sidecarCapabilities(options, platform, maxBodySize);
  const runtime = new Runtime({
    appId: options.appId,
    namespace: options.namespace,
    host: "Node",
    core,
    platform,
    registry: growingRegistry(options.registry ?? nodeRegistry, () => capabilities?.components ?? []),
    rules: nodeRules,
    resources: found.resources,
    relays,
    transports: relay === undefined ? neighbours.transports : [...neighbours.transports, relay],
    app: app && (meters?.app(app) ?? app),
    // Who is on a relay shares its actors with all who are.
    actors: hostedActors(
      ({ appId, namespace }, name) =>
        relay === undefined
          ? neighbours.membership({ appId, namespace, name })
          : new PlacementClient(relay.placement, platform),
      { address: () => memberAddress(options, doors, servers) },
    ),
    asking: options.asking,
    meters,
    capabilities,
    apiToken,
    maxBodySize,
    strict: options.strict ?? false,
    extended: options.extended ?? new Map(),
    shutdown(force) {
      log.info("shutdown requested by the API");
      if (force && options.abort !== undefined) setTimeout(options.abort, 100);
      else asked();
    },
  });

  capabilities?.attach(trusted, runtime);

  let resolveStopped: () => void;
  const stopped = new Promise<void>((resolve) => {
    resolveStopped = resolve;
  });
  let stopping: Promise<boolean> | undefined;
  let started = false;
  let scraped: HttpServer | undefined;
  let watching: ReturnType<typeof watchResources> | undefined;
  /** The doors close first, so that what is under way still finds its components: but for streams, which have no end. */
  const stop = () => {
    stopping ??= (async () => {
      const { gracefulShutdownMs: graceMs = 5_000, blockShutdownMs = 0 } = options;
      if (blockShutdownMs > 0 && started) await blockStop(blockShutdownMs, app, clock, log);
      let inTime = true;
      const cancel = graceMs > 0 ? clock.after(graceMs, () => (inTime = false)) : undefined;
      // What it is at waits for requests, which the doors end.
      const unwatched = watching?.close();
      await runtime.sidecar.streams.close(graceMs);
      await Promise.all([...servers, scraped].map((server) => server?.close(graceMs)));
      await runtime.stop(graceMs);
      await unwatched;
      cancel?.();
      if (!inTime) log.error(`the stop took longer than ${graceMs} ms: what was still under way was cut off`);
      resolveStopped();
      return inTime;
    })();
    return stopping;
  };

  const asked = options.onStopRequest ?? (() => void stop());

  const { apiLogging = {} } = found.resources.configuration;
  const answer = (request: RuntimeRequest) => runtime.handle(request);
  const logged = options.logCalls ?? apiLogging.enabled;
  const handle = logged ? loggedCalls(runtime.sidecar, apiLogging, answer) : answer;
  const door = {
    addresses,
    certificate: options.certificate,
    policy: browserPolicy(options, addresses),
    apiToken,
    maxBodySize,
    maxHeaderSize: (options.readBufferSize ?? 4096) + 4096,
    log,
    handle,
  };
  const open = async (server: Promise<HttpServer>) => servers.push(await server);
  // The API's own door first: it is `servers[0]`.
  const doors = open(
    listen({
      ...door,
      lands: (landing) => runtime.pipelines.lands(landing),
      port: options.port ?? 0,
      preferredPort: options.preferredPort,
      socket: options.unixDomainSocket && `${options.unixDomainSocket}/dapr-${options.appId}-http.socket`,
    }),
  ).then(() => {
    const { publicPort, publicListenAddresses: publicAddresses = addresses } = options;
    return publicPort === undefined
      ? undefined
      : open(
          listen({
            ...door,
            addresses: publicAddresses,
            port: publicPort,
            handle: publicHandler(runtime.sidecar),
          }),
        );
  });
  const scrapes =
    meters &&
    // Scrapers take it for HTTP.
    listenForScrapes(meters, options, { ...door, certificate: undefined }).then((server) => {
      scraped = server;
      log.info(`metrics are at http://localhost:${server.port}/metrics`);
    });
  // All to their end, so that what one of them opened is closed when another fails.
  const settled = await Promise.allSettled([doors, scrapes, runtime.start()]);
  const failed = settled.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const paths = [...(options.resourcesPaths ?? []), ...(options.configPaths ?? [])];
  if (paths.length > 0) {
    const update = (resources: Resources) => runtime.update(resources);
    const { reconcileMs } = options;
    const watched = found.resources.configuration.hotReload ?? true;
    watching = watchResources({ paths, watched, found, clock, log, update, reconcileMs });
  }
  capabilities?.start();
  started = true;
  const port = (servers[0] as HttpServer).port;
  const metricsPort = scraped?.port;
  return {
    appId: options.appId,
    port,
    metricsPort,
    url: `${options.certificate ? "https" : "http"}://localhost:${port}`,
    runtime,
    reload: async () => watching?.again(),
    stop,
    stopped,
  };
}
