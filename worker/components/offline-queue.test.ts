import "fake-indexeddb/auto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { daprBinding } from "../../host/components/bindings/dapr.ts";
import { daprPubSub } from "../../host/components/pubsub/dapr.ts";
import { daprStore } from "../../host/components/state/dapr.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import type { Log } from "../../host/platform.ts";
import { consoleLog } from "../../host/web-platform.ts";
import { freePorts } from "../../tests/hosts/free-ports.ts";
import { offlineQueue } from "./offline-queue.ts";

const patient = { timeout: 10_000 };

let folder: string;
let port: number;
let remote: NodeSidecar | undefined;
let events: { id: string; data: unknown }[];
let parcels: unknown[];
let local: LocalRuntime;
let errors: string[];

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  folder = mkdtempSync(join(tmpdir(), "daprlet-offline-"));
  [port] = (await freePorts(1)) as [number];
  events = [];
  parcels = [];
  errors = [];
});

afterEach(async () => {
  await local.stop();
  await remote?.stop();
  remote = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** The other sidecar, with what it kept. */
async function reachable(): Promise<void> {
  remote = await startSidecar({
    appId: "remote",
    port,
    logLevel: "error",
    components: [
      { name: "shared", type: "state.sqlite", metadata: { connectionString: join(folder, "state.db") } },
      { name: "bus", type: "pubsub.in-memory" },
      { name: "parcels", type: "bindings.in-memory", metadata: { direction: "input, output" } },
    ],
    app: async (request) => {
      if (new URL(request.url).pathname === "/dapr/subscribe") {
        return Response.json([{ pubsubname: "bus", topic: "orders", route: "/orders" }]);
      }
      if (request.url.endsWith("/parcels")) {
        parcels.push(await request.json());
        return new Response();
      }
      events.push((await request.json()) as (typeof events)[number]);
      return new Response();
    },
  });
  await remote.runtime.appReady;
}

async function unreachable(): Promise<void> {
  await remote?.stop();
  remote = undefined;
}

/** A sidecar as a page has it, on what this browser keeps. */
async function open(): Promise<void> {
  const queue = offlineQueue({ databasePrefix: "daprlet:/:", incarnation: undefined });
  const metadata = { url: `http://127.0.0.1:${port}`, offline: "queue" };
  const log: Log = { ...consoleLog("error", "local"), error: (message) => errors.push(message) };
  local = await createRuntime({
    appId: "shop",
    maxBodySize: 16 << 20,
    log,
    registry: { state: [daprStore(queue)], pubsub: [daprPubSub(queue)], bindings: [daprBinding(queue)] },
    components: [
      { name: "shared", type: "state.dapr", metadata },
      { name: "bus", type: "pubsub.dapr", metadata },
      { name: "parcels", type: "bindings.dapr", metadata },
    ],
  });
}

const post = (path: string, body: unknown) =>
  local.fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const save = (...items: unknown[]) => post("/v1.0/state/shared", items);
const read = (key: string) => local.fetch(`/v1.0/state/shared/${key}`);
const there = async (key: string) => {
  const path = `/v1.0/state/shared/${encodeURIComponent(`shop|~|${key}`)}`;
  return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
};

async function told(): Promise<{
  waiting: number;
  cause?: string;
  refused: { keys: string[]; cause: string }[];
}> {
  const { extended } = (await (await local.fetch("/v1.0/metadata")).json()) as {
    extended: Record<string, string>;
  };
  return JSON.parse(extended["offline.shared"] ?? "") as Awaited<ReturnType<typeof told>>;
}

/** Moves time on until nothing waits. */
const sent = () =>
  expect
    .poll(async () => {
      await local.advance(30_000);
      return (await told()).waiting;
    }, patient)
    .toBe(0);

describe("offline: queue", () => {
  test("writes made while the sidecar is away are answered, read back, and sent in order", async () => {
    await open();
    expect((await save({ key: "a", value: 1 }, { key: "b", value: 1 })).status).toBe(204);
    expect((await save({ key: "a", value: 2 })).status).toBe(204);
    expect((await local.fetch("/v1.0/state/shared/b", { method: "DELETE" })).status).toBe(204);
    const a = await read("a");
    expect([a.status, await a.text(), a.headers.get("etag")]).toEqual([200, "2", null]);
    expect((await read("b")).status).toBe(204);
    const other = await read("other");
    expect([other.status, await other.text()]).toEqual([500, expect.stringContaining("cannot be reached")]);
    const bulk = await post("/v1.0/state/shared/bulk", { keys: ["a", "b"] });
    expect(await bulk.json()).toEqual([{ key: "a", data: 2 }, { key: "b" }]);
    expect((await told()).waiting).toBe(3);
    await reachable();
    await sent();
    expect([await there("a"), await there("b")]).toEqual(["2", ""]);
    expect((await read("a")).headers.get("etag")).not.toBeNull();
  });

  test("what waits outlives the sidecar that queued it", async () => {
    await open();
    await save({ key: "k", value: "kept" });
    await post("/v1.0/publish/bus/orders", { orderId: 1 });
    await local.stop();
    await open();
    expect(await (await read("k")).text()).toBe('"kept"');
    await reachable();
    await sent();
    await expect.poll(() => events.map(({ data }) => data), patient).toEqual([{ orderId: 1 }]);
    expect(await there("k")).toBe('"kept"');
  });

  test("a binding's calls wait in order, and those that are made for their answer do not", async () => {
    await open();
    const invoke = (operation: string, data: unknown) => post("/v1.0/bindings/parcels", { operation, data });
    expect([(await invoke("create", { n: 1 })).status, (await invoke("create", { n: 2 })).status]).toEqual([
      204, 204,
    ]);
    const asked = await invoke("get", null);
    expect([asked.status, await asked.text()]).toEqual([500, expect.stringContaining("cannot be reached")]);
    await reachable();
    await expect
      .poll(async () => {
        await local.advance(30_000);
        return parcels;
      }, patient)
      .toEqual([{ n: 1 }, { n: 2 }]);
  });

  test("a sidecar that takes calls and does not answer is away as well", async () => {
    const asked: string[] = [];
    const silent = createServer(({ url }) => void asked.push(url ?? ""));
    await new Promise<void>((resolve) => silent.listen(port, "127.0.0.1", resolve));
    await open();
    const saving = save({ key: "k", value: 1 });
    await expect.poll(() => asked.length, patient).toBe(1);
    await local.advance(30_000);
    expect((await saving).status).toBe(204);
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
    await reachable();
    await sent();
    expect(await there("k")).toBe("1");
  });

  test("an answered read lets what waits go at once", async () => {
    await open();
    await save({ key: "k", value: 1 });
    await reachable();
    expect((await read("other")).status).toBe(204);
    await expect.poll(async () => (await told()).waiting, patient).toBe(0);
    expect(await there("k")).toBe("1");
  });

  test("what was changed meanwhile is refused and reported, never overwritten", async () => {
    await reachable();
    await open();
    await save({ key: "k", value: "before" });
    const etag = (await read("k")).headers.get("etag");
    await unreachable();
    expect((await save({ key: "k", value: "mine", etag })).status).toBe(204);
    expect((await save({ key: "next", value: 1 })).status).toBe(204);
    await reachable();
    const body = JSON.stringify([{ key: "shop|~|k", value: "theirs" }]);
    await fetch(`http://127.0.0.1:${port}/v1.0/state/shared`, { method: "POST", body });
    await sent();
    expect([await there("k"), await there("next")]).toEqual(['"theirs"', "1"]);
    expect((await told()).refused).toMatchObject([
      { keys: ["shop||k"], cause: expect.stringContaining("possible etag mismatch") },
    ]);
    expect(errors).toEqual(["a queued call was refused and is given up"]);
  });

  test("an ETag of before does not fit what is queued, nor does a creation", async () => {
    await reachable();
    await open();
    await save({ key: "k", value: 0 });
    const etag = (await read("k")).headers.get("etag");
    await unreachable();
    expect((await save({ key: "k", value: 1, etag })).status).toBe(204);
    expect((await save({ key: "k", value: 2, etag })).status).toBe(409);
    const create = { key: "k", value: 3, options: { concurrency: "first-write" } };
    expect((await save(create)).status).toBe(409);
    const operations = [
      { operation: "upsert", request: { key: "other", value: 1 } },
      { operation: "upsert", request: { key: "k", value: 2, etag } },
    ];
    expect((await post("/v1.0/state/shared/transaction", { operations })).status).toBe(500);
    expect((await told()).waiting).toBe(1);
    expect(await (await read("k")).text()).toBe("1");
  });

  test("a call that was carried out before it was forgotten takes effect once", async () => {
    await open();
    await save({ key: "k", value: 1, options: { concurrency: "first-write" } });
    const waiting = await new Promise<unknown[]>((resolve) => {
      indexedDB.open("daprlet:/:offline:shop:shared").onsuccess = ({ target }) => {
        const database = (target as IDBOpenDBRequest).result;
        const request = database.transaction("calls").objectStore("calls").getAll();
        request.onsuccess = () => resolve(request.result);
      };
    });
    const [{ id, body, path }] = waiting as [{ id: string; body: Uint8Array; path: string }];
    await reachable();
    const headers = { "content-type": "application/json", "daprlet-request-id": encodeURIComponent(id) };
    const first = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers,
      body: body as Uint8Array<ArrayBuffer>,
    });
    expect(first.status).toBe(204);
    await sent();
    expect((await told()).refused).toEqual([]);
  });

  test("no acknowledged write is lost or overtaken while the sidecar comes and goes", async () => {
    await open();
    const last = new Map<string, number>();
    for (let n = 0; n < 40; n++) {
      if (n % 8 === 3) await reachable();
      if (n % 8 === 7) await unreachable();
      const key = `k${n % 5}`;
      if ((await save({ key, value: n })).status === 204) last.set(key, n);
      if (n % 3 === 0) await local.advance(5_000);
    }
    await reachable();
    await sent();
    for (const [key, value] of last) expect(await there(key)).toBe(String(value));
    expect(last.size).toBe(5);
  });

  test("a sidecar that lacks the component is waited for, and metadata say so", async () => {
    await open();
    await save({ key: "k", value: 1 });
    remote = await startSidecar({ appId: "remote", port, logLevel: "error", components: [] });
    await expect
      .poll(async () => {
        await local.advance(30_000);
        return (await told()).cause;
      }, patient)
      .toContain("ERR_STATE_STORE_NOT_CONFIGURED");
    await unreachable();
    await reachable();
    await sent();
    expect(await there("k")).toBe("1");
    expect(await told()).toEqual({ waiting: 0, refused: [] });
  });

  test("a call that no sidecar takes does not hold up the rest", async () => {
    await open();
    await save({ key: "k", value: "x".repeat(5 << 20) });
    await save({ key: "next", value: 1 });
    await reachable();
    await sent();
    expect(await there("next")).toBe("1");
    expect((await told()).refused).toMatchObject([{ keys: ["shop||k"] }]);
  });
});

test.each(["queue", "yes"])(
  "offline: %s is refused where it cannot be kept, or is not known",
  async (offline) => {
    const opening = createRuntime({
      components: [{ name: "shared", type: "state.dapr", metadata: { url: "http://localhost:1", offline } }],
    });
    await expect(opening).rejects.toThrow(
      offline === "queue" ? "only a page has a queue that outlives it" : "expected queue",
    );
  },
);
