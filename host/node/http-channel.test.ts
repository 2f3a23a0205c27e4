import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, createServer as createNetServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type AppChannel, AppUnreachableError } from "../channel/app-channel.ts";
import { type RuntimeRequest, readBody } from "../http.ts";
import { consoleLog, systemClock } from "../web-platform.ts";
import { type HttpChannelOptions, httpChannel } from "./http-channel.ts";

const servers: Server[] = [];
const channels: AppChannel[] = [];

async function app(listener: RequestListener, port = 0): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function channel(port: number, options: Partial<HttpChannelOptions> = {}): AppChannel {
  const made = httpChannel({ port, clock: systemClock, log: consoleLog("error", "test"), ...options });
  channels.push(made);
  return made;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    await new Promise((resolve) => server.close(resolve));
  }
  await Promise.all(channels.splice(0).map((made) => made.close()));
});

function request(path: string, rest: Partial<RuntimeRequest> = {}): RuntimeRequest {
  return { method: "GET", path, query: "", headers: [], body: undefined, ...rest };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const until = async (condition: () => boolean) => {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
};

/** Self-signed, for another name and good for nothing but this test. */
const certificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgH/r58ftdM1AsAKwQ
ukBHwzszc9Z85sWvxCjaXlsYEtOhRANCAARQp3G2nLrzvCjVJMV6+C8dD77Z/sU5
Rb+KwzL8rT3/cufKkrgZSEyf3Y7r+kSzYU/a1jzKyhU/8XiQFfEauEGR
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBojCCAUmgAwIBAgIUTMeRIW7BFiRkuuq32xCqdlM8YhswCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMZGFwcmxldCB0ZXN0MCAXDTI2MTEyMzE1NDUwOVoYDzIxMjYx
MDMwMTU0NTA5WjAXMRUwEwYDVQQDDAxkYXBybGV0IHRlc3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAARQp3G2nLrzvCjVJMV6+C8dD77Z/sU5Rb+KwzL8rT3/cufK
krgZSEyf3Y7r+kSzYU/a1jzKyhU/8XiQFfEauEGRo3EwbzAdBgNVHQ4EFgQUNgBR
zMjnMyXl3fOEVus5BhQIj/owHwYDVR0jBBgwFoAUNgBRzMjnMyXl3fOEVus5BhQI
j/owDwYDVR0TAQH/BAUwAwEB/zAcBgNVHREEFTATghFlbHNld2hlcmUuZXhhbXBs
ZTAKBggqhkjOPQQDAgNHADBEAiBf7I+Q3yqxsg/zEpHiy/QEdXew8LuPVCsbciTg
PfEjDwIgUBxP2IikLWH66s+Xc0GZLXm48Oi6uOuFpjgZp7NQSNc=
-----END CERTIFICATE-----`,
};

describe("httpChannel", () => {
  it("speaks TLS with an app whose certificate is its own", async () => {
    const server = createSecureServer(certificate, (_request, response) => void response.end("secure"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const made = channel((server.address() as AddressInfo).port, { protocol: "https" });
    const { body } = await made.invoke(request("/"));
    expect(text(await readBody(body))).toBe("secure");
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("sends verb, path, query, repeated headers and body as they are, and the app's token", async () => {
    let seen: unknown;
    const port = await app((req, res) => {
      const chunks: Buffer[] = [];
      req.on("data", (chunk) => chunks.push(chunk));
      req.on("end", () => {
        seen = {
          method: req.method,
          url: req.url,
          raw: req.rawHeaders,
          body: Buffer.concat(chunks).toString(),
        };
        res.writeHead(201, { "x-two": ["a", "b"] }).end("made");
      });
    });
    const response = await channel(port, { apiToken: "app-secret" }).invoke(
      request("/a%20b", {
        method: "PATCH",
        query: "x=1&x=%32",
        headers: [
          "x-m",
          "1",
          "x-m",
          "2",
          "host",
          "elsewhere",
          "dapr-api-token",
          "callers",
          "content-length",
          "9",
        ],
        body: new TextEncoder().encode("body"),
      }),
    );
    expect(response.status).toBe(201);
    expect(response.headers.join("|")).toContain("x-two|a|x-two|b");
    expect(text(await readBody(response.body))).toBe("made");
    expect(seen).toMatchObject({ method: "PATCH", url: "/a%20b?x=1&x=%32", body: "body" });
    const raw = (seen as { raw: string[] }).raw.join("|");
    expect(raw).toContain("x-m|1|x-m|2");
    expect(raw).toContain("dapr-api-token|app-secret");
    expect(raw).not.toContain("callers");
    expect(raw).toContain(`host|127.0.0.1:${port}`);
  });

  it("hands on every status and follows no redirect", async () => {
    const port = await app((req, res) => {
      const status = Number((req.url as string).slice(1));
      res.writeHead(status, status === 302 ? { location: "/200" } : {}).end();
    });
    const made = channel(port);
    for (const status of [200, 204, 302, 304, 404, 500, 503]) {
      expect((await made.invoke(request(`/${status}`))).status).toBe(status);
    }
  });

  it("streams what has no length as it comes, and large bodies whole", async () => {
    let go: () => void = () => undefined;
    const port = await app((req, res) => {
      if (req.url === "/large") return void res.end(Buffer.alloc(3_000_000, 7));
      res.write("data: 0\n\n");
      go = () => res.end("data: 1\n\n");
    });
    const made = channel(port);
    const { body } = await made.invoke(request("/events"));
    expect(body).toBeInstanceOf(ReadableStream);
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    expect(text((await reader.read()).value as Uint8Array)).toBe("data: 0\n\n");
    go();
    expect(text((await reader.read()).value as Uint8Array)).toBe("data: 1\n\n");
    expect((await reader.read()).done).toBe(true);
    const large = await readBody((await made.invoke(request("/large"))).body);
    expect(large.byteLength).toBe(3_000_000);
    expect(large.every((byte) => byte === 7)).toBe(true);
  });

  it("streams a request", async () => {
    const port = await app((req, res) => void req.pipe(res));
    let n = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (n++ < 50) controller.enqueue(new Uint8Array(10_000).fill(n));
        else controller.close();
      },
    });
    const response = await channel(port).invoke(request("/", { method: "POST", body }));
    const back = await readBody(response.body);
    expect([back.byteLength, back[0], back.at(-1)]).toEqual([500_000, 1, 50]);
  });

  it("says that nothing listens, and that nothing was sent", async () => {
    const port = await app(() => undefined);
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
    const error = await channel(port)
      .invoke(request("/"))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppUnreachableError);
    expect(error).toMatchObject({ sent: false });
    expect(String(error)).toContain(`connection refused; is the app listening on port ${port}?`);
  });

  it("says that the app was lost with the request in its hands", async () => {
    const port = await app((req) => void req.socket.destroy());
    const error = await channel(port)
      .invoke(request("/", { method: "POST" }))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppUnreachableError);
    expect(error).toMatchObject({ sent: true });
  });

  it("fails the body's reader when the app is lost in the middle", async () => {
    const port = await app((req, res) => {
      res.write("begin");
      setTimeout(() => req.socket.destroy(), 20);
    });
    const { body } = await channel(port).invoke(request("/"));
    await expect(readBody(body)).rejects.toThrow();
  });

  it.each([
    ["HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\nETag: x\r\n\r\n", 304, ["etag", "x"]],
    ["HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, []],
    [
      "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
      undefined,
      /its answer broke off: it is shorter than/,
    ],
    ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello", 200, ["content-length", "3"]],
  ])("an answer whose length is not that of its body: %j", async (answer, status, expected) => {
    const server = createNetServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(answer));
    });
    servers.push(server as Server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const calling = channel((server.address() as AddressInfo).port).invoke(request("/"));
    if (expected instanceof RegExp) return await expect(calling).rejects.toThrow(expected);
    const { body, ...head } = await calling;
    expect(head).toEqual({ status, headers: expected });
    expect(text(await readBody(body))).toBe(status === 200 ? "hel" : "");
  });

  it("ends the app's request when the caller goes away", async () => {
    let gone = false;
    let came = false;
    const port = await app((req) => {
      came = true;
      req.socket.on("close", () => {
        gone = true;
      });
    });
    const caller = new AbortController();
    const call = channel(port).invoke(request("/", { signal: caller.signal }));
    await until(() => came);
    caller.abort(new Error("left"));
    await expect(call).rejects.toThrow("left");
    await until(() => gone);
  });

  it("lets no more than maxConcurrency through until responses are read, and forgets who left the queue", async () => {
    let now = 0;
    let most = 0;
    let calls = 0;
    const port = await app((_req, res) => {
      calls++;
      most = Math.max(most, ++now);
      res.write(Buffer.alloc(100_000));
      setTimeout(() => {
        now--;
        res.end();
      }, 10);
    });
    const made = channel(port, { maxConcurrency: 2 });
    const left = new AbortController();
    const all = Array.from({ length: 9 }, async (_, i) => {
      const signal = i === 5 ? left.signal : undefined;
      const { body } = await made.invoke(request("/", { signal }));
      return readBody(body);
    });
    left.abort(new Error("left"));
    const settled = await Promise.allSettled(all);
    expect(settled.map(({ status }) => status)).toEqual(
      Array.from({ length: 9 }, (_, i) => (i === 5 ? "rejected" : "fulfilled")),
    );
    expect([most, calls]).toEqual([2, 8]);
  });

  it("waits for a port that opens later", async () => {
    const port = await app(() => undefined);
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
    let ready = false;
    const waiting = channel(port)
      .ready(new AbortController().signal)
      .then(() => {
        ready = true;
      });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(ready).toBe(false);
    await app((_req, res) => void res.end(), port);
    const before = Date.now();
    await waiting;
    expect(Date.now() - before).toBeLessThan(500);
  });

  it("gives up waiting when told to", async () => {
    const port = await app(() => undefined);
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
    const stop = new AbortController();
    const waiting = channel(port).ready(stop.signal);
    setTimeout(() => stop.abort(new Error("stopped")), 30);
    await expect(waiting).rejects.toThrow("stopped");
  });

  it("refuses calls while the app's health check fails, and sends the probe no headers of its own", async () => {
    let healthy = false;
    const probes: string[][] = [];
    const port = await app((req, res) => {
      if (req.url === "/live") probes.push(req.rawHeaders);
      res.writeHead(req.url !== "/live" || healthy ? 200 : 500).end();
    });
    const changes: boolean[] = [];
    const made = channel(port, {
      apiToken: "app-secret",
      health: { path: "/live", intervalMs: 20, threshold: 2, onChange: (now) => changes.push(now) },
    });
    const ready = made.ready(new AbortController().signal);
    await until(() => probes.length > 1);
    await expect(made.invoke(request("/"))).rejects.toThrow("app is not in a healthy state");
    healthy = true;
    await ready;
    const watched: boolean[] = [];
    made.watch?.((now) => watched.push(now));
    expect((await made.invoke(request("/"))).status).toBe(200);
    healthy = false;
    await until(() => changes.length === 2);
    expect(watched).toEqual([false]);
    await expect(made.invoke(request("/"))).rejects.toBeInstanceOf(AppUnreachableError);
    expect(changes).toEqual([true, false]);
    expect(probes.flat().join("|")).not.toContain("app-secret");
  });
});
