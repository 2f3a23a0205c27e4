import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { exchangeBytes } from "../node/raw-http.ts";
import { appRow } from "./gateway-table.ts";
import { plainUpstream, underWasmtime } from "./gateways.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

const requests = Number(process.env.GATEWAY_REQUESTS ?? 2_000);

/** A connection of the app: how many requests it was asked, and what it does with the next one. */
interface Asked {
  readonly socket: Socket;
  count: number;
}

const ok = "HTTP/1.1 200 OK\r\n";
const chunked = "transfer-encoding: chunked\r\n";

/** Answers after which the next one could begin anywhere. */
const ambiguous = {
  "two lengths": `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nab`,
  "a length and chunks": `${ok}content-length: 5\r\n${chunked}\r\n0\r\n\r\n`,
  "an unknown coding": `${ok}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  "a folded line": `${ok}a: b\r\n c\r\ncontent-length: 0\r\n\r\n`,
  "a bare line feed": `${ok}a: b\ncontent-length: 0\r\n\r\n`,
  "a space before a colon": `${ok}content-length : 0\r\n\r\n`,
  "another protocol": "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
};

underWasmtime("connections of the gateway's own", () => {
  let app: Server;
  let gateway: Gateway;
  /** Upstreams with those answers. */
  let hostile: Map<string, RawUpstream>;
  /** In the order in which they were made. */
  let asked: Asked[];
  /** Connections that end, without an answer, with their second request. */
  let hangsUp = false;

  beforeAll(async () => {
    asked = [];
    app = createServer((call, response) => {
      const { url = "" } = call;
      const connection = asked.find(({ socket }) => socket === call.socket) as Asked;
      connection.count++;
      if (hangsUp && connection.count === 2) return void call.socket.destroy();
      if (url === "/echo") return void call.pipe(response);
      if (url === "/idle/1") response.setHeader("keep-alive", "timeout=1");
      call.resume().on("end", () => {
        if (url === "/trailers") return response.end(JSON.stringify(call.trailers));
        if (url === "/close") response.shouldKeepAlive = false;
        if (url === "/none") return response.writeHead(204).end();
        if (url === "/same") return response.writeHead(304, { "content-length": "5" }).end();
        response.writeHead(200, { "content-type": "text/plain", "content-length": "2" }).end("ok");
      });
    });
    app.keepAliveTimeout = 60_000;
    app.on("connection", (socket: Socket) => asked.push({ socket, count: 0 }));
    await new Promise<void>((resolve) => app.listen(0, "localhost", resolve));
    const { port } = app.address() as { port: number };
    hostile = new Map();
    for (const [what, answer] of Object.entries(ambiguous)) {
      hostile.set(what, await startRawUpstream((socket) => socket.write(answer)));
    }
    const away = plainUpstream(1, { transport: 0 });
    const here = plainUpstream(port, { transport: 0 });
    const named = { ...here, host: "localhost", address: new Uint8Array() };
    const nameless = { ...named, host: "nobody.invalid" };
    gateway = await startGateway(
      {
        timeout: 10_000,
        connectTimeout: 2_000,
        maxBody: 0,
        apps: [
          appRow("app", [here]),
          appRow("named", [named]),
          appRow("nameless", [nameless]),
          appRow("away", [away]),
          ...Array.from(hostile, ([what, upstream]) =>
            appRow(what.replaceAll(" ", "-"), [plainUpstream(upstream.port, { transport: 0 })]),
          ),
        ],
      },
      { variant: "http+sockets", reused: true, flags: ["-S", "allow-ip-name-lookup"] },
    );
  }, 30_000);
  afterAll(async () => {
    await gateway?.stop();
    app?.closeAllConnections();
    app?.close();
    await Promise.all(Array.from(hostile ?? [], ([, upstream]) => upstream.close()));
  });

  const ask = (path: string, method = "GET", to = "app") =>
    gateway.fetch(`/v1.0/invoke/${to}/method/${path}`, { method });

  /** Connections that were made while that was done. */
  async function made(calls: () => Promise<unknown>): Promise<number> {
    const before = asked.length;
    await calls();
    return asked.length - before;
  }

  it("serve one request after the other", async () => {
    const count = await made(async () => {
      for (let i = 0; i < 200; i++) expect((await ask("x")).text).toBe("ok");
    });
    expect(count).toBeLessThan(50);
  });

  it.each([
    ["HEAD", "x", 200],
    ["GET", "none", 204],
    ["GET", "same", 304],
    ["POST", "x", 200],
    ["DELETE", "x", 200],
  ])("serve another one after %s %s", async (method, path, status) => {
    const count = await made(async () => {
      for (let i = 0; i < 20; i++) expect((await ask(path, method)).status).toBe(status);
    });
    expect(count).toBeLessThan(15);
  });

  it("end where the upstream says so", async () => {
    app.closeIdleConnections();
    const count = await made(async () => {
      for (let i = 0; i < 20; i++) expect((await ask("close")).text).toBe("ok");
    });
    expect(count).toBe(20);
  });

  it("are left before the upstream leaves them", async () => {
    app.closeIdleConnections();
    await ask("idle/1");
    const { length } = asked;
    await new Promise((resolve) => setTimeout(resolve, 600));
    await ask("x");
    expect(asked.length).toBe(length + 1);
  });

  it("are seen to have ended while they were idle, so that nothing is sent on them", async () => {
    for (let i = 0; i < 5; i++) {
      await ask("x");
      app.closeIdleConnections();
      await expect.poll(() => asked.filter(({ socket }) => !socket.destroyed).length).toBe(0);
      expect((await ask("x", "POST")).text).toBe("ok");
    }
  });

  it("are made anew for what may be asked twice, where they end instead of an answer", async () => {
    hangsUp = true;
    try {
      for (let i = 0; i < 6; i++) expect((await ask("x")).status).toBe(200);
      for (let i = 0; i < 6; i++) expect((await ask("x", "PUT")).status).toBe(200);
      const statuses: number[] = [];
      for (let i = 0; i < 12; i++) statuses.push((await ask("x", "POST")).status);
      expect(new Set(statuses)).toEqual(new Set([200, 502]));
    } finally {
      hangsUp = false;
    }
  });

  it("are made to names, whichever address answers", async () => {
    expect((await ask("x", "GET", "named")).text).toBe("ok");
    const answer = await ask("x", "GET", "nameless");
    expect([answer.status, answer.message]).toEqual([
      500,
      "failed to invoke, id: nameless, err: the upstream's name is not known",
    ]);
  });

  it("are refused where nobody listens", async () => {
    const answer = await ask("x", "GET", "away");
    expect([answer.status, answer.message]).toEqual([
      500,
      "failed to invoke, id: away, err: the upstream refused the connection",
    ]);
  });

  it.each([
    ["a length", false],
    ["chunks", true],
  ])("carry large bodies both ways with %s", async (_, streamed) => {
    const body = randomBytes(3_000_000);
    for (let i = 0; i < 3; i++) {
      const answer = await gateway.fetch("/v1.0/invoke/app/method/echo", { method: "POST", body, streamed });
      const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
      expect(hash(answer.bytes)).toBe(hash(body));
    }
  });

  it("carry what follows a body", async () => {
    const head =
      "POST /v1.0/invoke/app/method/trailers HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n";
    const text = await exchangeBytes(gateway.port, `${head}\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n`, 500);
    expect(text).toContain('{"x-sum":"7"}');
  });

  it.each(Object.keys(ambiguous))("are left where the answer has %s", async (what) => {
    const answer = await ask("x", "POST", what.replaceAll(" ", "-"));
    expect([answer.status, answer.errorCode]).toEqual([502, "ERR_DIRECT_INVOKE"]);
    expect(answer.message).toMatch(/no valid HTTP$/);
    await expect.poll(() => hostile.get(what)?.open.size).toBe(0);
  });

  it("carry both directions at once", async () => {
    const { port } = gateway;
    const call = request({ host: "127.0.0.1", port, method: "POST", path: "/v1.0/invoke/app/method/echo" });
    call.write("one");
    const response = await new Promise<AsyncIterable<Buffer>>((resolve) => call.on("response", resolve));
    const parts = response[Symbol.asyncIterator]();
    expect(String((await parts.next()).value)).toBe("one");
    call.write("two");
    expect(String((await parts.next()).value)).toBe("two");
    call.end();
    expect((await parts.next()).done).toBe(true);
  });

  it("are answered while a body with a length is under way", async () => {
    const call = request({
      host: "127.0.0.1",
      port: gateway.port,
      method: "POST",
      path: "/v1.0/invoke/app/method/echo",
      headers: { "content-length": "100000" },
    });
    call.write("x".repeat(70_000));
    const response = await new Promise<AsyncIterable<Buffer>>((resolve) => call.on("response", resolve));
    call.end("x".repeat(30_000));
    let size = 0;
    for await (const part of response) size += part.length;
    expect(size).toBe(100_000);
  });

  it(`leave nothing behind, also after ${requests} requests`, {
    timeout: 20_000 + requests * 5,
  }, async () => {
    const measure = () => ({
      kilobytes: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, "utf8"))?.[1]),
      files: readdirSync(`/proc/${gateway.pid}/fd`).length,
    });
    let left = requests;
    const worker = async () => {
      while (left-- > 0) await ask("x", left % 3 === 0 ? "POST" : "GET");
    };
    const load = () => Promise.all(Array.from({ length: 8 }, worker));
    left = Math.min(500, requests / 4);
    await load();
    const before = measure();
    left = requests;
    await load();
    const after = measure();
    expect(after.files).toBeLessThan(before.files + 20);
    // What leaks with each request would be more than this.
    expect(after.kilobytes - before.kilobytes).toBeLessThan(8_000);
    expect(gateway.said()).not.toMatch(/trap|unreachable|panick/i);
  });
});
