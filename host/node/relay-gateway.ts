import { PlacementClient } from "../actors/placement/placement-client.ts";
import { hostedActors } from "../api/actors/hosted-actors.ts";
import { endpoints } from "../api/endpoints.ts";
import { relayPubSub } from "../components/pubsub/relay.ts";
import type { Core } from "../core/core.ts";
import { apiError } from "../errors/api-error.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { header, json, type RuntimeRequest, type RuntimeResponse, text, withoutHeader } from "../http.ts";
import { BackgroundRelay } from "../mesh/background-relay.ts";
import { connectLocally } from "../mesh/relay/local-socket.ts";
import type { Relay } from "../mesh/relay.ts";
import { RelayClient } from "../mesh/relay-client.ts";
import type { Platform } from "../platform.ts";
import { componentDefaults } from "../resources/component.ts";
import { noResources } from "../resources/resources.ts";
import { Runtime } from "../runtime.ts";

export interface RelayGatewayOptions {
  readonly relay: Relay;
  readonly core: Core;
  readonly platform: Platform;
  /** True: every call must carry a token that the relay knows. */
  readonly guarded: boolean;
  /** Names under which `publish` finds the relay's topics. */
  readonly pubsubNames: readonly string[];
  /** Bytes. */
  readonly maxBodySize: number;
}

/** What scripts and gateways may call; all else of the API has nothing behind it in a relay. */
const served: ReadonlySet<string> = new Set([
  "publish.event",
  "invoke.method",
  "actors.invoke",
  "actors.reminder",
  "actors.timer",
  "healthz.get",
  "healthz.outbound",
]);
const maxRuntimes = 100;
const bearer = /^Bearer +(\S+) *$/i;

/**
 * Dapr's `publish`, `invoke` and calls of actors by plain HTTP, for who holds no socket to the relay. Each caller acts as the app that
 * its token is bound to, else as the app `relay`; behind it stands a runtime that is a member of the room.
 */
export class RelayGateway {
  readonly #options: RelayGatewayOptions;
  readonly #runtimes = new Map<string, Promise<Runtime>>();

  constructor(options: RelayGatewayOptions) {
    this.#options = options;
  }

  async handle(request: RuntimeRequest): Promise<RuntimeResponse> {
    const { relay, core, guarded, maxBodySize } = this.#options;
    const route = core.route(request.method, request.path);
    const endpoint = typeof route === "string" ? undefined : endpoints[route.operation];
    if (endpoint?.name === "healthz.get") return { status: 204, headers: [], body: undefined };
    const credentials = bearer.exec(header(request.headers, "authorization") ?? "")?.[1];
    const token = header(request.headers, "dapr-api-token") ?? credentials;
    const grant = relay.grant(token);
    if (guarded && grant === undefined) return text("invalid api token", 401);
    if (request.method === "GET" && request.path === "/placement/state") {
      const asked = grant?.room ?? (header(request.headers, "daprlet-room") || "default");
      return json(relay.placement(asked, grant?.namespace));
    }
    if (endpoint !== undefined && !served.has(endpoint.name)) {
      return apiError("ERR_RELAY_UNSERVED", { block: endpoint.name.split(".")[0] as string });
    }
    if (request.body instanceof Uint8Array && request.body.byteLength > maxBodySize) {
      return apiError("ERR_BODY_READ", { cause: `request body is larger than ${maxBodySize} bytes` });
    }
    const room = grant?.room ?? (header(request.headers, "daprlet-room") || "default");
    let runtime: Runtime;
    try {
      runtime = await this.#runtime(
        room,
        grant?.appId ?? "relay",
        grant?.namespace ?? "default",
        grant?.token,
      );
    } catch (error) {
      const cause = reasonOf(error);
      return apiError("ERR_RUNTIME_UNAVAILABLE", { cause });
    }
    let headers = withoutHeader(request.headers, "daprlet-room");
    // The relay's token is between the caller and the relay: no app may see it.
    if (credentials !== undefined && grant !== undefined) headers = withoutHeader(headers, "authorization");
    const { method, path, query, body, signal } = request;
    return runtime.handle({ method, path, query, headers, body, signal });
  }

  #runtime(room: string, appId: string, namespace: string, token: string | undefined): Promise<Runtime> {
    const key = JSON.stringify([room, appId, namespace, token]);
    let runtime = this.#runtimes.get(key);
    if (runtime === undefined) {
      if (this.#runtimes.size >= maxRuntimes) {
        return Promise.reject(new Error(`the relay serves HTTP callers of at most ${maxRuntimes} rooms`));
      }
      runtime = this.#start(room, appId, namespace, token);
      this.#runtimes.set(key, runtime);
      runtime.catch(() => this.#runtimes.delete(key));
    }
    return runtime;
  }

  async #start(room: string, appId: string, namespace: string, token: string | undefined): Promise<Runtime> {
    const { relay, core, pubsubNames, maxBodySize } = this.#options;
    const platform: Platform = {
      ...this.#options.platform,
      fetch: () => Promise.reject(new Error("a relay calls its members only, and nobody outside")),
      connect: (_url, _protocols, events) => connectLocally(relay, events),
    };
    const url = "wss://relay.internal";
    const metadata = new Map([
      ["url", url],
      ["room", room],
    ]);
    const relays = new RelayClient(platform);
    const member = new BackgroundRelay({ url, room, token, appId, namespace }, relays, platform);
    if (token !== undefined) metadata.set("token", token);
    const runtime = new Runtime({
      appId,
      namespace,
      host: "Node",
      core,
      platform,
      registry: { pubsub: [relayPubSub] },
      rules: undefined,
      resources: {
        ...noResources,
        components: pubsubNames.map((name) => ({
          ...componentDefaults,
          name,
          type: "pubsub.relay",
          metadata,
          origin: "the relay",
        })),
      },
      relays,
      transports: [member],
      actors: hostedActors(() => new PlacementClient(member.placement, platform), { isDoor: true }),
      app: undefined,
      apiToken: undefined,
      maxBodySize,
      strict: false,
      extended: new Map(),
      shutdown: () => undefined,
    });
    await runtime.start();
    return runtime;
  }

  async close(): Promise<void> {
    const runtimes = await Promise.allSettled(this.#runtimes.values());
    this.#runtimes.clear();
    await Promise.all(runtimes.map((each) => (each.status === "fulfilled" ? each.value.stop() : undefined)));
  }
}
