import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { missingNginx, type Nginx, startNginx } from "../nginx.ts";
import { rawRequest } from "./raw-http.ts";

if (missingNginx !== undefined)
  console.warn(`nginx before and behind a sidecar is not tested: ${missingNginx}`);

/** An app that says what has reached it, and streams events until its caller has read the first. */
function startApp(): Promise<{ server: Server; connections: Set<unknown>; release: () => void }> {
  const connections = new Set<unknown>();
  let release: () => void = () => undefined;
  const server = createServer((request, response) => {
    connections.add(request.socket);
    if (request.url === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: first\n\n");
      release = () => response.end("data: last\n\n");
      return;
    }
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.byteLength;
    });
    request.on("end", () => {
      const { method, url, headers } = request;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ method, url, headers, size }));
    });
  });
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve({ server, connections, release: () => release() })),
  );
}

describe.skipIf(missingNginx !== undefined)("nginx before a sidecar, and between it and its app", () => {
  let nginx: Nginx;
  let sidecar: NodeSidecar;
  let app: Awaited<ReturnType<typeof startApp>>;
  let before: number;

  beforeAll(async () => {
    const [front, behind, api] = (await freePorts(3)) as [number, number, number];
    before = front;
    app = await startApp();
    const { port } = app.server.address() as AddressInfo;
    const proxy = (listen: number, to: number, more: string) =>
      `server { listen 127.0.0.1:${listen}; location / { proxy_pass http://127.0.0.1:${to}; proxy_http_version 1.1;
        proxy_set_header Connection ""; proxy_buffering off; client_max_body_size 0; ${more} } }`;
    nginx = await startNginx(
      front,
      proxy(
        front,
        api,
        `proxy_request_buffering off; proxy_set_header Host $http_host;
         proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto https;`,
      ) + proxy(behind, port, ""),
    );
    sidecar = await startSidecar({
      appId: "a",
      appPort: behind,
      port: api,
      allowedHosts: ["api.example"],
      logLevel: "error",
    });
    await sidecar.runtime.appReady;
  });
  afterAll(async () => {
    await sidecar?.stop();
    await nginx?.stop();
    app.server.closeAllConnections();
    app.server.close();
  });

  const url = (path: string) => `http://127.0.0.1:${before}/v1.0/invoke/a/method${path}`;
  const echo = async (answer: Response) =>
    (await answer.json()) as { method: string; url: string; headers: Record<string, string>; size: number };

  it("a call goes through both with path, query and what the proxy adds to it", async () => {
    const answer = await fetch(url("/a%20b?x=1%2F2"), {
      method: "PUT",
      headers: { "x-own": "1" },
      body: "body",
    });
    const seen = await echo(answer);
    expect(seen).toMatchObject({ method: "PUT", url: "/a%20b?x=1%2F2", size: 4 });
    expect(seen.headers).toMatchObject({ "x-own": "1", "x-forwarded-proto": "https" });
  });

  it("a chunked body streams through, larger than any buffer", async () => {
    const piece = new Uint8Array(64 << 10);
    let pieces = 32;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (pieces-- > 0 ? controller.enqueue(piece) : controller.close()),
    });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    expect((await echo(await fetch(url("/upload"), init))).size).toBe(32 * piece.byteLength);
  });

  it("events arrive while the app still sends", async () => {
    const answer = await fetch(url("/events"), { headers: { accept: "text/event-stream" } });
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const read = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await read()).toBe("data: first\n\n");
    app.release();
    expect(await read()).toBe("data: last\n\n");
    expect((await reader.read()).done).toBe(true);
  });

  it("a name that the proxy keeps is one of --allowed-hosts, or the call is refused", async () => {
    const ask = (host: string) => rawRequest(before, "GET /v1.0/healthz", [`Host: ${host}`]);
    expect((await ask("api.example")).status).toBe(204);
    expect((await ask("other.example")).status).toBe(403);
  });

  it("state and health are answered on connections that are kept", async () => {
    const state = `http://127.0.0.1:${before}/v1.0/state/statestore`;
    const items = JSON.stringify([{ key: "k", value: "v" }]);
    const headers = { "content-type": "application/json" };
    expect((await fetch(state, { method: "POST", headers, body: items })).status).toBe(204);
    for (let i = 0; i < 5; i++) expect(await (await fetch(`${state}/k`)).json()).toBe("v");
  });

  it("an app that is away behind its proxy is the proxy's answer", async () => {
    app.server.closeAllConnections();
    await new Promise((resolve) => app.server.close(resolve));
    const answer = await fetch(url("/x"));
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining("502 Bad Gateway")]);
  });
});
