import { beforeEach, describe, expect, it } from "vitest";
import { openWith, testContext } from "../../tests/conformance/test-context.ts";
import { inMemoryPubSub } from "../components/pubsub/in-memory.ts";
import { definePubSub, type PublishRequest } from "../components/pubsub/pubsub.ts";
import { inMemoryStore } from "../components/state/in-memory.ts";
import { defineStore, type Store, type WriteBatch } from "../components/state/store.ts";
import { ComponentError } from "../errors/component-error.ts";
import { FakeClock } from "../fake-clock.ts";
import { createRuntime, type LocalRuntime } from "../node/create-runtime.ts";
import type { Log } from "../platform.ts";
import { LEASE_MS, Outbox, SLOTS } from "./outbox.ts";

interface Event {
  readonly id: string;
  readonly data: unknown;
  readonly [attribute: string]: unknown;
}

/** What the broker took, in order. */
let published: (PublishRequest & { event: Event })[];
/** What the next publishes do; afterwards they succeed. */
let broker: (() => Promise<void>)[];
/** One memory for all runtimes of a test: it outlives them. */
let memory: Promise<Store> | undefined;
/** Looked at before each write; what it throws is thrown. `after` when the write was carried out. */
let onWrite: ((batch: WriteBatch, when: "before" | "after") => void) | undefined;
let logged: string[];
let clock: FakeClock;
let running: LocalRuntime[];

const down = () => Promise.reject(new ComponentError("UNAVAILABLE", "the broker is away"));

const sharedStore = defineStore({
  type: "state.shared",
  version: "v1",
  summary: "One memory for all.",
  metadata: {},
  features: ["ETAG", "TRANSACTIONAL", "OUTCOME", "TTL"],
  async open(_, context) {
    memory ??= openWith(inMemoryStore, context) as Promise<Store>;
    const store = await memory;
    return {
      get: (key) => store.get(key, undefined),
      bulkGet: (keys) => store.bulkGet(keys),
      async write(batch) {
        onWrite?.(batch, "before");
        const outcome = await store.write(batch);
        onWrite?.(batch, "after");
        return outcome;
      },
      close: async () => undefined,
    };
  },
});

const plainStore = defineStore({ ...sharedStore, type: "state.plain", features: ["ETAG"] } as never);

const testBus = definePubSub({
  type: "pubsub.test",
  version: "v1",
  summary: "Keeps what is published.",
  metadata: {},
  features: [],
  open: async () => ({
    async publish(request) {
      await broker.shift()?.();
      published.push({ ...request, event: JSON.parse(new TextDecoder().decode(request.data)) });
    },
    subscribe: () => Promise.reject(new Error("not here")),
    close: async () => undefined,
  }),
});

const target = { outboxPublishPubsub: "bus", outboxPublishTopic: "orders" };
const bus = { name: "bus", type: "pubsub.test" };
const log: Log = {
  debug: () => undefined,
  info: (message) => logged.push(message),
  warn: (message) => logged.push(message),
  error: (message) => logged.push(message),
};

async function start(
  metadata: Record<string, string> = target,
  components: readonly { name: string; type: string; metadata?: Record<string, string> }[] = [bus],
): Promise<LocalRuntime> {
  const runtime = await createRuntime({
    appId: "shop",
    clock,
    log,
    registry: { state: [sharedStore, plainStore], pubsub: [testBus] },
    components: [{ name: "s", type: "state.shared", metadata }, ...components],
  });
  running.push(runtime);
  return runtime;
}

beforeEach(() => {
  published = [];
  broker = [];
  memory = undefined;
  onWrite = undefined;
  logged = [];
  clock = new FakeClock();
  running = [];
  return async () => {
    for (const runtime of running) await runtime.stop();
  };
});

const upsert = (key: string, value: unknown, more: Record<string, unknown> = {}) => ({
  operation: "upsert",
  request: { key, value, ...more },
});
const remove = (key: string) => ({ operation: "delete", request: { key } });

async function transact(
  runtime: LocalRuntime,
  operations: readonly unknown[],
  headers: Record<string, string> = {},
) {
  const answer = await runtime.fetch("/v1.0/state/s/transaction", {
    method: "POST",
    body: JSON.stringify({ operations }),
    headers,
  });
  const text = await answer.text();
  return { status: answer.status, ...(text && (JSON.parse(text) as { errorCode: string; message: string })) };
}

const value = async (runtime: LocalRuntime, key: string) =>
  await (await runtime.fetch(`/v1.0/state/s/${key}`)).text();
const settle = () => clock.advance(0);

/** Slots that hold a record. */
async function pending(): Promise<number> {
  const keys = Array.from({ length: SLOTS }, (_, slot) => `daprlet.outbox||shop||${slot}`);
  const items = await (await memory)?.bulkGet(keys);
  return items?.filter((item) => item !== undefined).length ?? 0;
}

describe("a transaction on a store with an outbox", () => {
  it("publishes an event for each upsert, none for a delete, and keeps nothing", async () => {
    const runtime = await start();
    const operations = [upsert("a", { n: 1 }), remove("gone"), upsert("b", "text"), upsert("c", null)];
    expect(await transact(runtime, operations)).toEqual({ status: 204 });
    await settle();
    expect(published.map(({ event }) => event)).toEqual(
      [{ n: 1 }, "text", null].map((data) => ({
        id: expect.stringMatching(/^outbox-[0-9a-f-]{36}$/),
        source: "shop",
        type: "com.dapr.event.sent",
        specversion: "1.0",
        time: "2026-01-01T00:00:00Z",
        datacontenttype: "application/json",
        topic: "orders",
        pubsubname: "bus",
        traceid: "",
        traceparent: "",
        tracestate: "",
        data,
      })),
    );
    expect(published.map(({ topic, contentType }) => [topic, contentType])).toEqual(
      published.map(() => ["orders", "application/cloudevents+json"]),
    );
    expect(new Set(published.map(({ requestId }) => requestId)).size).toBe(3);
    expect([await value(runtime, "a"), await value(runtime, "b"), await pending()]).toEqual([
      '{"n":1}',
      '"text"',
      0,
    ]);
  });

  it("tells of nothing that is only deleted, or saved without a transaction", async () => {
    const runtime = await start();
    expect(await transact(runtime, [remove("a")])).toEqual({ status: 204 });
    await runtime.fetch("/v1.0/state/s", { method: "POST", body: '[{"key":"a","value":1}]' });
    await settle();
    expect(published).toEqual([]);
  });

  it("writes and publishes nothing where an ETag is stale", async () => {
    const runtime = await start();
    const stale = upsert("b", 1, { etag: "99", options: { concurrency: "first-write" } });
    expect(await transact(runtime, [upsert("a", 1), stale])).toMatchObject({
      status: 500,
      errorCode: "ERR_STATE_TRANSACTION",
    });
    await settle();
    expect([published, await value(runtime, "a"), await pending()]).toEqual([[], "", 0]);
  });

  it("takes attributes from an operation's metadata, and the trace from the request", async () => {
    const runtime = await start();
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const metadata = {
      "cloudevent.id": "my-id",
      type: "order.placed",
      "CloudEvent.Source": "web",
      subject: "orders/1",
      ttlInSeconds: "60",
      other: "x",
    };
    await transact(runtime, [upsert("a", 1, { metadata })], { traceparent });
    await transact(runtime, [upsert("b", '{"a":1}', { metadata: { contentType: "text/plain" } })]);
    await settle();
    expect(published[0]?.event).toMatchObject({
      id: "my-id",
      type: "order.placed",
      source: "web",
      subject: "orders/1",
      traceparent,
      data: 1,
    });
    expect(Object.keys(published[0]?.event ?? {})).not.toContain("expiration");
    expect(published[1]?.event).toMatchObject({ datacontenttype: "text/plain", data: '{"a":1}' });
  });

  it("publishes a projection instead of what it writes", async () => {
    const runtime = await start();
    const projection = upsert("a", { id: 1 }, { metadata: { "outbox.projection": "true", type: "told" } });
    const ordinary = upsert("b", 2, { metadata: { "outbox.projection": "false" } });
    expect(await transact(runtime, [projection, upsert("a", { id: 1, secret: 2 }), ordinary])).toEqual({
      status: 204,
    });
    await settle();
    expect(published.map(({ event }) => [event.data, event.type])).toEqual([
      [{ id: 1 }, "told"],
      [2, "com.dapr.event.sent"],
    ]);
    expect(await value(runtime, "a")).toBe('{"id":1,"secret":2}');
  });

  it("refuses a projection of a key that it does not write", async () => {
    const runtime = await start();
    const projection = upsert("a", 1, { metadata: { "outbox.projection": "true" } });
    const answer = await transact(runtime, [projection, upsert("b", 1)]);
    expect(answer).toMatchObject({ status: 400, errorCode: "ERR_MALFORMED_REQUEST" });
    await settle();
    expect([published, await value(runtime, "b")]).toEqual([[], ""]);
  });

  it("keeps its events encrypted where the store is", async () => {
    const runtime = await start({ ...target, primaryEncryptionKey: "0f".repeat(32) });
    const seen: string[] = [];
    onWrite = ({ operations }) => {
      for (const one of operations) if (one.kind === "upsert") seen.push(new TextDecoder().decode(one.value));
    };
    await transact(runtime, [upsert("a", "the-secret")]);
    await expect.poll(() => published.map(({ event }) => event.data)).toEqual(["the-secret"]);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.join()).not.toContain("the-secret");
    await expect.poll(pending).toBe(0);
  });
});

describe("a broker that fails", () => {
  it("neither fails the transaction nor loses its event: it is tried again with back-off", async () => {
    const runtime = await start();
    broker = [down, down, down];
    expect(await transact(runtime, [upsert("a", 1), upsert("b", 2)])).toEqual({ status: 204 });
    await settle();
    expect([published.length, await pending(), await value(runtime, "a")]).toEqual([0, 1, "1"]);
    expect(logged.filter((line) => line.includes("the broker is away"))).toHaveLength(1);
    await clock.advance(10_000);
    expect(published.map(({ event }) => event.data)).toEqual([1, 2]);
    expect([await pending(), logged.at(-1)]).toEqual([0, "events of transactions on s are published again"]);
  });

  it("in the middle of a transaction's events: all come, the first ones under the ids they had", async () => {
    const runtime = await start();
    broker = [() => Promise.resolve(), down];
    await transact(runtime, [upsert("a", 1), upsert("b", 2)]);
    await clock.advance(10_000);
    expect(published.map(({ event }) => event.data)).toEqual([1, 1, 2]);
    expect(published[0]?.requestId).toBe(published[1]?.requestId);
    expect(published[0]?.event.id).toBe(published[1]?.event.id);
  });

  it("that never answers is given up after a while, and asked again", async () => {
    const runtime = await start();
    broker = [() => new Promise(() => undefined)];
    await transact(runtime, [upsert("a", 1)]);
    await clock.advance(29_000);
    expect(published.length).toBe(0);
    await clock.advance(5_000);
    expect([published.length, await pending()]).toEqual([1, 0]);
  });

  it("does not publish again what it published and could not remove", async () => {
    const runtime = await start();
    await settle();
    let failures = 2;
    onWrite = ({ operations: [first] }, when) => {
      if (first?.kind === "delete" && when === "before" && failures-- > 0) {
        throw new ComponentError("UNAVAILABLE", "the disk is on fire");
      }
    };
    await transact(runtime, [upsert("a", 1)]);
    await settle();
    expect([published.length, await pending()]).toEqual([1, 1]);
    await clock.advance(10_000);
    expect([published.length, await pending()]).toEqual([1, 0]);
  });

  it("for so long that no slot is left: transactions are refused until it is back", {
    timeout: 20_000,
  }, async () => {
    const runtime = await start();
    await settle();
    let away = true;
    const gate = () => (away ? down() : Promise.resolve());
    broker = new Proxy([], { get: (_, name) => (name === "shift" ? () => gate : undefined) });
    const all = await Promise.all(
      Array.from({ length: SLOTS }, (_, i) => transact(runtime, [upsert(`k${i}`, i)])),
    );
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([204]));
    const refused = await transact(runtime, [upsert("more", 1)]);
    expect(refused).toMatchObject({ status: 500, errorCode: "ERR_STATE_TRANSACTION" });
    expect(refused).toMatchObject({ message: expect.stringContaining("1024 transactions wait") });
    expect(await value(runtime, "more")).toBe("");
    expect(await transact(runtime, [remove("k0")])).toEqual({ status: 204 });
    away = false;
    await clock.advance(2_000);
    expect(await transact(runtime, [upsert("more", 1)])).toEqual({ status: 204 });
    await clock.advance(60_000);
    expect([published.length, await pending()]).toEqual([SLOTS + 1, 0]);
  });
});

describe("a store that fails", () => {
  it("before the transaction: nothing is published", async () => {
    const runtime = await start();
    await settle();
    onWrite = (_, when) => {
      if (when === "before") throw new ComponentError("UNAVAILABLE", "the disk is on fire");
    };
    expect((await transact(runtime, [upsert("a", 1)])).status).toBe(500);
    onWrite = undefined;
    await clock.advance(600_000);
    expect([published, await pending()]).toEqual([[], 0]);
  });

  it("after the transaction: it is told as a failure, and its event is published all the same", async () => {
    const runtime = await start();
    await settle();
    onWrite = (_, when) => {
      if (when !== "after") return;
      onWrite = undefined;
      throw new ComponentError("UNAVAILABLE", "the answer was lost");
    };
    expect((await transact(runtime, [upsert("a", 1)])).status).toBe(500);
    await settle();
    expect([published.length, await value(runtime, "a"), await pending()]).toEqual([1, "1", 0]);
  });
});

describe("an instance that ends", () => {
  /** Commits a transaction on a runtime that ends before anything is published. */
  async function die(key: string): Promise<void> {
    const runtime = await start();
    await settle();
    broker = [() => new Promise(() => undefined)];
    await transact(runtime, [upsert(key, key)]);
    await settle();
    // It is gone without a word: its clock stands still.
    running = running.filter((other) => other !== runtime);
    clock = new FakeClock(clock.now());
  }

  it("leaves what it committed to the next one, which publishes it once the lease ran out", async () => {
    await die("a");
    const next = await start();
    await settle();
    expect([published.length, await pending()]).toEqual([0, 1]);
    await clock.advance(LEASE_MS + 1);
    expect([published.map(({ event }) => event.data), await pending()]).toEqual([["a"], 0]);
    expect(await value(next, "a")).toBe('"a"');
  });

  it("leaves it for the app as well, on a bus that begins with its subscription", async () => {
    await die("a");
    await clock.advance(LEASE_MS + 1);
    const told: unknown[] = [];
    const runtime = await createRuntime({
      appId: "shop",
      clock,
      registry: { state: [sharedStore], pubsub: [inMemoryPubSub()] },
      components: [
        { name: "s", type: "state.shared", metadata: target },
        { name: "bus", type: "pubsub.in-memory" },
      ],
      app: async (request) => {
        if (new URL(request.url).pathname === "/dapr/subscribe") {
          return Response.json([{ pubsubname: "bus", topic: "orders", route: "/orders" }]);
        }
        told.push(((await request.json()) as Event).data);
        return new Response();
      },
    });
    running.push(runtime);
    await clock.advance(1);
    await expect.poll(() => told).toEqual(["a"]);
  });

  it("leaves it to one of several", async () => {
    for (const key of ["a", "b", "c"]) await die(key);
    await Promise.all([start(), start(), start()]);
    await clock.advance(60_000);
    expect(published.map(({ event }) => event.data).sort()).toEqual(["a", "b", "c"]);
    expect(await pending()).toBe(0);
  });

  it("publishes what is under way when it is stopped in good order, and leaves what fails", async () => {
    const runtime = await start();
    await settle();
    let release: () => void = () => undefined;
    broker = [
      () =>
        new Promise((resolve) => {
          release = resolve;
        }),
      down,
    ];
    await transact(runtime, [upsert("a", 1)]);
    await transact(runtime, [upsert("b", 2)]);
    await settle();
    const stopped = runtime.stop();
    release();
    await stopped;
    expect([published.map(({ event }) => event.data), await pending()]).toEqual([[1], 1]);
    await start();
    await clock.advance(LEASE_MS + 1);
    expect([published.map(({ event }) => event.data), await pending()]).toEqual([[1, 2], 0]);
  });

  it("is helped by others that are running", async () => {
    const living = await start();
    await settle();
    const before = clock;
    await die("a");
    clock = before;
    await clock.advance(6 * 60_000);
    expect([published.length, await pending()]).toEqual([1, 0]);
    expect(await value(living, "a")).toBe('"a"');
  });
});

describe("two instances", () => {
  it("share the slots, and each publishes its own events once", async () => {
    const all = await Promise.all([start(), start(), start()]);
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) => transact(all[i % 3] as LocalRuntime, [upsert(`k${i}`, i)])),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
    await settle();
    expect(published.map(({ event }) => event.data as number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 300 }, (_, i) => i),
    );
    expect(await pending()).toBe(0);
  });

  it("find another slot where they meet, also when the request comes again", async () => {
    const context = testContext("s", clock);
    const store = openWith(inMemoryStore, context) as Promise<Store>;
    let attempts = 0;
    const watched: Store = {
      ...(await store),
      get: async (key) => (await store).get(key, undefined),
      // Where one cannot look, it finds the others by running into them.
      bulkGet: () => Promise.reject(new ComponentError("UNAVAILABLE", "the disk is on fire")),
      async write(batch) {
        attempts++;
        return (await store).write(batch);
      },
    };
    const open = (publish: (target: unknown, event: string) => Promise<void>) =>
      new Outbox(
        { component: watched },
        {
          appId: "shop",
          store: "s",
          log,
          // All begin at the first slot.
          platform: { ...context.platform, random: (bytes) => bytes.fill(0) },
          publish,
        },
      );
    const batch = (requestId?: string) => ({ operations: () => [], consistency: undefined, requestId });
    const to = { pubsub: "bus", topic: "orders" };
    const first = open(() => new Promise(() => undefined));
    for (let i = 0; i < 5; i++) await first.write(batch(), to, [`${i}`]);
    const seen: string[] = [];
    const second = open(async (_, event) => {
      seen.push(event);
    });
    attempts = 0;
    expect(await second.write(batch("r1"), to, ["own"])).toEqual([]);
    expect(attempts).toBe(6);
    await settle();
    expect(await second.write(batch("r1"), to, ["own"])).toEqual([]);
    await settle();
    expect(seen).toEqual(["own"]);
    await second.close();
  });
});

describe("a sidecar that is stopping", () => {
  it("leaves the events of a late transaction to the next one, and no timer", async () => {
    const runtime = await start();
    await settle();
    // The app's last call, while its sidecar ends.
    let ends = () => {};
    const ending = new Promise<void>((resolve) => {
      ends = resolve;
    });
    broker = [() => ending.then(async () => void (await transact(runtime, [upsert("b", 2)])))];
    await transact(runtime, [upsert("a", 1)]);
    const stopped = runtime.stop();
    await settle();
    ends();
    await stopped;
    running = [];
    await settle();
    expect(clock.pending).toBe(0);
    await start();
    await clock.advance(LEASE_MS);
    expect(published.map(({ event }) => event.data)).toEqual([1, 2]);
  });
});

describe("a repeated request", () => {
  it("publishes nothing a second time", async () => {
    const runtime = await start();
    const headers = { "daprlet-request-id": "r1" };
    for (let i = 0; i < 3; i++) {
      expect(await transact(runtime, [upsert("a", 1)], headers)).toEqual({ status: 204 });
      await settle();
    }
    expect([published.length, await pending()]).toEqual([1, 0]);
  });

  it("publishes what its first run left, once", async () => {
    const headers = { "daprlet-request-id": "r1" };
    const first = await start();
    await settle();
    broker = [() => new Promise(() => undefined)];
    await transact(first, [upsert("a", 1)], headers);
    running = [];
    clock = new FakeClock(clock.now());
    const second = await start();
    expect(await transact(second, [upsert("a", 1)], headers)).toEqual({ status: 204 });
    await clock.advance(60_000);
    expect([published.length, await pending()]).toEqual([1, 0]);
  });
});

describe("what cannot be published", () => {
  it("is refused before anything is written, and said at the start", async () => {
    const runtime = await start(target, []);
    expect(await transact(runtime, [upsert("a", 1)])).toEqual({
      status: 500,
      errorCode: "ERR_PUBLISH_OUTBOX",
      message: "error while publishing outbox message: pubsub 'bus' not found",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          domain: "dapr.io",
          metadata: { appID: "shop", error: "pubsub 'bus' not found" },
          reason: "DAPR_PUBSUB_OUTBOX",
        },
      ],
    });
    expect(await value(runtime, "a")).toBe("");
    expect(logged.join()).toContain("pub/sub bus, which is not loaded");
  });

  it("is refused where the topic is not for this app", async () => {
    const runtime = await start(target, [{ ...bus, metadata: { publishingScopes: "shop=other" } }]);
    expect(await transact(runtime, [upsert("a", 1)])).toMatchObject({
      status: 500,
      errorCode: "ERR_PUBLISH_OUTBOX",
      message: expect.stringContaining("topic orders is not allowed for app id shop"),
    });
    expect(await value(runtime, "a")).toBe("");
  });

  it.each([{ contentType: "application/cloudevents+json" }, { "cloudevent.subject": "x".repeat(100_000) }])(
    "is refused where an event cannot be made of it",
    async (metadata) => {
      const runtime = await start();
      expect(await transact(runtime, [upsert("a", 5, { metadata })])).toMatchObject({
        status: 500,
        errorCode: "ERR_PUBLISH_OUTBOX",
      });
      expect([await value(runtime, "a"), published]).toEqual(["", []]);
    },
  );

  it.each([
    [{ outboxPublishPubsub: "bus" }, "state.shared", /give both outboxPublishPubsub and outboxPublishTopic/],
    [{ outboxpublishtopic: "t" }, "state.shared", /give both/],
    [target, "state.plain", /needs a store with transactions and ETags/],
  ])("%j on %s does not open", async (metadata, type, message) => {
    await expect(start({}, [bus, { name: "t", type, metadata }])).rejects.toThrow(message);
  });
});

describe("an update", () => {
  it("gives a store its outbox, another target, and takes it away", async () => {
    const runtime = await start({});
    const change = async (metadata: Record<string, string>) => {
      const { givenResources } = await import("../node/given-components.ts");
      await runtime.update(
        await givenResources([{ name: "s", type: "state.shared", metadata }, bus], "a test"),
      );
    };
    await transact(runtime, [upsert("a", 0)]);
    await change(target);
    await transact(runtime, [upsert("a", 1)]);
    await change({ ...target, outboxPublishTopic: "others" });
    await transact(runtime, [upsert("a", 2)]);
    await settle();
    await change({});
    await transact(runtime, [upsert("a", 3)]);
    await settle();
    expect(published.map(({ event, topic }) => [event.data, topic])).toEqual([
      [1, "orders"],
      [2, "others"],
    ]);
  });
});
