import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import type { SidecarOptions } from "../../host/node/sidecar-options.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { yaml } from "../middleware/sidecar.ts";
import { freePort } from "./cli.ts";
import { exchangeBytes, rawRequest } from "./raw-http.ts";

const open: NodeSidecar[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sidecar) => sidecar.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const start = async (options: Partial<SidecarOptions> = {}) => {
  const sidecar = await startSidecar({ appId: "hello-dapr", logLevel: "error", ...options });
  open.push(sidecar);
  return sidecar;
};
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), "ds-"));
  folders.push(made);
  return made;
};

const app = new Hono()
  .all("/greeting", async (c) => {
    const body = await c.req.text();
    return c.text(body === "" ? "Hello, World!" : `data == ${JSON.parse(body).data}`);
  })
  .all("/echo", (c) => c.json(c.req.header()));

describe("a sidecar that listens", () => {
  it("T1: answers the book's first call, exactly", async () => {
    const { url } = await start({ app: (request) => app.fetch(request) });
    const get = await fetch(`${url}/v1.0/invoke/hello-dapr/method/greeting`);
    expect([get.status, await get.text()]).toEqual([200, "Hello, World!"]);
    const post = await fetch(`${url}/v1.0/invoke/hello-dapr/method/greeting`, {
      method: "POST",
      body: '{"data":"x"}',
    });
    expect(await post.text()).toBe("data == x");
  });

  it("does not take a caller who hangs up for a failure of its own", async () => {
    const errors: string[] = [];
    const gone: string[] = [];
    const quiet = () => undefined;
    const debug = (message: string) => message === "a caller went away" && gone.push(message);
    const log = { debug, info: quiet, warn: quiet, error: (message: string) => errors.push(message) };
    const { port } = await start({ log });
    const lines = ["Host: localhost", "Content-Type: application/json", "Transfer-Encoding: chunked"];
    const head = `POST /v1.0/state/statestore HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
    for (const part of ['5\r\n[{"ke', "no size\r\n"]) await exchangeBytes(port, head + part, 200);
    await expect.poll(() => gone.length).toBeGreaterThan(0);
    expect(errors).toEqual([]);
    expect((await fetch(`http://localhost:${port}/v1.0/healthz`)).status).toBe(204);
  });

  it("T2: answers a person at the address bar, and pages of allowed origins however they call", async () => {
    const { port } = await start({
      app: (request) => app.fetch(request),
      allowedOrigins: "http://localhost:8080",
    });
    const greeting = "/v1.0/invoke/hello-dapr/method/greeting";
    const navigate = ["Host: localhost", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
    const ask = (method: string, ...headers: string[]) =>
      rawRequest(port, `${method} ${greeting}`, [...navigate, ...headers]);
    const typed = await ask("GET", "Sec-Fetch-Site: none");
    expect([typed.status, typed.headers.get("content-length")]).toEqual([200, undefined]);
    expect(typed.body).toContain("Hello, World!");
    const own = "Referer: http://localhost:8080/page.html";
    expect((await ask("GET", "Sec-Fetch-Site: same-site", own)).status).toBe(200);
    expect(
      (await ask("POST", "Sec-Fetch-Site: same-site", "Origin: http://localhost:8080", "Content-Length: 0"))
        .status,
    ).toBe(200);
    const foreign = "Referer: http://evil.example/";
    const link = await ask("GET", "Sec-Fetch-Site: cross-site", foreign);
    expect(link.status).toBe(403);
    expect(JSON.parse(link.body).message).toBe(
      "request refused: a web page of origin http://evil.example may not call this sidecar; allow it with --allowed-origins http://evil.example",
    );
  });

  it("keeps the caller's token from the app, and shows its own", async () => {
    const { url } = await start({ app: (request) => app.fetch(request), apiToken: "t" });
    const headers = { "dapr-api-token": "t", "x-test": "one" };
    const seen = (await (
      await fetch(`${url}/v1.0/invoke/hello-dapr/method/echo`, { headers })
    ).json()) as Record<string, string>;
    expect(seen["x-test"]).toBe("one");
    expect(seen).not.toHaveProperty("dapr-api-token");
  });

  it.each([
    ["invoke/hello-dapr/method/slow", {}],
    ["invoke/hello-dapr/method/slow", { apiToken: "t" }],
    ["actors/Cat/1/method/slow", {}],
  ])("tells the app that the caller of %s went away, %j", async (path, options) => {
    let aborted = false;
    const { url, runtime } = await start({
      ...options,
      machineFolder: folder(),
      app: (request) => {
        if (request.url.endsWith("/dapr/config")) return Response.json({ entities: ["Cat"] });
        if (request.url.endsWith("/dapr/subscribe")) return new Response(null, { status: 404 });
        return new Promise((resolve) => {
          request.signal.addEventListener("abort", () => {
            aborted = true;
            resolve(new Response());
          });
        });
      },
    });
    await runtime.appReady;
    const signal = AbortSignal.timeout(500);
    const headers = { "dapr-api-token": "t" };
    await expect(fetch(`${url}/v1.0/${path}`, { signal, headers })).rejects.toThrow();
    await expect.poll(() => aborted).toBe(true);
  });

  it("leaves nothing open when a component fails", async () => {
    const port = await freePort();
    const components = [{ name: "s", type: "state.nothing" }];
    await expect(start({ port, components })).rejects.toThrow(/type state\.nothing is not supported/);
    const again = await start({ port });
    expect(again.port).toBe(port);
  });

  it("loads folders in the order given, and files by name", async () => {
    const [first, second] = [folder(), folder()];
    const yaml = (name: string) =>
      `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec:\n  type: state.in-memory\n`;
    writeFileSync(join(first, "b.yaml"), yaml("two"));
    writeFileSync(join(first, "a.yml"), `${yaml("one")}---\n${yaml("one-more")}`);
    writeFileSync(join(first, "c.json"), "{");
    writeFileSync(join(second, "z"), yaml("three"));
    const sidecar = await start({ resourcesPaths: [first, join(second, "z")] });
    expect([...sidecar.runtime.sidecar.components.state.keys()]).toEqual(["one", "one-more", "two", "three"]);
    expect(sidecar.runtime.sidecar.components.pubsub.size).toBe(0);
  });

  it("reads a Configuration, and says that it is not applied yet", async () => {
    const path = join(folder(), "config.yaml");
    const said: string[] = [];
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: (message: string) => said.push(message),
      error: () => undefined,
    };
    writeFileSync(
      path,
      "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: daprConfig\nspec:\n  wasm:\n    strictSandbox: true\n",
    );
    await start({ configPaths: [path], log });
    expect(said).toEqual([
      `resources of kind Configuration are read and not applied yet: daprConfig spec.wasm (${path}, document 1)`,
    ]);
    await expect(start({ configPaths: [join(path, "..", "none.yaml")] })).rejects.toThrow(/does not exist/);
  });

  it("serves health and metadata, and nothing else, on the public port without a token", async () => {
    const publicPort = await freePort();
    const components = yaml(
      [{ name: "limit", type: "ratelimit", metadata: { maxRequestsPerSecond: "0.01" } }],
      ["limit"],
    );
    const { url } = await start({ publicPort, apiToken: "t", components });
    const open = `http://localhost:${publicPort}`;
    // A pipeline stands in front of the API only.
    for (let i = 0; i < 3; i++) expect((await fetch(`${open}/v1.0/healthz`)).status).toBe(204);
    const [first, second] = [await fetch(`${url}/v1.0/healthz`), await fetch(`${url}/v1.0/healthz`)];
    expect([first.status, second.status]).toEqual([204, 429]);
    expect((await fetch(`${url}/v1.0/metadata`)).status).toBe(401);
    expect((await fetch(`${open}/v1.0/metadata`)).status).toBe(200);
    expect((await fetch(`${open}/v1.0/healthz`)).status).toBe(204);
    for (const path of [
      "/v1.0/state/statestore/k",
      "/v1.0/shutdown",
      "/v1.0//metadata/../state/statestore/k",
    ]) {
      expect((await fetch(open + path, { method: "POST" })).status).toBe(404);
    }
    const rebound = await rawRequest(publicPort, "GET /v1.0/metadata", ["Host: evil.example"]);
    expect(rebound.status).toBe(403);
  });

  it("stops by the API: once what is under way has ended", async () => {
    const slow = new Hono().get("/slow", async (c) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return c.text("done");
    });
    const { url, stopped } = await start({ app: (request) => slow.fetch(request) });
    const under = fetch(`${url}/v1.0/invoke/hello-dapr/method/slow`).then((response) => response.text());
    await new Promise((resolve) => setTimeout(resolve, 50));
    const asked = await fetch(`${url}/v1.0/shutdown`, { method: "POST" });
    expect(asked.status).toBe(204);
    expect(await under).toBe("done");
    await stopped;
    await expect(fetch(url)).rejects.toThrow();
  });

  it("answers a 10 MB body with the block's own error, and lives on", async () => {
    const { url } = await start();
    const save = await fetch(`${url}/v1.0/state/statestore`, {
      method: "POST",
      body: `[{"key":"k","value":"${"x".repeat(10 << 20)}"}]`,
    });
    expect(save.status).toBe(400);
    expect((await fetch(`${url}/v1.0/state/statestore/k`)).status).toBe(204);
    const large = await start({ maxBodySize: 16 << 20 });
    const taken = await fetch(`${large.url}/v1.0/state/statestore`, {
      method: "POST",
      body: `[{"key":"k","value":"${"x".repeat(10 << 20)}"}]`,
    });
    expect(taken.status).toBe(204);
  });
});
