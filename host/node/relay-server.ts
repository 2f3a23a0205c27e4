import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { PlacementScheme } from "../actors/placement/membership.ts";
import type { PlacementTimes } from "../actors/placement/placement-times.ts";
import { apiError } from "../errors/api-error.ts";
import type { Body, RuntimeResponse } from "../http.ts";
import type { RelayLimits } from "../mesh/relay/relay-limits.ts";
import { Relay, type RelayGrant } from "../mesh/relay.ts";
import { maxFrame, subprotocol } from "../mesh/relay-protocol.ts";
import type { Clock, Log, Socket } from "../platform.ts";
import { type BrowserPolicy, loopbackHosts, refuseHost, refusePage } from "../security/browser-guard.ts";
import { cleartextListener } from "../security/cleartext.ts";
import { consoleLog } from "../web-platform.ts";
import { nodeCore } from "./core-module.ts";
import { nodePlatform } from "./node-platform.ts";
import { collect, NodeRequest, stream } from "./node-request.ts";
import { RelayGateway } from "./relay-gateway.ts";
import { respond } from "./respond.ts";

export interface RelayServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** 127.0.0.1 when left out. Beyond loopback a token is required. */
  readonly address?: string;
  /** Whoever has it may join any room as any app. */
  readonly token?: string;
  /** Tokens that entitle to certain rooms or app ids only. */
  readonly grants?: readonly RelayGrant[];
  /** Origins of pages that may join, beside those of this machine (`http://localhost:*`); `*` for all. */
  readonly origins?: readonly string[];
  /** Names beyond localhost under which the relay may be called. */
  readonly allowedHosts?: readonly string[];
  /** Names by which plain HTTP publishes to the relay's topics; `pubsub` when left out. */
  readonly pubsubNames?: readonly string[];
  /** Lets it listen beyond this machine: what members say is in clear text, unless a proxy in front of it ends TLS. */
  readonly allowCleartext?: boolean;
  readonly limits?: Partial<RelayLimits>;
  /** Of members that host actors. */
  readonly placementTimes?: PlacementTimes;
  /** How they are placed; `ring`, as Dapr does, when left out. */
  readonly placementScheme?: PlacementScheme;
  readonly clock?: Clock;
  readonly log?: Log;
}

export interface RelayServer {
  /** What members put into `url`: `ws://127.0.0.1:3499`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const maxBodySize = 4 << 20;
const bodyIdleMs = 30_000;
/** A request line with a whole URL, as proxies get it. */
const absoluteTarget = /^https?:\/\/([^/?#]*)/i;
const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);
const ownOrigin = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

/** Why a page may not open a socket, or undefined. Browsers send Origin with every upgrade, and pages cannot change it. */
function refuseOrigin(origin: string | undefined, origins: ReadonlySet<string>): string | undefined {
  if (origin === undefined || ownOrigin.test(origin) || origins.has(origin) || origins.has("*"))
    return undefined;
  return `a page of origin ${origin.slice(0, 200)} may not join this relay; allow it with --allowed-origins`;
}

/** Listens for members by WebSocket, and for `publish` and `invoke` by plain HTTP on the same port. */
export async function startRelay(options: RelayServerOptions): Promise<RelayServer> {
  const address = options.address ?? "127.0.0.1";
  const log = options.log ?? consoleLog("info", "daprlet relay");
  const grants = [...(options.grants ?? []), ...(options.token ? [{ token: options.token }] : [])];
  const beyond = !loopback.has(address);
  if (beyond && grants.length === 0) {
    throw new Error(
      `a relay that listens on ${address} can be reached from other machines and needs a token: --token, or DAPRLET_RELAY_TOKEN`,
    );
  }
  const remedy = "let a proxy that ends TLS stand before it on this machine";
  const cause = cleartextListener("the relay", [address], false, options.allowCleartext, remedy);
  if (cause !== undefined) throw new Error(cause);
  const platform = nodePlatform(log, ...(options.clock === undefined ? [] : [options.clock]));
  const relay = new Relay({
    platform,
    grants,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.placementTimes === undefined ? {} : { placementTimes: options.placementTimes }),
    ...(options.placementScheme === undefined ? {} : { placementScheme: options.placementScheme }),
  });
  const gateway = new RelayGateway({
    relay,
    core: await nodeCore(),
    platform,
    guarded: grants.length > 0,
    pubsubNames: options.pubsubNames ?? ["pubsub"],
    maxBodySize,
  });
  const origins = new Set(options.origins ?? []);
  const policy: BrowserPolicy = {
    hosts: new Set([...loopbackHosts, ...(options.allowedHosts ?? [])].map((host) => host.toLowerCase())),
    anyAddress: beyond,
    origins,
  };
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    perMessageDeflate: false,
    maxPayload: maxFrame,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  const timeouts = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 5_000 };
  const server = createServer(timeouts, (request, response) =>
    receive(request, response, gateway, policy, log),
  );
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => undefined);
    const refused = refuseUpgrade(request, policy, origins);
    if (refused !== undefined) {
      log.warn("a relay's socket was refused", { cause: refused[1] });
      endUpgrade(socket, ...refused);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) =>
      carry(opened, relay, request.socket.remoteAddress),
    );
  });
  const port = await bind(server, address, options.port);
  const host = address.includes(":") ? `[${address}]` : address;
  let closed: Promise<void> | undefined;
  return {
    url: `ws://${host}:${port}`,
    port,
    close() {
      closed ??= (async () => {
        await gateway.close();
        await relay.close();
        for (const socket of sockets.clients) socket.terminate();
        sockets.close();
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
      })();
      return closed;
    },
  };
}

function bind(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "EADDRINUSE"
          ? new Error(`port ${port} of ${address} is taken by another program; choose one with --port`)
          : error,
      );
    });
    server.listen({ port, host: address }, () => {
      server.removeAllListeners("error");
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Why a request is not for this relay, or undefined. An absolute target stands above Host; two Hosts name nobody. */
function refuseAddress({ rawHeaders, url }: IncomingMessage, policy: BrowserPolicy): string | undefined {
  const absolute = absoluteTarget.exec(url as string)?.[1];
  if (absolute !== undefined) return refuseHost(absolute, policy);
  const hosts = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === "host");
  return hosts.length === 0 ? undefined : refuseHost(hosts.join(", "), policy);
}

function refuseUpgrade(
  request: IncomingMessage,
  policy: BrowserPolicy,
  origins: ReadonlySet<string>,
): [status: string, cause: string] | undefined {
  const { headers } = request;
  const cause = refuseAddress(request, policy) ?? refuseOrigin(headers.origin, origins);
  if (cause !== undefined) return ["403 Forbidden", cause];
  if (headers.upgrade?.toLowerCase() !== "websocket") {
    return [
      "400 Bad Request",
      "this relay upgrades to WebSocket only; send HTTP/1.1 without an Upgrade header",
    ];
  }
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
  if (offered.includes(subprotocol)) return undefined;
  return ["400 Bad Request", `this relay speaks ${subprotocol}; use a member of the same release`];
}

function endUpgrade(socket: Duplex, status: string, cause: string): void {
  const body = Buffer.from(cause);
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${body.byteLength}\r\n\r\n${cause}`,
  );
}

/** Binds one WebSocket to the relay. */
function carry(socket: WebSocket, relay: Relay, address: string | undefined): void {
  const carried: Socket = {
    send: (data) => socket.send(data),
    get buffered() {
      return socket.bufferedAmount;
    },
    close: (code, reason) => socket.close(code, reason),
  };
  const events = relay.accept(carried, address);
  socket.on("message", (data: Buffer, binary: boolean) => {
    events.message(binary ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data.toString());
  });
  // `close` follows every error: it alone reports the end.
  socket.on("error", () => undefined);
  socket.on("close", (code, reason) => events.closed(code, reason.toString()));
}

function receive(
  request: IncomingMessage,
  response: ServerResponse,
  gateway: RelayGateway,
  policy: BrowserPolicy,
  log: Log,
): void {
  const { headers: named, rawHeaders: raw } = request;
  const answer = async (result: RuntimeResponse) => {
    try {
      await respond(response, result, undefined);
    } catch (error) {
      log.debug("an answer was cut off", { cause: error instanceof Error ? error.message : "unknown" });
      response.destroy();
    }
  };
  const cause =
    refuseAddress(request, policy) ??
    refusePage(
      { origin: named.origin, site: named["sec-fetch-site"] as string | undefined, referer: named.referer },
      policy,
    );
  if (cause !== undefined) {
    log.warn("a request to the relay was refused", { cause });
    response.shouldKeepAlive = false;
    void answer(apiError("ERR_FORBIDDEN_HOST", { cause }));
    return;
  }
  const headers = raw.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
  const target = (request.url as string).replace(absoluteTarget, "");
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? "" : target.slice(mark + 1);
  const length = Number(named["content-length"] ?? 0);
  const chunked = named["transfer-encoding"] !== undefined;
  const dispatch = (body: Body) => {
    const record = new NodeRequest(request.method as string, path, query, headers, body, response);
    gateway
      .handle(record)
      .catch((error: unknown) => {
        log.error("a request to the relay failed", {
          cause: error instanceof Error ? error.message : "unknown",
        });
        return apiError("ERR_INTERNAL", { cause: "see the relay's log" });
      })
      .then(answer);
  };
  if (!chunked && length > 0 && length <= maxBodySize) collect(request, length, bodyIdleMs, dispatch);
  else dispatch(chunked || length > 0 ? stream(request, maxBodySize) : undefined);
}
