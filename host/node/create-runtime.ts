import { ActorApp } from "../actors/classes/actor-app.ts";
import type { ActorClasses } from "../actors/classes/actor-class.ts";
import { type ActorProxy, type AnyActor, actorProxy } from "../actors/classes/actor-proxy.ts";
import type { ActorSidecar } from "../actors/classes/actor-sidecar.ts";
import { apiActorSidecar } from "../actors/classes/api-actor-sidecar.ts";
import { SoloMembership } from "../actors/placement/solo-membership.ts";
import { hostedActors } from "../api/actors/hosted-actors.ts";
import type { AppChannel } from "../channel/app-channel.ts";
import { type FetchHandler, fetchChannel } from "../channel/fetch-channel.ts";
import { functionChannel } from "../channel/function-channel.ts";
import { growingRegistry } from "../components/extend-registry.ts";
import type { Registry } from "../components/registry.ts";
import { FakeClock } from "../fake-clock.ts";
import { type Body, type RuntimeRequest, readBody } from "../http.ts";
import type { RelayConnections } from "../mesh/relay-connection.ts";
import type { Transport } from "../mesh/transport.ts";
import type { Clock, Log } from "../platform.ts";
import { Runtime, type RuntimeOptions } from "../runtime.ts";
import { withApiToken } from "../security/api-token.ts";
import { consoleLog, systemClock } from "../web-platform.ts";
import type { GivenCapabilities } from "./capability/node-capabilities.ts";
import { nodeCore } from "./core-module.ts";
import { defaultComponents, type GivenComponents, givenResources } from "./given-components.ts";
import { nodePlatform } from "./node-platform.ts";
import { nodeRegistry, nodeRules } from "./registry.ts";

export interface CreateRuntimeOptions {
  readonly appId?: string;
  readonly namespace?: string;
  readonly registry?: Registry;
  /** YAML text, or objects. Left out: `statestore` and `pubsub`, in memory. */
  readonly components?: GivenComponents;
  /** A fetch-style handler, an object that has one (a Hono app), or a channel. */
  readonly app?: FetchHandler | { fetch: FetchHandler } | AppChannel;
  /** Classes whose methods are called as actors'. Beside them only a handler can be given as `app`. */
  readonly actors?: ActorClasses;
  readonly transports?: readonly Transport[];
  readonly relays?: RelayConnections;
  /** Capability packages, and what they are granted. */
  readonly capabilities?: GivenCapabilities;
  readonly apiToken?: string;
  readonly strict?: boolean;
  /** Bytes; 4 MiB when left out. */
  readonly maxBodySize?: number;
  /** `fake`, the default, stands still until {@link LocalRuntime.advance}; `system` is the machine's. */
  readonly clock?: "fake" | "system" | Clock;
  readonly log?: Log;
  readonly extended?: ReadonlyMap<string, string>;
  shutdown?(force: boolean): void;
}

const statusesWithoutBody: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** A sidecar in this process, called like `fetch` instead of over a socket. */
export class LocalRuntime extends Runtime {
  readonly #clock: Clock;

  constructor(options: RuntimeOptions) {
    super(options);
    this.#clock = options.platform.clock;
  }

  /**
   * Answers `/v1.0/…`, or a URL of any host, as the sidecar's port would. The path goes in as it is written: no dot
   * segment is resolved and no escape is changed on the way.
   */
  async fetch(pathOrUrl: string, init: RequestInit = {}): Promise<Response> {
    const { status, headers, body } = await this.handle(toRecord(pathOrUrl, init));
    const fields: [string, string][] = [];
    for (let i = 0; i < headers.length; i += 2) fields.push([headers[i] as string, headers[i + 1] as string]);
    const content = statusesWithoutBody.has(status) ? null : ((body ?? null) as BodyInit | null);
    return new Response(content, { status, headers: fields });
  }

  /** An actor by its type and id: `await runtime.actor<Counter>("Counter", "1").increment(2)`. */
  actor<T = AnyActor>(type: string, id: string): ActorProxy<T> {
    return actorProxy<T>(
      actorsBehind(() => this),
      type,
      id,
      () => undefined,
    );
  }

  /** Deactivates an actor, as when it has been idle for long; false when it is not active. */
  async deactivate(type: string, id: string): Promise<boolean> {
    return (await this.sidecar.actors?.deactivate?.(type, id)) ?? false;
  }

  /** Moves the fake clock on, running what falls due. Throws where the clock is not fake. */
  async advance(ms: number): Promise<void> {
    if (!(this.#clock instanceof FakeClock)) throw new Error("only a runtime with a fake clock can advance");
    await this.#clock.advance(ms);
  }
}

function toRecord(pathOrUrl: string, init: RequestInit): RuntimeRequest {
  const target = pathOrUrl.replace(/^https?:\/\/[^/?#]*/i, "");
  const end = target.indexOf("?");
  const method = (init.method ?? "GET").toUpperCase();
  const fields = new Headers(init.headers);
  let body: Body;
  if (init.body instanceof Uint8Array || init.body instanceof ReadableStream) body = init.body;
  else if (typeof init.body === "string") {
    // As the Fetch standard has it, without the stream that a Response would make of it.
    body = new TextEncoder().encode(init.body);
    if (!fields.has("content-type")) fields.set("content-type", "text/plain;charset=UTF-8");
  } else if (init.body !== undefined && init.body !== null) {
    // The Fetch standard's own rules for the type of a form or a blob.
    const response = new Response(init.body);
    body = response.body ?? undefined;
    const type = response.headers.get("content-type");
    if (type !== null && !fields.has("content-type")) fields.set("content-type", type);
  }
  const path = end === -1 ? target : target.slice(0, end);
  return {
    method,
    path: path.startsWith("/") ? path : `/${path}`,
    query: end === -1 ? "" : target.slice(end + 1).replace(/#.*$/, ""),
    headers: [...fields].flat(),
    body,
    signal: init.signal ?? undefined,
  };
}

function actorsBehind(runtime: () => LocalRuntime): ActorSidecar {
  return apiActorSidecar(async (request) => {
    const { status, headers, body } = await runtime().handle(request);
    return { status, headers, body: await readBody(body) };
  });
}

/** A handler given as it is, or as an object that has one; undefined for a channel. */
function handlerOf(app: CreateRuntimeOptions["app"]): FetchHandler | undefined {
  if (app === undefined || typeof app === "function") return app;
  return "invoke" in app ? undefined : (request) => app.fetch(request);
}

function channel({ app, actors }: CreateRuntimeOptions, runtime: () => LocalRuntime): AppChannel | undefined {
  const handler = handlerOf(app);
  if (actors !== undefined) {
    if (app !== undefined && handler === undefined)
      throw new TypeError("createRuntime(): actors are hosted beside a handler, not beside a channel");
    const classes = new ActorApp(actors, { sidecar: actorsBehind(runtime), fetch: handler });
    return { ...functionChannel((request) => classes.invoke(request)), abandonsTurns: true };
  }
  return handler === undefined ? (app as AppChannel | undefined) : fetchChannel(handler);
}

const noRelays: RelayConnections = {
  open: () => Promise.reject(new Error("this runtime was created without relays; pass them as an option")),
};

/** A fresh, isolated sidecar in this process, for tests: its own components, its own clock, ready when it resolves. */
export async function createRuntime(options: CreateRuntimeOptions = {}): Promise<LocalRuntime> {
  const { clock = "fake" } = options;
  const log = options.log ?? consoleLog("error", "daprlet");
  const [core, resources] = await Promise.all([
    nodeCore(),
    givenResources(options.components ?? defaultComponents(undefined), "createRuntime()"),
  ]);
  const platform = nodePlatform(
    log,
    clock === "fake" ? new FakeClock() : clock === "system" ? systemClock : clock,
  );
  const maxBodySize = options.maxBodySize ?? 4 << 20;
  const capabilities =
    options.capabilities &&
    (await (
      await import("./capability/node-capabilities.ts")
    ).nodeCapabilities(options.capabilities, {
      platform,
      maxBodySize,
    }));
  const runtime: LocalRuntime = new LocalRuntime({
    appId: options.appId ?? "app",
    namespace: options.namespace,
    host: "Node",
    core,
    platform,
    registry: growingRegistry(options.registry ?? nodeRegistry, () => capabilities?.components ?? []),
    rules: nodeRules,
    resources,
    relays: options.relays ?? noRelays,
    transports: options.transports ?? [],
    app: channel(options, () => runtime),
    actors: hostedActors(({ platform }) => new SoloMembership(platform)),
    apiToken: options.apiToken,
    maxBodySize,
    strict: options.strict ?? false,
    extended: options.extended ?? new Map(),
    capabilities,
    shutdown: (force) => options.shutdown?.(force),
  });
  capabilities?.attach((request) => runtime.handle(withApiToken(request, options.apiToken)), runtime);
  await runtime.start();
  capabilities?.start();
  // An app in this process is there at once; one behind a channel may need the clock to move.
  if (options.actors !== undefined || handlerOf(options.app) !== undefined) await runtime.appReady;
  return runtime;
}
