import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import type { AppChannel } from "../../host/channel/app-channel.ts";
import { definePubSub, type PubSubFeature } from "../../host/components/pubsub/pubsub.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";
import { version } from "../../host/version.ts";

describe("createRuntime", () => {
  it("is ready in milliseconds, with a store and a pub/sub, like fetch", async () => {
    await (await createRuntime()).stop();
    const began = performance.now();
    const runtime = await createRuntime({ appId: "a" });
    expect(performance.now() - began).toBeLessThan(100);
    const saved = await runtime.fetch("/v1.0/state/statestore", {
      method: "POST",
      body: JSON.stringify([{ key: "k", value: { n: 1 } }]),
    });
    expect(saved.status).toBe(204);
    const read = await runtime.fetch("http://localhost:3500/v1.0/state/statestore/k");
    expect([read.status, await read.text()]).toEqual([200, '{"n":1}']);
    expect((await runtime.fetch("/v1.0/healthz")).status).toBe(204);
    await runtime.stop();
  });

  it("stops once however often it is told, and answers with a reason from then on", async () => {
    let closed = 0;
    const app: AppChannel = {
      invoke: async () => ({ status: 404, headers: [], body: undefined }),
      ready: async () => undefined,
      properties: {},
      close: async () => {
        closed++;
        if (closed > 1) throw new Error("closed twice");
      },
    };
    const runtime = await createRuntime({ app });
    await Promise.all([runtime.stop(), runtime.stop()]);
    await runtime.stop();
    expect(closed).toBe(1);
    const answer = await runtime.fetch("/v1.0/state/statestore/k");
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { errorCode: "ERR_RUNTIME_UNAVAILABLE", message: "the sidecar cannot answer: it is stopping" },
    ]);
    expect((await runtime.fetch("/v1.0/healthz")).status).toBe(500);
  });

  it("shares nothing with another one of the same id", async () => {
    const [one, two] = await Promise.all([createRuntime({ appId: "a" }), createRuntime({ appId: "a" })]);
    await one.fetch("/v1.0/state/statestore", { method: "POST", body: '[{"key":"k","value":1}]' });
    expect((await two.fetch("/v1.0/state/statestore/k")).status).toBe(204);
    await Promise.all([one.stop(), two.stop()]);
  });

  it("stands still in time until it is told to move", async () => {
    const runtime = await createRuntime();
    await runtime.fetch("/v1.0/state/statestore?metadata.ttlInSeconds=60", {
      method: "POST",
      body: '[{"key":"k","value":1}]',
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await runtime.advance(59_000);
    expect((await runtime.fetch("/v1.0/state/statestore/k")).status).toBe(200);
    await runtime.advance(1_001);
    expect((await runtime.fetch("/v1.0/state/statestore/k")).status).toBe(204);
    await runtime.stop();
    const real = await createRuntime({ clock: "system" });
    await expect(real.advance(1)).rejects.toThrow("fake clock");
    await real.stop();
  });

  it.each(["a function", "a Hono app"])("serves %s as the app, with events and invocation", async (form) => {
    const events: unknown[] = [];
    const hono = new Hono();
    hono.get("/dapr/subscribe", (c) => c.json([{ pubsubname: "pubsub", topic: "t", route: "/t" }]));
    hono.post("/t", async (c) => {
      events.push((await c.req.json()).data);
      return c.json({ status: "SUCCESS" });
    });
    hono.get("/hello", (c) => c.text(`hello ${c.req.query("name")}`));
    const app = form === "a function" ? (request: Request) => hono.fetch(request) : hono;
    const runtime = await createRuntime({ appId: "a", app });
    const answer = await runtime.fetch("/v1.0/invoke/a/method/hello?name=you");
    expect(await answer.text()).toBe("hello you");
    const published = await runtime.fetch("/v1.0/publish/pubsub/t", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"n":1}',
    });
    expect(published.status).toBe(204);
    await runtime.advance(1);
    await expect.poll(() => events).toEqual([{ n: 1 }]);
    await runtime.stop();
  });

  it("takes components as YAML, as Dapr's documents and in short form", async () => {
    const yaml = await createRuntime({
      components:
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: albums\nspec:\n  type: state.in-memory\n",
    });
    const objects = await createRuntime({
      appId: "a",
      components: [
        { name: "short", type: "state.in-memory" },
        { kind: "Component", metadata: { name: "long" }, spec: { type: "state.in-memory" } },
        { name: "foreign", type: "state.in-memory", scopes: ["b"] },
      ],
    });
    expect([...yaml.sidecar.components.state.keys()]).toEqual(["albums"]);
    expect([...objects.sidecar.components.state.keys()]).toEqual(["short", "long"]);
    await Promise.all([yaml.stop(), objects.stop()]);
  });

  it("names the hosts that have a type which this one lacks", async () => {
    await expect(createRuntime({ components: [{ name: "s", type: "state.indexeddb" }] })).rejects.toThrow(
      "component s (createRuntime()): type state.indexeddb is not available in Node; the hosts that have it: a page",
    );
    await expect(createRuntime({ components: [{ name: "s", type: "state.cosmosdb" }] })).rejects.toThrow(
      /state\.cosmosdb is not supported by daprlet; it has state\.in-memory/,
    );
  });

  it("refuses a secret reference clearly, and leaves out what may fail", async () => {
    const component = (more: string) =>
      `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: s\nspec:\n  type: state.in-memory\n${more}  metadata:\n  - name: password\n    secretKeyRef:\n      name: x\n`;
    await expect(createRuntime({ components: component("") })).rejects.toThrow(
      /component s .*metadata field password: it refers to a secret; no secret store is loaded/,
    );
    const said: string[] = [];
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (message: string) => said.push(message),
    };
    const runtime = await createRuntime({ components: component("  ignoreErrors: true\n"), log });
    expect(runtime.sidecar.components.state.size).toBe(0);
    expect(said.join()).toMatch(/component s is left out/);
    await runtime.stop();
  });

  it("asks for the API token, except for health", async () => {
    const runtime = await createRuntime({ apiToken: "t" });
    const without = await runtime.fetch("/v1.0/metadata");
    expect([without.status, await without.text()]).toEqual([401, "invalid api token"]);
    expect((await runtime.fetch("/v1.0/healthz")).status).toBe(204);
    expect((await runtime.fetch("/v1.0/metadata", { headers: { "dapr-api-token": "t" } })).status).toBe(200);
    await runtime.stop();
  });
});

describe("metadata and health", () => {
  it("tells of a broker what it says itself, and else by its features", async () => {
    const broker = (
      type: `pubsub.${string}`,
      features: readonly PubSubFeature[],
      durability?: "best-effort",
    ) =>
      definePubSub({
        type,
        version: "v1",
        summary: "",
        metadata: {},
        features,
        open: async () => ({
          ...(durability !== undefined && { durability }),
          publish: async () => undefined,
          subscribe: async () => ({ close: async () => undefined }),
          close: async () => undefined,
        }),
      });
    const pubsub = [
      broker("pubsub.browser-like", ["DURABLE"], "best-effort"),
      broker("pubsub.disk-like", ["DURABLE"]),
      broker("pubsub.memory-like", []),
    ];
    const runtime = await createRuntime({
      registry: { state: [], pubsub },
      components: pubsub.map(({ type }) => ({ name: type.slice(7), type })),
    });
    const { extended } = (await (await runtime.fetch("/v1.0/metadata")).json()) as { extended: object };
    expect(extended).toMatchObject({
      "storage.browser-like": "best-effort",
      "storage.disk-like": "persistent",
      "storage.memory-like": "memory",
    });
    await runtime.stop();
  });

  it("tells what keeps the data, and nobody can overwrite it", async () => {
    const runtime = await createRuntime();
    const read = async () =>
      (await (await runtime.fetch("/v1.0/metadata")).json()) as Record<string, unknown>;
    expect(await read()).toMatchObject({
      id: "app",
      runtimeVersion: version,
      extended: {
        daprRuntimeVersion: version,
        "storage.statestore": "memory",
        "storage.pubsub": "memory",
      },
      actorRuntime: { runtimeStatus: "RUNNING", hostReady: false },
    });
    expect(await read()).not.toHaveProperty("appConnectionProperties");
    for (const key of ["storage.statestore", "__proto__", "a%2Fb"]) {
      expect((await runtime.fetch(`/v1.0/metadata/${key}`, { method: "PUT", body: "mine" })).status).toBe(
        204,
      );
    }
    const { extended } = (await read()) as { extended: Record<string, string> };
    expect(extended["storage.statestore"]).toBe("memory");
    expect(extended["a/b"]).toBe("mine");
    expect(Object.hasOwn(extended, "__proto__")).toBe(true);
    const large = await runtime.fetch("/v1.0/metadata/x", { method: "PUT", body: new Uint8Array(5 << 20) });
    expect([large.status, ((await large.json()) as { errorCode: string }).errorCode]).toEqual([
      400,
      "ERR_BODY_READ",
    ]);
    await runtime.stop();
  });

  it("is healthy only when the app is ready, and ready for outbound calls before", async () => {
    let ready: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const runtime = await createRuntime({
      app: {
        ready: () => waiting,
        invoke: () => Promise.resolve({ status: 404, headers: [], body: undefined }),
        properties: { protocol: "test" },
        close: () => Promise.resolve(),
      },
    });
    const early = await runtime.fetch("/v1.0/healthz");
    expect([early.status, await early.json()]).toEqual([
      500,
      { errorCode: "ERR_HEALTH_NOT_READY", message: "dapr is not ready: [app]" },
    ]);
    expect((await runtime.fetch("/v1.0/healthz/outbound")).status).toBe(204);
    ready();
    await runtime.appReady;
    expect((await runtime.fetch("/v1.0/healthz")).status).toBe(204);
    expect((await runtime.fetch("/v1.0/healthz?appid=app")).status).toBe(204);
    const other = await runtime.fetch("/v1.0/healthz?appid=b");
    expect([other.status, await other.json()]).toEqual([
      500,
      { errorCode: "ERR_HEALTH_APPID_NOT_MATCH", message: "dapr app-id does not match" },
    ]);
    await runtime.stop();
    expect((await runtime.fetch("/v1.0/healthz/outbound")).status).toBe(500);
    expect((await runtime.fetch("/v1.0/metadata")).status).toBe(503);
  });

  it("hands a shutdown on, graceful or forced", async () => {
    const asked: boolean[] = [];
    const runtime = await createRuntime({ shutdown: (force) => asked.push(force) });
    expect((await runtime.fetch("/v1.0/shutdown", { method: "POST" })).status).toBe(204);
    await runtime.fetch("/v1.0/shutdown", { method: "POST", headers: { "dapr-force-shutdown": "true" } });
    expect((await runtime.fetch("/v1.0/shutdown")).status).toBe(404);
    expect(asked).toEqual([false, true]);
    await runtime.stop();
  });

  it("tells the package's own version", () => {
    const { version: own } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(version).toBe(own);
  });
});
