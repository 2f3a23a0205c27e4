import { existsSync, readdirSync } from "node:fs";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { exchangeBytes } from "../node/raw-http.ts";
import { appRow } from "./gateway-table.ts";
import { plainUpstream, underWasmtime } from "./gateways.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

const head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n";

/** What upstreams do, by the name of their app. */
const upstreams: Readonly<Record<string, (socket: Socket) => unknown>> = {
  hangsUp: (socket) => socket.end(),
  resets: (socket) => socket.resetAndDestroy(),
  halfHead: (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-le"),
  garbage: (socket) => socket.end("hello there\r\n\r\n"),
  muchHead: (socket) => socket.end(`${head}x-much: ${"y".repeat(200_000)}\r\ncontent-length: 0\r\n\r\n`),
  never: () => undefined,
  short: (socket) => socket.end(`${head}content-length: 10\r\n\r\nhello`),
  cutChunk: (socket) => socket.end(`${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`),
  stalls: (socket) => socket.write(`${head}content-length: 10\r\n\r\nhello`),
  early: (socket) => socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nno!"),
  informs: (socket) =>
    socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${head}content-length: 2\r\n\r\nok`),
  trails: (socket) =>
    socket.write(
      `${head}transfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n`,
    ),
  untilClose: (socket) => socket.end(`${head}connection: close\r\n\r\nall of it`),
  floods: async (socket) => {
    socket.write(`${head}content-length: ${1 << 30}\r\n\r\n`);
    const chunk = Buffer.alloc(65_536, "x");
    while (!socket.destroyed) {
      if (!socket.write(chunk))
        await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
    }
  },
};

underWasmtime("what ends before it is over", () => {
  for (const sockets of [false, true])
    for (const reused of [false, true])
      describe(`${sockets ? "over sockets, " : ""}in ${reused ? "reused" : "fresh"} instances`, () =>
        broken(reused, sockets));
});

function broken(reused: boolean, sockets: boolean): void {
  let gateway: Gateway;
  let servers: Map<string, RawUpstream>;
  const upstream = (name: string) => servers.get(name) as RawUpstream;

  beforeAll(async () => {
    servers = new Map();
    for (const [name, answer] of Object.entries(upstreams)) servers.set(name, await startRawUpstream(answer));
    gateway = await startGateway(
      {
        timeout: 400,
        maxBody: 0,
        apps: Array.from(servers, ([name, { port }]) =>
          appRow(name, [plainUpstream(port, { transport: sockets ? 0 : 1 })]),
        ),
      },
      // Sound connections to upstreams are kept until then.
      { reused, idle: "1s", variant: sockets ? "http+sockets" : "http" },
    );
  }, 30_000);
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all(Array.from(servers?.values() ?? [], (server) => server.close()));
  });

  const get = (name: string) => gateway.fetch(`/v1.0/invoke/${name}/method/x`);

  it.each([
    ["hangsUp", 502],
    ["resets", 502],
    ["halfHead", 502],
    ["garbage", 502],
    ["muchHead", 502],
    ["never", 504],
  ])("answers Dapr's error where the upstream %s", async (name, status) => {
    const answer = await get(name);
    expect([answer.status, answer.errorCode]).toEqual([status, "ERR_DIRECT_INVOKE"]);
    expect(answer.message).not.toMatch(/127\.0\.0\.1|:\d{4}/);
  });

  it.each(["short", "cutChunk", "stalls"])("cuts off an answer that is not whole: %s", async (name) => {
    const text = await exchangeBytes(
      gateway.port,
      `GET /v1.0/invoke/${name}/method/x HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    );
    // What was there may be lost with the cut, but nothing else is sent.
    if (text !== "") expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
    // Chunked: no last chunk. With a length: fewer bytes than that.
    expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
    await expect(get(name)).rejects.toThrow();
  });

  it("passes on what is answered before the body was read", async () => {
    const answer = await gateway.fetch("/v1.0/invoke/early/method/x", {
      method: "POST",
      body: "x".repeat(200_000),
      streamed: true,
    });
    expect([answer.status, answer.text]).toEqual([413, "no!"]);
  });

  it("waits for the final answer behind informational ones", async () => {
    const answer = await get("informs");
    expect([answer.status, answer.text]).toEqual([200, "ok"]);
  });

  it("passes on a body that lasts until its connection closes", async () => {
    expect((await get("untilClose")).text).toBe("all of it");
  });

  it("passes on what follows a body", async () => {
    const text = await exchangeBytes(
      gateway.port,
      "GET /v1.0/invoke/trails/method/x HTTP/1.1\r\nhost: localhost\r\nte: trailers\r\n\r\n",
      500,
    );
    expect(text).toMatch(/2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n$/);
  });

  it("leaves the upstream when the caller goes in the middle of the answer", async () => {
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write("GET /v1.0/invoke/floods/method/x HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    expect(upstream("floods").open.size).toBe(1);
    socket.destroy();
    await expect.poll(() => upstream("floods").open.size, { timeout: 3_000 }).toBe(0);
  });

  it("takes from the upstream no more than the caller does", async () => {
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write("GET /v1.0/invoke/floods/method/x HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    await pause(150);
    const [source] = upstream("floods").open;
    const before = source?.bytesWritten ?? 0;
    await pause(100);
    expect(source?.bytesWritten).toBe(before);
    expect(before).toBeLessThan(24 << 20);
    socket.destroy();
  });

  it("leaves the upstream when the caller goes in the middle of the request", async () => {
    const call = request({
      port: gateway.port,
      host: "127.0.0.1",
      method: "POST",
      path: "/v1.0/invoke/never/method/x",
      headers: { "content-length": "1000000" },
    });
    call.on("error", () => undefined);
    call.write("x".repeat(100_000));
    await expect.poll(() => upstream("never").received()).toBeGreaterThan(50_000);
    call.destroy();
    await expect.poll(() => upstream("never").open.size, { timeout: 3_000 }).toBe(0);
  });

  it("has nothing open in the end", async () => {
    for (const name of Object.keys(upstreams)) {
      await expect.poll(() => upstream(name).open.size, { timeout: 3_000 }).toBe(0);
    }
    expect(gateway.said()).not.toMatch(/trap|unreachable|panick/i);
    const files = `/proc/${gateway.pid}/fd`;
    if (existsSync(files)) expect(readdirSync(files).length).toBeLessThan(60);
    expect((await gateway.fetch("/v1.0/healthz")).status).toBe(204);
  });
}
