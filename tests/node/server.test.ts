import { mkdtempSync, rmSync, statSync } from "node:fs";
import { Agent, get, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  BodyTooLargeError,
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
} from "../../host/http.ts";
import { bytes, counting, open, start } from "./door.ts";
import { rawRequest } from "./raw-http.ts";

describe("a request becomes a record", () => {
  it("keeps the path and the query as they came, lower-cases names, keeps order and repeats", async () => {
    const { port, seen } = await counting();
    await rawRequest(port, "PUT /v1.0/a%2Fb//../c+d?x=1&y=%20?z", [
      "Host: localhost:3500",
      "X-Two: a",
      "x-two: b",
      "X-UTF: \u00e9",
    ]);
    const [record] = seen;
    expect(record).toMatchObject({ method: "PUT", path: "/v1.0/a%2Fb//../c+d", query: "x=1&y=%20?z" });
    expect(record?.body).toBeUndefined();
    expect(record?.headers.slice(0, 6)).toEqual(["host", "localhost:3500", "x-two", "a", "x-two", "b"]);
  });

  it("reads the absolute form by its own authority", async () => {
    const { port, seen } = await counting();
    expect((await rawRequest(port, "GET http://localhost/v1.0/a?b", ["Host: localhost"])).status).toBe(200);
    expect(seen[0]).toMatchObject({ path: "/v1.0/a", query: "b" });
    expect((await rawRequest(port, "GET http://evil.example/v1.0/a", ["Host: localhost"])).status).toBe(403);
    expect((await rawRequest(port, "GET http://localhost@evil.example/", ["Host: localhost"])).status).toBe(
      403,
    );
    expect(seen).toHaveLength(1);
  });

  it("hands over a body of known length as one plain array, in whatever pieces it comes", async () => {
    const bodies: RuntimeRequest["body"][] = [];
    const { port } = await start((record) => {
      bodies.push(record.body);
      return { status: 204, headers: [], body: undefined };
    });
    const socket = connect(port, "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n01");
    for (const piece of ["234", "56", "789"]) {
      await new Promise((resolve) => setTimeout(resolve, 15));
      socket.write(piece);
    }
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    const [body] = bodies;
    expect(body).toBeInstanceOf(Uint8Array);
    // A Buffer's slice would share its memory.
    expect(Buffer.isBuffer(body)).toBe(false);
    expect(new TextDecoder().decode(body as Uint8Array)).toBe("0123456789");
  });

  it("streams a chunked body, and fails it beyond the limit", async () => {
    const { port } = await start(
      async (record) => {
        expect(record.body).toBeInstanceOf(ReadableStream);
        try {
          const body = await readBody(record.body);
          return { status: 200, headers: [], body: bytes(String(body.byteLength)) };
        } catch (error) {
          expect(error).toBeInstanceOf(BodyTooLargeError);
          return { status: 400, headers: [], body: bytes("too large") };
        }
      },
      { maxBodySize: 1000 },
    );
    const url = `http://localhost:${port}/`;
    const send = (size: number) =>
      fetch(url, {
        method: "POST",
        body: new Blob([new Uint8Array(size)]).stream(),
        duplex: "half",
      } as RequestInit).then((response) => response.text());
    expect(await send(1000)).toBe("1000");
    expect(await send(1001)).toBe("too large");
  });

  it("answers a 10 MB body over the limit as the handler does, without reading it all first", async () => {
    const { port } = await start(async (record) => {
      const size = await readBody(record.body).then(
        (body) => body.byteLength,
        (error: unknown) => (error instanceof BodyTooLargeError ? error.limit : -1),
      );
      return { status: 400, headers: [], body: bytes(`limit ${size}`) };
    });
    const response = await fetch(`http://localhost:${port}/v1.0/state/s`, {
      method: "POST",
      body: new Uint8Array(10 << 20),
    });
    expect([response.status, await response.text()]).toEqual([400, `limit ${4 << 20}`]);
    // The next call is a new connection, and works.
    expect((await fetch(`http://localhost:${port}/`, { method: "POST", body: "x" })).status).toBe(400);
  });

  it("does not read on for ever once it has answered", async () => {
    const { port } = await start(() => ({ status: 200, headers: [], body: bytes("enough") }));
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    const drip = setInterval(() => socket.write("1\r\nx\r\n"), 20);
    const [answer] = await Promise.all([
      new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(chunk.toString()))),
      new Promise((resolve) => socket.once("close", resolve)),
    ]);
    clearInterval(drip);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("tells by the signal that the caller went away, and not that it was answered", async () => {
    const aborted: boolean[] = [];
    const { port } = await start(async ({ signal, path }) => {
      signal?.addEventListener("abort", () => aborted.push(true));
      if (path === "/slow") {
        await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      }
      return { status: 200, headers: [], body: bytes("x") };
    });
    await (await fetch(`http://localhost:${port}/fast`)).text();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(aborted).toEqual([]);
    const controller = new AbortController();
    const slow = fetch(`http://localhost:${port}/slow`, { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(slow).rejects.toThrow();
    await expect.poll(() => aborted).toEqual([true]);
  });
});

describe("a record becomes an answer", () => {
  it("sends bytes with their length, repeated fields, and nothing with 204 or HEAD", async () => {
    const { port } = await start(({ path }) =>
      path === "/empty"
        ? { status: 204, headers: ["x-a", "1"], body: undefined }
        : {
            status: 200,
            headers: ["set-cookie", "a=1", "set-cookie", "b=2", "content-length", "999"],
            body: bytes("é"),
          },
    );
    const full = await fetch(`http://localhost:${port}/`);
    expect(full.headers.get("content-length")).toBe("2");
    expect(full.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await full.text()).toBe("é");
    const empty = await rawRequest(port, "GET /empty", ["Host: localhost"]);
    expect([empty.status, empty.body, empty.headers.has("content-length")]).toEqual([204, "", false]);
    const head = await rawRequest(port, "HEAD /", ["Host: localhost"]);
    expect([head.status, head.body]).toEqual([200, ""]);
  });

  it("streams piece by piece, and stops the source when the caller leaves", async () => {
    let cancelled = false;
    const { port } = await start(() => ({
      status: 200,
      headers: ["content-type", "text/event-stream"],
      body: new ReadableStream<Uint8Array>({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 10));
          controller.enqueue(bytes("data: x\n\n"));
        },
        cancel() {
          cancelled = true;
        },
      }),
    }));
    const controller = new AbortController();
    const response = await fetch(`http://localhost:${port}/`, { signal: controller.signal });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain("data: x");
    controller.abort();
    await reader.read().catch(() => undefined);
    await expect.poll(() => cancelled).toBe(true);
  });

  it("does not pull from the source faster than the caller reads", async () => {
    let produced = 0;
    const chunk = new Uint8Array(256 * 1024);
    const { port } = await start(() => ({
      status: 200,
      headers: [],
      body: new ReadableStream<Uint8Array>({
        pull(controller) {
          produced += chunk.byteLength;
          if (produced > 256 << 20) controller.close();
          else controller.enqueue(chunk);
        },
      }),
    }));
    const socket = connect(port, "127.0.0.1");
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await new Promise((resolve) => setTimeout(resolve, 400));
    const held = produced;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(produced).toBe(held);
    expect(held).toBeLessThan(64 << 20);
    socket.destroy();
  });

  it("answers 500 when a handler's answer is not valid HTTP", async () => {
    const { port } = await start(() => ({ status: 200, headers: ["x", "a\r\nb: c"], body: undefined }));
    const response = await fetch(`http://localhost:${port}/`);
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ errorCode: "ERR_INTERNAL" });
  });
});

describe("listening and closing", () => {
  it("listens on both loopback addresses at one port, and on no other", async () => {
    const { port } = await counting();
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    expect((await fetch(`http://[::1]:${port}/`)).status).toBe(200);
  });

  it("says which port is taken and what to do", async () => {
    const { port } = await counting();
    await expect(counting({ port })).rejects.toThrow(new RegExp(`port ${port} .*--dapr-http-port`));
    const other = await counting({ preferredPort: port });
    expect(other.port).not.toBe(port);
  });

  it("lets a call under way end, takes no new one, and closes idle connections", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const server = await start(async ({ path }) => {
      if (path === "/held") await held;
      return { status: 200, headers: [], body: bytes("done") };
    });
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) =>
      get({ port: server.port, agent }, (response) => response.resume().on("end", resolve)),
    );
    const under = fetch(`http://localhost:${server.port}/held`).then((response) => response.text());
    await new Promise((resolve) => setTimeout(resolve, 50));
    let closed = false;
    const closing = server.close(5_000).then(() => {
      closed = true;
    });
    await expect(fetch(`http://localhost:${server.port}/late`)).rejects.toThrow();
    expect(closed).toBe(false);
    release();
    expect(await under).toBe("done");
    await closing;
    agent.destroy();
  });

  it("does not wait for a connection that was opened ahead of its first request", async () => {
    const { port } = await counting();
    const [server] = open.splice(0);
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write("GET / HT");
    await new Promise((resolve) => setTimeout(resolve, 30));
    const began = performance.now();
    await server?.close(5_000);
    expect(performance.now() - began).toBeLessThan(2_000);
    socket.destroy();
  });

  it("cuts what lasts longer than the grace", async () => {
    const server = await start(() => new Promise<RuntimeResponse>(() => undefined));
    const call = fetch(`http://localhost:${server.port}/`).then(
      () => "answered",
      () => "cut",
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = performance.now();
    await server.close(100);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await call).toBe("cut");
  });

  it.skipIf(process.platform === "win32")("listens on a socket that only its user may open", async () => {
    const folder = mkdtempSync(join(tmpdir(), "daprlet-socket-"));
    const path = join(folder, "a.socket");
    await counting({ socket: path });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const status = await new Promise((resolve, reject) => {
      request({ socketPath: path, path: "/", headers: { host: "anything" } }, (response) =>
        resolve(response.statusCode),
      )
        .on("error", reject)
        .end();
    });
    expect(status).toBe(200);
    await Promise.all(open.splice(0).map((server) => server.close(0)));
    rmSync(folder, { recursive: true });
  });

  it("finds header values by name only", () => {
    expect(header(["x", "dapr-api-token", "dapr-api-token", "t"], "dapr-api-token")).toBe("t");
  });
});
