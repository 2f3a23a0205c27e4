import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { daprBinding } from "../../host/components/bindings/dapr.ts";
import type { Component, Definition } from "../../host/components/component.ts";
import type { ConfigurationItems } from "../../host/components/configuration/configuration-store.ts";
import { daprConfigurationStore } from "../../host/components/configuration/dapr.ts";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { daprSecretStore } from "../../host/components/secretstores/dapr.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";
import { startSidecar } from "../../host/node/start-sidecar.ts";
import { consoleLog } from "../../host/web-platform.ts";
import { testContext } from "../conformance/test-context.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { ended } from "../hosts/ended.ts";
import { freePorts } from "../hosts/free-ports.ts";

const patient = { timeout: 10_000 };
const none: ReadonlyMap<string, string> = new Map();
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

async function open<C extends Component>(
  definition: Definition<C>,
  url: string,
  more: Readonly<Record<string, string>> = {},
  clock = new FakeClock(),
): Promise<C> {
  const metadata = new Map(Object.entries({ url, ...more }));
  return await definition.open(
    decodeMetadata("remote", definition.metadata, metadata, () => undefined),
    testContext("remote", clock),
  );
}

describe("pubsub.dapr", () => {
  test("publishes through the other sidecar: one envelope, by the publisher, with its names there", async () => {
    const events: Record<string, unknown>[] = [];
    const remote = await startSidecar({
      appId: "remote",
      logLevel: "error",
      app: async (request) => {
        if (new URL(request.url).pathname === "/dapr/subscribe") {
          return Response.json([{ pubsubname: "pubsub", topic: "orders/new", route: "/orders" }]);
        }
        events.push((await request.json()) as Record<string, unknown>);
        return new Response();
      },
    });
    await remote.runtime.appReady;
    const local = await createRuntime({
      appId: "shop",
      components: [{ name: "bus", type: "pubsub.dapr", metadata: { url: remote.url, component: "pubsub" } }],
    });
    const published = await local.fetch("/v1.0/publish/bus/orders/new", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"orderId":1}',
    });
    expect(published.status).toBe(204);
    await expect.poll(() => events.length, patient).toBe(1);
    expect(events[0]).toMatchObject({
      data: { orderId: 1 },
      source: "shop",
      topic: "orders/new",
      pubsubname: "pubsub",
      type: "com.dapr.event.sent",
      datacontenttype: "application/json",
    });
    await local.stop();
    await remote.stop();
  });

  test("subscribes through the other sidecar, also when that one is started anew", async () => {
    const [port] = (await freePorts(1)) as [number];
    const remote = () => startSidecar({ appId: "remote", port, logLevel: "error" });
    const events: Record<string, unknown>[] = [];
    const shop = (url: string) =>
      startSidecar({
        appId: "shop",
        logLevel: "error",
        components: [{ name: "bus", type: "pubsub.dapr", metadata: { url, component: "pubsub" } }],
        app: async (request) => {
          if (new URL(request.url).pathname === "/dapr/subscribe") {
            return Response.json([{ pubsubname: "bus", topic: "orders/new", route: "/orders" }]);
          }
          events.push((await request.json()) as Record<string, unknown>);
          return new Response();
        },
      });
    const publish = (data: unknown) =>
      fetch(`http://localhost:${port}/v1.0/publish/pubsub/orders/new`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(data),
      });
    const subscribed = async () => {
      const answer = await fetch(`http://localhost:${port}/v1.0/metadata`);
      return ((await answer.json()) as { subscriptions?: unknown[] }).subscriptions?.length;
    };
    const first = await remote();
    const local = await shop(first.url);
    await local.runtime.appReady;
    expect((await publish({ orderId: 1 })).status).toBe(204);
    await expect.poll(() => events.length, patient).toBe(1);
    expect(events[0]).toMatchObject({ data: { orderId: 1 }, source: "remote", topic: "orders/new" });
    // No event has to wait for the five seconds that a door waits for what is under way.
    const stopping = performance.now();
    await first.stop();
    expect(performance.now() - stopping).toBeLessThan(4_000);
    const second = await remote();
    await expect.poll(subscribed, patient).toBe(1);
    await publish({ orderId: 2 });
    await expect
      .poll(() => events.map(({ data }) => data), patient)
      .toEqual([{ orderId: 1 }, { orderId: 2 }]);
    await local.stop();
    await expect.poll(subscribed, patient).toBeUndefined();
    await second.stop();
  });
});

const program = (name: string) =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
const missing = daprd.missing ?? (program("redis-server") ? undefined : "redis-server is not on the PATH");

describe.skipIf(missing !== undefined)(`blocks of daprd ${missing ?? ""}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-blocks-"));
  let redis: ReturnType<typeof spawn>;
  let redisPort: number;
  let remote: Daprd;
  let url: string;

  /** Sends one command to Redis. */
  const command = (...words: string[]) =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(redisPort, "127.0.0.1", () => {
        socket.write(`*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`);
      });
      socket.once("error", reject);
      socket.once("data", () => {
        socket.destroy();
        resolve();
      });
    });

  beforeAll(async () => {
    [redisPort] = (await freePorts(1)) as [number];
    redis = spawn("redis-server", ["--port", String(redisPort), "--save", "", "--dir", folder], {
      stdio: "ignore",
    });
    while (
      !(await command("PING").then(
        () => true,
        () => false,
      ))
    ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const resources = join(folder, "resources");
    mkdirSync(resources);
    const secretsFile = join(folder, "secrets.json");
    writeFileSync(secretsFile, JSON.stringify({ redisPassword: "s3cret", db: { user: "u", password: "p" } }));
    const redisHost = `127.0.0.1:${redisPort}`;
    for (const resource of [
      { name: "vault", type: "secretstores.local.file", metadata: { secretsFile, multiValued: "true" } },
      { name: "config", type: "configuration.redis", metadata: { redisHost } },
      { name: "keys", type: "bindings.redis", metadata: { redisHost } },
    ]) {
      writeFileSync(join(resources, `${resource.name}.yaml`), componentYaml(resource));
    }
    remote = await startDaprd({ appId: "remote", resources });
    url = `http://127.0.0.1:${remote.port}`;
  }, 60_000);

  test("pubsub.dapr publishes there, and says once who could be subscribed to", async () => {
    const errors: string[] = [];
    const local = await createRuntime({
      clock: "system",
      log: { ...consoleLog("error", "shop"), error: (message) => errors.push(message) },
      components: [{ name: "bus", type: "pubsub.dapr", metadata: { url } }],
      app: () => Response.json([{ pubsubname: "bus", topic: "orders", route: "/orders" }]),
    });
    expect(errors).toEqual([
      `could not subscribe to topic orders of pub/sub bus: pub/sub bus publishes only: the sidecar at ${url} has no streams of events (daprd has none over HTTP, nor has daprlet with --strict) and hands events to its own app alone; put a daprlet sidecar there, or join both by a relay (pubsub.relay), to subscribe`,
    ]);
    expect((await local.fetch("/v1.0/healthz")).status).toBe(204);
    await local.stop();
  });

  afterAll(async () => {
    await remote?.stop();
    redis.kill("SIGKILL");
    await ended(redis);
    rmSync(folder, { recursive: true, force: true });
  });

  test("secrets: one, all, and one that is not there", async () => {
    const store = await open(daprSecretStore, url, { component: "vault" });
    expect(await store.get("db", none)).toEqual(new Map(Object.entries({ user: "u", password: "p" })));
    expect((await store.bulkGet(none)).get("redisPassword")).toEqual(new Map([["redisPassword", "s3cret"]]));
    await expect(store.get("nothing", none)).rejects.toThrow("secret nothing not found");
    await expect(store.get("bulk", none)).rejects.toThrow("secret bulk not found");
  });

  test("configuration: read, and what changes is found by the next poll", async () => {
    await command("SET", "limit", "10||1");
    await command("SET", "gone", "x||1");
    const clock = new FakeClock();
    const store = await open(daprConfigurationStore, url, { component: "config", pollInterval: "1s" }, clock);
    expect([...(await store.get(["limit", "nothing"], none))]).toEqual([
      ["limit", { value: "10", version: "1", metadata: new Map() }],
    ]);
    const told: ConfigurationItems[] = [];
    const subscription = await store.subscribe(
      ["limit", "gone"],
      none,
      async (items) => void told.push(items),
      "the test's",
    );
    await command("SET", "limit", "20||2");
    await command("DEL", "gone");
    await expect
      .poll(async () => {
        await clock.advance(1_000);
        return told.map((items) => [...items].map(([key, { value }]) => [key, value]));
      }, patient)
      .toEqual([
        [
          ["limit", "20"],
          ["gone", ""],
        ],
      ]);
    await subscription.close();
    await command("SET", "limit", "30||3");
    await clock.advance(5_000);
    expect([told.length, clock.pending]).toEqual([1, 0]);
    await store.close();
  });

  test("bindings: an answer, none, and Dapr's refusal", async () => {
    const binding = await open(daprBinding(), url, { component: "keys" });
    const call = (operation: string, data: unknown, key?: string) =>
      binding.invoke({
        operation,
        data: bytes(data),
        metadata: new Map(key === undefined ? [] : [["key", key]]),
        signal: undefined,
      });
    expect(await call("create", { a: 1 }, "k")).toBeUndefined();
    expect(new TextDecoder().decode((await call("get", null, "k"))?.data)).toBe('{"a":1}');
    await expect(call("create", 1)).rejects.toThrow("ERR_INVOKE_OUTPUT_BINDING");
    await expect(call("fly", 1, "k")).rejects.toThrow("does not support operation fly");
  });
});
