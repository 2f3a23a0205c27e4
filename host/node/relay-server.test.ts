import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { Message } from "../components/pubsub/pubsub.ts";
import { readBody } from "../http.ts";
import { Mesh } from "../mesh/mesh.ts";
import { RelayClient } from "../mesh/relay-client.ts";
import { decodeFrame, encodeFrame, maxFrame, subprotocol } from "../mesh/relay-protocol.ts";
import { consoleLog } from "../web-platform.ts";
import { nodePlatform } from "./node-platform.ts";
import { type RelayServer, type RelayServerOptions, startRelay } from "./relay-server.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const running: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

async function relay(options: Partial<RelayServerOptions> = {}): Promise<RelayServer> {
  const server = await startRelay({ port: 0, log: silent, ...options });
  running.push(() => server.close());
  return server;
}

async function member(server: RelayServer, appId: string, token?: string) {
  const platform = nodePlatform(silent);
  const connection = await new RelayClient(platform).open({
    url: server.url,
    room: "default",
    token,
    appId,
    namespace: "default",
  });
  running.push(() => connection.release());
  return { ...connection, mesh: new Mesh([connection.transport], platform) };
}

/** How an upgrade ends: `101`, or the refusal's status. */
function upgrade(
  server: RelayServer,
  headers: Record<string, string>,
  protocols = [subprotocol],
): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(server.url.replace("0.0.0.0", "127.0.0.1"), protocols, { headers });
    socket.on("open", () => {
      socket.close();
      resolve(101);
    });
    socket.on("unexpected-response", (request, response) => {
      request.destroy();
      resolve(response.statusCode as number);
    });
    socket.on("error", reject);
  });
}

/** The status that the lines of a request's head are answered with. */
function statusOf({ port }: RelayServer, head: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(`${head.join("\r\n")}\r\n\r\n`));
    socket.once("data", (data) => resolve(Number(data.toString().split(" ")[1])));
    socket.once("error", reject);
  });
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function call(
  server: RelayServer,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string | Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { port: server.port, host: "127.0.0.1", method, path, headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode as number, body: Buffer.concat(chunks).toString() }),
        );
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

describe("members by WebSocket", () => {
  it("publish, subscribe, and call each other", async () => {
    const server = await relay();
    const a = await member(server, "a");
    const b = await member(server, "b");
    const got: Message[] = [];
    await b.subscribe(
      { topic: "t", consumerId: "b", metadata: new Map() },
      async (message) => void got.push(message),
      { concurrency: 10, backOff: { initialMs: 100, maxMs: 100 } },
    );
    const data = new Uint8Array(100_000).map((_, i) => i % 251);
    await a.publish({
      topic: "t",
      data,
      contentType: "x/y",
      metadata: new Map([["k", "v"]]),
      requestId: undefined,
    });
    await expect.poll(() => got.length).toBe(1);
    expect(Buffer.compare(got[0]?.data as Uint8Array, data)).toBe(0);
    expect(got[0]).toMatchObject({ topic: "t", contentType: "x/y", attempt: 1 });

    await b.transport.join(
      { appId: "b", namespace: "default", instance: "b-1" },
      async ({ body }, caller) => ({
        status: 201,
        headers: ["x-caller", `${caller.appId} ${caller.address}`],
        body: await readBody(body),
      }),
    );
    const request = { method: "POST", path: "/", query: "", headers: [], body: data };
    await expect.poll(async () => (await a.transport.instances("b", "default")).length).toBe(1);
    const response = await a.mesh.invoke("b", "default", request);
    expect(response).toMatchObject({ status: 201, headers: ["x-caller", "a 127.0.0.1"] });
    expect(Buffer.compare(await readBody(response.body), data)).toBe(0);
  });

  it("come back to a relay that was restarted on the same port", async () => {
    const first = await relay();
    const a = await member(first, "a");
    const b = await member(first, "b");
    const got: string[] = [];
    await b.subscribe(
      { topic: "t", consumerId: "b", metadata: new Map() },
      async ({ data }) => void got.push(new TextDecoder().decode(data)),
      { concurrency: 10, backOff: { initialMs: 100, maxMs: 100 } },
    );
    await first.close();
    const { port } = first;
    await relay({ port });
    const data = new TextEncoder().encode("again");
    await a.publish({ topic: "t", data, contentType: undefined, metadata: new Map(), requestId: undefined });
    await expect.poll(() => got, { timeout: 5000 }).toEqual(["again"]);
  });

  it("are put out for a message larger than a frame", async () => {
    const server = await relay();
    const socket = new WebSocket(server.url, [subprotocol]);
    await new Promise((resolve) => socket.once("open", resolve));
    socket.send(encodeFrame({ t: "hello", v: 1, room: "r", appId: "a", namespace: "n" }));
    await new Promise((resolve) => socket.once("message", resolve));
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    socket.send(new Uint8Array(maxFrame + 1));
    expect(await closed).toBe(1009);
  });

  it("are told why a token is refused, before the socket ends", async () => {
    const server = await relay({ token: "secret" });
    const socket = new WebSocket(server.url, [subprotocol]);
    await new Promise((resolve) => socket.once("open", resolve));
    const message = new Promise<Buffer>((resolve) => socket.once("message", resolve));
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    socket.send(encodeFrame({ t: "hello", v: 1, room: "r", appId: "a", namespace: "n", token: "Secret" }));
    expect(decodeFrame(new Uint8Array(await message)).frame).toMatchObject({
      t: "refused",
      code: "UNAUTHENTICATED",
    });
    expect(await closed).toBe(4401);
    await expect(member(server, "a", "wrong")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await (await member(server, "a", "secret")).release();
  });
});

describe("an upgrade", () => {
  const cases: [string, Record<string, string>, number][] = [
    ["of a program", {}, 101],
    ["of a page on this machine", { origin: "http://localhost:5173" }, 101],
    ["of a page on this machine, by address", { origin: "http://127.0.0.1" }, 101],
    ["of a page on this machine, by IPv6", { origin: "https://[::1]:8443" }, 101],
    ["of a foreign page", { origin: "https://evil.example" }, 403],
    ["of a page that looks local", { origin: "http://localhost.evil.example" }, 403],
    ["of a page that looks local to the careless", { origin: "http://localhost:80@evil.example" }, 403],
    ["of a page without an origin", { origin: "null" }, 403],
    ["of a rebound name", { host: "evil.example:3499" }, 403],
    ["of a rebound name with a local page", { host: "evil.example", origin: "http://localhost" }, 403],
  ];
  for (const [name, headers, status] of cases) {
    it(`${name}: ${status}`, async () => expect(await upgrade(await relay(), headers)).toBe(status));
  }

  it("of an allowed origin and host: 101", async () => {
    const server = await relay({ origins: ["https://app.example"], allowedHosts: ["relay.example"] });
    expect(await upgrade(server, { origin: "https://app.example", host: "relay.example" })).toBe(101);
    expect(await upgrade(server, { origin: "https://other.example" })).toBe(403);
  });

  it("of another version, or of none: 400", async () => {
    const server = await relay();
    expect(await upgrade(server, {}, ["daprlet.relay.v2"])).toBe(400);
    expect(await upgrade(server, {}, [])).toBe(400);
  });
});

describe("beyond loopback", () => {
  it("a token is required", async () => {
    await expect(relay({ address: "0.0.0.0" })).rejects.toThrow(/needs a token/);
    await expect(relay({ address: "0.0.0.0", token: "secret" })).rejects.toThrow(
      /the relay would listen on 0\.0\.0\.0, beyond this machine, in clear text; .*--allow-cleartext/,
    );
    const server = await relay({ address: "0.0.0.0", token: "secret", allowCleartext: true });
    expect((await call(server, "POST", "/v1.0/publish/pubsub/t")).status).toBe(401);
  });

  it("a port that is taken is named", async () => {
    const { port } = await relay();
    await expect(relay({ port })).rejects.toThrow(`port ${port} of 127.0.0.1 is taken`);
  });
});

describe("plain HTTP", () => {
  it("publishes an envelope that subscribers get", async () => {
    const server = await relay();
    const b = await member(server, "b");
    const got: string[] = [];
    await b.subscribe(
      { topic: "A", consumerId: "b", metadata: new Map() },
      async ({ data }) => void got.push(new TextDecoder().decode(data)),
      { concurrency: 10, backOff: { initialMs: 100, maxMs: 100 } },
    );
    const headers = { "content-type": "application/json" };
    const answer = await call(
      server,
      "POST",
      "/v1.0/publish/pubsub/A",
      headers,
      '{"message":"This is a test"}',
    );
    expect(answer).toEqual({ status: 204, body: "" });
    await expect.poll(() => got.length).toBe(1);
    expect(JSON.parse(got[0] as string)).toMatchObject({
      data: { message: "This is a test" },
      source: "relay",
      topic: "A",
      pubsubname: "pubsub",
      specversion: "1.0",
    });
    expect((await call(server, "POST", "/v1.0/publish/other/A", headers, "{}")).status).toBe(404);
  });

  it("invokes members, and says who calls by the token, never by a header", async () => {
    const grants = [{ token: "all" }, { token: "cron-token", appId: "cron" }];
    const server = await relay({ grants });
    const b = await member(server, "b", "all");
    let seen: readonly string[] = [];
    const callers: string[] = [];
    await b.transport.join({ appId: "b", namespace: "default", instance: "b-1" }, async (request, caller) => {
      seen = [request.method, request.path, request.query, ...request.headers];
      callers.push(caller.appId);
      return { status: 418, headers: [], body: new TextEncoder().encode("teapot") };
    });
    const path = "/v1.0/invoke/b/method/x?q=%31";
    const spoof = { "dapr-caller-app-id": "bank" };
    expect(await call(server, "PUT", path, { authorization: "Bearer all", ...spoof })).toEqual({
      status: 418,
      body: "teapot",
    });
    expect(seen.slice(0, 3)).toEqual(["PUT", "/x", "q=%31"]);
    expect(seen.join("|")).not.toContain("Bearer");
    expect((await call(server, "GET", path, { "dapr-api-token": "cron-token", ...spoof })).status).toBe(418);
    expect(seen.join("|")).not.toContain("cron-token");
    expect(seen).not.toContain("bank");
    expect(callers).toEqual(["relay", "cron"]);
    expect(
      (await call(server, "GET", "/v1.0/invoke/nobody/method/x", { authorization: "Bearer all" })).body,
    ).toContain("couldn't find service: nobody");
  });

  it("asks for the token where there is one", async () => {
    const server = await relay({ token: "secret" });
    for (const headers of [
      {},
      { "dapr-api-token": "wrong" },
      { authorization: "Bearer wrong" },
      { authorization: "secret" },
    ]) {
      expect(
        await call(server, "POST", "/v1.0/publish/pubsub/t", headers as Record<string, string>, "x"),
      ).toEqual({
        status: 401,
        body: "invalid api token",
      });
    }
    expect(
      (await call(server, "POST", "/v1.0/publish/pubsub/t", { "dapr-api-token": "secret" }, "x")).status,
    ).toBe(204);
    expect((await call(server, "GET", "/v1.0/healthz")).status).toBe(204);
  });

  it("serves nothing else of the API, however the path is written", async () => {
    const server = await relay();
    const paths = [
      "/v1.0/shutdown",
      "/v1.0/publish/../shutdown",
      "/v1.0/invoke/x/method/../../../../v1.0/shutdown",
      "/v1.0/state/statestore",
      "/v1.0/publish/%2e%2e/metadata",
    ];
    for (const path of paths) {
      const { status } = await call(server, "POST", path, {}, "[]");
      expect([path, status >= 400]).toEqual([path, true]);
    }
    const metadata = await call(server, "GET", "/v1.0/metadata");
    expect([metadata.status, metadata.body.includes("a relay serves publish, invoke")]).toEqual([501, true]);
    expect((await call(server, "GET", "/v1.0/healthz")).status).toBe(204);
  });

  it("calls nobody outside", async () => {
    const server = await relay();
    const answer = await call(
      server,
      "GET",
      `/v1.0/invoke/http://127.0.0.1:${server.port}/method/v1.0/healthz`,
    );
    expect(answer.status).toBe(500);
    expect(answer.body).toContain("calls its members only");
  });

  it("is closed to pages and rebound names", async () => {
    const server = await relay({ origins: ["https://app.example"] });
    const publish = (headers: Record<string, string>) =>
      call(server, "POST", "/v1.0/publish/pubsub/t", headers, "x");
    expect((await publish({ origin: "https://evil.example" })).status).toBe(403);
    expect((await publish({ origin: "null" })).status).toBe(403);
    expect((await publish({ "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await publish({ host: "evil.example" })).status).toBe(403);
    const lines = (line: string, ...hosts: string[]) =>
      statusOf(server, [line, ...hosts.map((host) => `Host: ${host}`), "Connection: close"]);
    expect(await lines("GET /v1.0/healthz HTTP/1.1", "localhost", "evil.example")).toBe(403);
    expect(await lines("GET http://evil.example/v1.0/healthz HTTP/1.1", "localhost")).toBe(403);
    expect(await lines("GET http://localhost/v1.0/healthz HTTP/1.1", "evil.example")).toBe(204);
    expect(
      await lines("GET /v1.0/healthz HTTP/1.1", "localhost\r\nConnection: Upgrade\r\nUpgrade: h2c"),
    ).toBe(400);
    expect((await publish({ origin: "https://app.example" })).status).toBe(204);
  });

  it("takes no body above its limit, announced or streamed", async () => {
    const server = await relay();
    const large = Buffer.alloc((4 << 20) + 1, 97);
    const announced = await call(
      server,
      "POST",
      "/v1.0/publish/pubsub/t",
      { "content-length": String(large.length) },
      large,
    );
    const streamed = await call(
      server,
      "POST",
      "/v1.0/publish/pubsub/t",
      { "transfer-encoding": "chunked" },
      large,
    );
    expect([announced.status >= 400, streamed.status >= 400]).toEqual([true, true]);
    expect((await call(server, "GET", "/v1.0/healthz")).status).toBe(204);
  });
});

describe("closing", () => {
  it("ends everything, twice over", async () => {
    const server = await startRelay({ port: 0, log: consoleLog("error", "relay") });
    await member(server, "a");
    await call(server, "POST", "/v1.0/publish/pubsub/t", {}, "x");
    await server.close();
    await server.close();
    await expect(call(server, "GET", "/v1.0/healthz")).rejects.toThrow();
  });
});
