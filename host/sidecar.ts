import type { Actors } from "./actors/actors.ts";
import type { Capabilities } from "./capability/capabilities.ts";
import type { AppChannel } from "./channel/app-channel.ts";
import type { OpenComponents } from "./components/open-component.ts";
import type { ConfigurationSubscriptions } from "./configuration-subscriptions.ts";
import type { Core } from "./core/core.ts";
import type { EventStreams } from "./event-streams.ts";
import type { HttpEndpoints } from "./http-endpoints.ts";
import type { Mesh } from "./mesh/mesh.ts";
import type { Outboxes } from "./outbox/outboxes.ts";
import type { Log, Platform } from "./platform.ts";
import type { Resiliency } from "./resiliency/resiliency.ts";
import type { Resources } from "./resources/resources.ts";
import type { Guards } from "./security/guards.ts";
import type { Subscriptions } from "./subscriptions.ts";
import type { Meters } from "./telemetry/metrics/meters.ts";
import type { Tracer } from "./telemetry/tracer.ts";

/** What is ready, part by part: the truth behind `/v1.0/healthz`. */
export interface Readiness {
  readonly core: boolean;
  readonly components: boolean;
  /** True without an app, or once it answered. */
  readonly app: boolean;
}

/** How the app is asked what it wants, when a sidecar starts and later. */
export interface Asking {
  /** False: its subscriptions are those that resources declare; true when left out. */
  readonly subscriptions?: boolean;
  /** False: it hosts no actors, whatever it would answer to `GET /dapr/config`; true when left out. */
  readonly config?: boolean;
  /** How long it may take to say whether it wants a binding's events; 3 s when left out. */
  readonly bindingProbeMs?: number;
}

/** What an endpoint may touch: one app's sidecar, without the runtime around it. */
export interface Sidecar {
  readonly appId: string;
  readonly namespace: string;
  readonly platform: Platform;
  readonly log: Log;
  readonly core: Core;
  readonly components: OpenComponents;
  /** As they are wanted at present: an update changes them. */
  readonly resources: Resources;
  /** Of those resources. */
  readonly resiliency: Resiliency;
  readonly app: AppChannel | undefined;
  readonly guards: Guards;
  readonly mesh: Mesh;
  readonly httpEndpoints: HttpEndpoints;
  readonly subscriptions: Subscriptions;
  readonly streams: EventStreams;
  readonly configurations: ConfigurationSubscriptions;
  readonly outboxes: Outboxes;
  readonly tracer: Tracer;
  /** Undefined where the host has none. */
  readonly actors: Actors | undefined;
  /** Undefined where none are loaded. */
  readonly capabilities: Capabilities | undefined;
  /** Undefined where nothing is measured. */
  readonly meters: Meters | undefined;
  /** `extended` of metadata: writable by PUT /v1.0/metadata/{key}, in memory only. */
  readonly extended: Map<string, string>;
  readonly asking: Asking;
  /** Bytes. */
  readonly maxBodySize: number;
  /** True: exactly today's Dapr; false: the book's forms are accepted too. */
  readonly strict: boolean;
  readonly readiness: Readiness;
  /** Aborts when the sidecar has let end what was under way: ends the retries of who has no signal of its own. */
  readonly ending: AbortSignal;
  /** Logs a sentence once for the life of the sidecar. */
  once(sentence: string): void;
  /** Begins a graceful stop, or ends the process at once. */
  shutdown(force: boolean): void;
}
