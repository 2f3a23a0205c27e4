import type { FetchHandler } from "../channel/fetch-channel.ts";
import type { Registry } from "../components/registry.ts";
import type { Clock, Log, LogLevel } from "../platform.ts";
import type { Environment } from "../resources/value-entries.ts";
import type { Asking } from "../sidecar.ts";
import type { AppHealthOptions } from "./app-health.ts";
import type { GivenCapabilities } from "./capability/node-capabilities.ts";
import type { NodeWasmApp } from "./capability/wasm-app-channel.ts";
import type { CertificateFiles } from "./certificate-files.ts";
import type { GivenComponents } from "./given-components.ts";

export interface MetricsDoor {
  /** Left out: a free one. */
  readonly port?: number;
  /** Where no port is given: taken if it is free. */
  readonly preferredPort?: number;
  /** Loopback, IPv4 and IPv6, when left out. */
  readonly listenAddresses?: readonly string[];
}

export interface SidecarOptions {
  readonly appId: string;
  readonly namespace?: string;
  /** An app in this process, as a fetch-style handler. */
  readonly app?: FetchHandler;
  /** An app as a WebAssembly module of the capability ABI, run in worker threads. */
  readonly appWasm?: NodeWasmApp;
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
  /** Where Prometheus reads metrics, unless a Configuration turns them off; left out: nothing is measured. */
  readonly metrics?: MetricsDoor;
  /** Listens by HTTPS. The files are read again when they change. */
  readonly certificate?: CertificateFiles;
  /** Allows what others on the way could read: to listen, and to call relays and sidecars, beyond this machine without TLS. */
  readonly allowCleartext?: boolean;
  /** Serves health and metadata only, without a token. */
  readonly publicPort?: number;
  /** Where it listens; as the API does when left out. */
  readonly publicListenAddresses?: readonly string[];
  readonly asking?: Asking;
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
  /** Capability packages, and what they are granted. */
  readonly capabilities?: GivenCapabilities;
  readonly resourcesPaths?: readonly string[];
  /** Files with Configurations, the later above the earlier; `${NAME}` in them is the environment's. */
  readonly configPaths?: readonly string[];
  readonly environment?: Environment;
  /** The folder in which the sidecars of this machine find each other; left out: this one stays by itself. */
  readonly machineFolder?: string;
  /** Merged into what `daprlet list` shows. */
  readonly status?: () => Readonly<Record<string, string | number | undefined>>;
  /** The URL of a relay to join, and what it asks for. */
  readonly relay?: string;
  readonly relayRoom?: string;
  readonly relayToken?: string;
  readonly registry?: Registry;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly logLevel?: LogLevel;
  /** Whether calls of the API are logged; left out, a Configuration says. */
  readonly logCalls?: boolean;
  readonly strict?: boolean;
  readonly extended?: ReadonlyMap<string, string>;
  /** What a stop asked for by the API or `daprlet stop` does; left out, the sidecar stops at once. */
  readonly onStopRequest?: () => void;
  /** For a shutdown that a caller of the API forces; ends the process in the CLI. */
  readonly abort?: () => void;
  /** How long requests under way may last once a stop has begun; 5 s when left out. */
  readonly gracefulShutdownMs?: number;
  /** How long a stop leaves all as it is before it begins, unless the app's health checks fail before; 0 when left out. */
  readonly blockShutdownMs?: number;
  /** Resource files are read again so often, though nobody saw them change; left out: never. */
  readonly reconcileMs?: number;
}
