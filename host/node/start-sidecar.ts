import type { AppChannel } from "../channel/app-channel.ts";
import { type FetchHandler, fetchChannel } from "../channel/fetch-channel.ts";
import type { Registry } from "../components/registry.ts";
import type { Clock, Log, LogLevel } from "../platform.ts";
import type { ComponentResource } from "../resources/component.ts";
import type { Environment } from "../resources/validate-component.ts";
import { Runtime } from "../runtime.ts";
import { type BrowserPolicy, loopbackHosts, parseOrigins } from "../security/browser-guard.ts";
import { consoleLog } from "../web-platform.ts";
import type { AppHealthOptions } from "./app-health.ts";
import { nodeCore } from "./core-module.ts";
import { type GivenComponents, givenComponents } from "./given-components.ts";
import { loadResources } from "./load-resources.ts";
import { nodePlatform, systemClock } from "./node-platform.ts";
import { nodeRegistry } from "./registry.ts";
import { type HttpServer, listen } from "./server.ts";

export interface SidecarOptions {
  readonly appId: string;
  readonly namespace?: string;
  /** An app in this process, as a fetch-style handler. */
  readonly app?: FetchHandler;
  /** An app that listens on a port. */
  readonly appPort?: number;
  readonly appProtocol?: "http" | "https";
  readonly appChannelAddress?: string;
  readonly appMaxConcurrency?: number;
  readonly appHealth?: AppHealthOptions;
  /** What the sidecar proves itself to the app with (`dapr-api-token`). */
  readonly appApiToken?: string;
  /** 0, or left out: a free one. */
  readonly port?: number;
  /** Where no port is given: taken if it is free. */
  readonly preferredPort?: number;
  /** Listens on `dapr-<app id>-http.socket` in this folder as well. */
  readonly unixDomainSocket?: string;
  /** Loopback, IPv4 and IPv6, when left out. */
  readonly listenAddresses?: readonly string[];
  /** Serves health and metadata only, without a token. */
  readonly publicPort?: number;
  /** When set, every call must carry it in `dapr-api-token`. */
  readonly apiToken?: string;
  /** Origins of pages that may call, separated by commas; `*` for all. None when left out. */
  readonly allowedOrigins?: string;
  /** Names beyond localhost under which the sidecar may be called. */
  readonly allowedHosts?: readonly string[];
  /** Bytes; 4 MiB when left out. */
  readonly maxBodySize?: number;
  /** Bytes; 4 KiB when left out. As in daprd, 4 KiB of slack come on top. */
  readonly readBufferSize?: number;
  /** Added to what `resourcesPaths` holds. With neither: `statestore` and `pubsub`, in memory. */
  readonly components?: GivenComponents;
  readonly resourcesPaths?: readonly string[];
  readonly environment?: Environment;
  /** The URL of a relay to join, and what it asks for. */
  readonly relay?: string;
  readonly relayRoom?: string;
  readonly relayToken?: string;
  readonly registry?: Registry;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly logLevel?: LogLevel;
  readonly logCalls?: boolean;
  readonly strict?: boolean;
  readonly extended?: ReadonlyMap<string, string>;
  /** For a shutdown that a caller of the API forces; ends the process in the CLI. */
  readonly abort?: () => void;
  /** How long requests under way may last once a stop has begun; 5 s when left out. */
  readonly gracefulShutdownMs?: number;
}

/** A sidecar that listens. */
export interface NodeSidecar {
  readonly appId: string;
  readonly port: number;
  readonly url: string;
  readonly runtime: Runtime;
  /** Graceful; resolves when all is closed. Idempotent. */
  stop(): Promise<void>;
  /** Resolves once it has stopped, also by POST /v1.0/shutdown. */
  readonly stopped: Promise<void>;
}

export const loopbackAddresses: readonly string[] = ["127.0.0.1", "::1"];

const defaults: GivenComponents = [
  { name: "statestore", type: "state.in-memory" },
  { name: "pubsub", type: "pubsub.in-memory" },
];

async function resolveComponents(options: SidecarOptions, log: Log): Promise<readonly ComponentResource[]> {
  const { components, resourcesPaths, environment } = options;
  if (components === undefined && resourcesPaths === undefined) {
    return givenComponents(defaults, "the defaults", environment);
  }
  const [given, loaded] = await Promise.all([
    givenComponents(components ?? [], "the options", environment),
    loadResources(resourcesPaths ?? [], environment),
  ]);
  const kinds = new Set(loaded.unapplied.map(({ kind }) => kind));
  for (const kind of kinds) {
    const places = loaded.unapplied.filter((resource) => resource.kind === kind);
    log.warn(
      `resources of kind ${kind} are read and not applied yet: ${places.map(({ name, origin }) => `${name} (${origin})`).join("; ")}`,
    );
  }
  return [...given, ...loaded.components];
}

/** An app of its own process; undefined without one. */
async function appChannel(options: SidecarOptions, clock: Clock, log: Log): Promise<AppChannel | undefined> {
  if (options.app !== undefined) return fetchChannel(options.app);
  if (options.appPort === undefined) return undefined;
  const { httpChannel } = await import("./http-channel.ts");
  return httpChannel({
    port: options.appPort,
    address: options.appChannelAddress ?? "127.0.0.1",
    protocol: options.appProtocol ?? "http",
    maxConcurrency: options.appMaxConcurrency ?? 0,
    apiToken: options.appApiToken,
    ...(options.appHealth !== undefined && { health: options.appHealth }),
    clock,
    log,
  });
}

function policy(options: SidecarOptions, addresses: readonly string[]): BrowserPolicy {
  const beyond = addresses.filter((address) => !["127.0.0.1", "::1", "localhost"].includes(address));
  const hosts = [...loopbackHosts, ...(options.allowedHosts ?? [])].map((host) => host.toLowerCase());
  return {
    hosts: new Set(hosts),
    anyAddress: beyond.length > 0,
    origins: parseOrigins(options.allowedOrigins ?? ""),
  };
}

/** Starts a sidecar in this process: it listens, its components are open, and it waits for its app in the background. */
export async function startSidecar(options: SidecarOptions): Promise<NodeSidecar> {
  const log = options.log ?? consoleLog(options.logLevel ?? "info", `daprlet ${options.appId}`);
  const clock = options.clock ?? systemClock;
  const addresses = options.listenAddresses ?? loopbackAddresses;
  const graceMs = options.gracefulShutdownMs ?? 5_000;
  const [core, components, app] = await Promise.all([
    nodeCore(),
    resolveComponents(options, log),
    appChannel(options, clock, log),
  ]);
  const maxBodySize = options.maxBodySize ?? 4 << 20;
  const runtime = new Runtime({
    appId: options.appId,
    namespace: options.namespace ?? "default",
    host: "Node",
    core,
    platform: nodePlatform(log, clock),
    registry: options.registry ?? nodeRegistry,
    components,
    relays: { open: () => Promise.reject(new Error("no relay client")) },
    transports: [],
    app,
    apiToken: options.apiToken,
    maxBodySize,
    strict: options.strict ?? false,
    extended: options.extended ?? new Map(),
    shutdown: (force) => {
      log.info("shutdown requested by the API");
      if (force && options.abort !== undefined) setTimeout(options.abort, 100);
      else void stop();
    },
  });
  const servers: HttpServer[] = [];
  let stopping: Promise<void> | undefined;
  let resolveStopped: () => void;
  const stopped = new Promise<void>((resolve) => {
    resolveStopped = resolve;
  });
  /** The doors close first, so that what is under way still finds its components. */
  const stop = () => {
    stopping ??= (async () => {
      await Promise.all(servers.map((server) => server.close(graceMs)));
      await runtime.stop();
      resolveStopped();
    })();
    return stopping;
  };
  const door = {
    addresses,
    policy: policy(options, addresses),
    apiToken: options.apiToken,
    maxBodySize,
    maxHeaderSize: (options.readBufferSize ?? 4096) + 4096,
    log,
    logCalls: options.logCalls ?? false,
  };
  try {
    const [server] = await Promise.all([
      listen({ ...door, port: options.port ?? 0, handle: (request) => runtime.handle(request) }).then(
        (opened) => {
          servers.push(opened);
          return opened;
        },
      ),
      runtime.start(),
    ]);
    return {
      appId: options.appId,
      port: server.port,
      url: `http://localhost:${server.port}`,
      runtime,
      stop,
      stopped,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
