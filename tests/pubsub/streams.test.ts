import { afterEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import {
  type CreateRuntimeOptions,
  createRuntime,
  type LocalRuntime,
} from "../../host/node/create-runtime.ts";
import { givenResources } from "../../host/node/given-components.ts";
import { serverSentEvents } from "../../host/server-sent-events.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const base = "/v1.0-alpha1/subscribe/bus";
const clock = new FakeClock();
const started: LocalRuntime[] = [];
afterEach(async () => {
  const stopping = started.splice(0).map((runtime) => runtime.stop());
  // What has no verdict yet is waited for.
  await clock.advance(5_000);
  await Promise.all(stopping);
});

const bus = (metadata: Record<string, string> = {}) => ({ name: "bus", type: "pubsub.in-memory", metadata });

async function sidecar(options: Partial<CreateRuntimeOptions> = {}): Promise<LocalRuntime> {
  const runtime = await createRuntime({ appId: "shop", clock, log: silent, components: [bus()], ...options });
  started.push(runtime);
  return runtime;
}

interface Got {
  readonly id: string;
  readonly event: Record<string, unknown>;
  readonly delivery: Record<string, unknown>;
}

/** Reads a stream from its start. */
async function read(runtime: LocalRuntime, query = "/orders") {
  const response = await runtime.fetch(base + query);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  const got: Got[] = [];
  const leaving = new AbortController();
  let ended = false;
  void (async () => {
    for await (const fields of serverSentEvents(response.body as ReadableStream, leaving.signal)) {
      const [id = "", event = "", delivery = ""] = ["id", "data", "delivery"].map((name) => fields.get(name));
      got.push({ id, event: JSON.parse(event), delivery: JSON.parse(delivery) });
    }
    ended = true;
  })();
  return {
    got,
    id: response.headers.get("daprlet-stream") as string,
    leave: () => leaving.abort(),
    ended: () => ended,
    data: () => got.map(({ event }) => event.data),
  };
}

const publish = async (runtime: LocalRuntime, data: unknown, topic = "orders") => {
  const body = JSON.stringify(data);
  const headers = { "content-type": "application/json" };
  const answer = await runtime.fetch(`/v1.0/publish/bus/${topic}`, { method: "POST", headers, body });
  expect(answer.status).toBe(204);
  await clock.advance(0);
};

const say = async (runtime: LocalRuntime, verdicts: unknown, path = base) => {
  const answer = await runtime.fetch(path, { method: "POST", body: JSON.stringify(verdicts) });
  await clock.advance(0);
  return answer;
};
const settle = async (
  runtime: LocalRuntime,
  { id }: Got | undefined = { id: "" } as Got,
  status = "SUCCESS",
) => (await say(runtime, { id, status })).status;

const subscriptions = async (runtime: LocalRuntime) =>
  ((await (await runtime.fetch("/v1.0/metadata")).json()) as { subscriptions?: unknown }).subscriptions;

describe("a stream of events", () => {
  it("brings the CloudEvents of a topic, which a verdict ends; metadata list it as STREAMING", async () => {
    const runtime = await sidecar();
    const stream = await read(runtime, "/orders?metadata.a=b");
    await publish(runtime, { n: 1 });
    expect(stream.got[0]).toMatchObject({
      event: { data: { n: 1 }, topic: "orders", pubsubname: "bus", source: "shop", specversion: "1.0" },
      delivery: { subscription: "orders", topic: "orders", attempt: 1 },
    });
    expect(await subscriptions(runtime)).toEqual([
      {
        pubsubname: "bus",
        topic: "orders",
        metadata: { a: "b" },
        rules: [{ path: "/" }],
        deadLetterTopic: "",
        type: "STREAMING",
      },
    ]);
    expect(await settle(runtime, stream.got[0])).toBe(204);
    await clock.advance(120_000);
    expect(stream.got).toHaveLength(1);
    stream.leave();
    await clock.advance(0);
    expect(await subscriptions(runtime)).toBeUndefined();
  });

  it.each([
    { status: "RETRY", dead: "", again: 2, deadLetters: [] },
    { status: "DROP", dead: "", again: 1, deadLetters: [] },
    { status: "DROP", dead: "?deadLetterTopic=dead", again: 1, deadLetters: [1] },
    { status: "RETRY", dead: "?deadLetterTopic=dead", again: 1, deadLetters: [1] },
  ])("$status $dead: delivered $again times", async ({ status, dead, again, deadLetters }) => {
    const runtime = await sidecar();
    const stream = await read(runtime, `/orders${dead}`);
    const letters = await read(runtime, "/dead");
    await publish(runtime, 1);
    expect(await settle(runtime, stream.got[0], status)).toBe(204);
    await clock.advance(2_000);
    expect(stream.got.map(({ delivery }) => delivery.attempt)).toEqual([1, 2].slice(0, again));
    expect(letters.data()).toEqual(deadLetters);
  });

  it("brings an event again that gets no verdict in time, and no dead letter of it", async () => {
    const runtime = await sidecar();
    const stream = await read(runtime, "/orders?ackTimeout=3s&deadLetterTopic=dead");
    await publish(runtime, 1);
    await clock.advance(2_900);
    expect(stream.got).toHaveLength(1);
    await clock.advance(1_200);
    expect(stream.got).toHaveLength(2);
    // The first delivery is over; its verdict counts for nothing.
    expect(await settle(runtime, stream.got[0])).toBe(404);
    expect(await settle(runtime, stream.got[1])).toBe(204);
  });

  it("gives what a reader that goes away had in hand to the next one, at once", async () => {
    const runtime = await sidecar();
    const first = await read(runtime);
    for (const n of [1, 2, 3]) await publish(runtime, n);
    expect(await settle(runtime, first.got[1])).toBe(204);
    first.leave();
    await publish(runtime, 4);
    const next = await read(runtime);
    await clock.advance(0);
    expect(next.data()).toEqual([1, 3, 4]);
    expect(await settle(runtime, first.got[0])).toBe(404);
  });

  it("has no more with its reader than the component's concurrency, or what the reader asks for", async () => {
    const runtime = await sidecar({ components: [bus({ concurrency: "3" })] });
    const [few, many] = [await read(runtime, "/t"), await read(runtime, "/u?concurrency=5")];
    for (let n = 0; n < 8; n++) for (const topic of ["t", "u"]) await publish(runtime, n, topic);
    expect([few.data(), many.data()]).toEqual([
      [0, 1, 2],
      [0, 1, 2, 3, 4],
    ]);
    expect(
      (
        await say(
          runtime,
          few.got.map(({ id }) => ({ id, status: "SUCCESS" })),
        )
      ).status,
    ).toBe(204);
    expect(few.data()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("ends for a reader that takes nothing, before what comes again piles up", async () => {
    const runtime = await sidecar();
    await runtime.fetch(`${base}/orders?ackTimeout=1s`);
    await publish(runtime, "x".repeat(100_000));
    await clock.advance(14_000);
    expect(await subscriptions(runtime)).toHaveLength(1);
    await clock.advance(32_000);
    expect(await subscriptions(runtime)).toBeUndefined();
  });

  it("is the app's own consumer, and under another name one below it", async () => {
    const got: unknown[] = [];
    const runtime = await sidecar({
      app: async (request: Request) => {
        if (request.url.endsWith("/dapr/subscribe")) {
          return Response.json([{ pubsubname: "bus", topic: "orders", route: "/orders" }]);
        }
        if (request.method === "POST") got.push(((await request.json()) as { data: unknown }).data);
        return new Response();
      },
    });
    const [own, page, other] = [
      await read(runtime, "/orders?consumer=shop"),
      await read(runtime, "/orders?consumer=page"),
      await read(runtime, "/orders?consumer=page"),
    ];
    for (let n = 0; n < 6; n++) {
      await publish(runtime, n);
      for (const one of [own, page, other].flatMap((stream) => stream.got)) await settle(runtime, one);
    }
    const all = [0, 1, 2, 3, 4, 5];
    expect([...got, ...own.data()].sort()).toEqual(all);
    expect([...page.data(), ...other.data()].sort()).toEqual(all);
    for (const some of [got, own.data(), page.data(), other.data()]) expect(some.length).toBeGreaterThan(0);
  });

  it("takes further topics, and leaves them while what came of them can still be settled", async () => {
    const runtime = await sidecar();
    const stream = await read(runtime, "");
    const change = async (method: string, topic: string) =>
      (await runtime.fetch(`${base}/${topic}?stream=${stream.id}`, { method })).status;
    expect([await change("PUT", "a"), await change("PUT", "b/c")]).toEqual([204, 204]);
    await publish(runtime, 1, "a");
    await publish(runtime, 2, "b/c");
    expect(stream.data()).toEqual([1, 2]);
    expect(await change("DELETE", "a")).toBe(204);
    await publish(runtime, 3, "a");
    expect(stream.data()).toEqual([1, 2]);
    expect(await settle(runtime, stream.got[0])).toBe(204);
    const next = await read(runtime, "/a");
    await clock.advance(0);
    expect(next.data()).toEqual([3]);
  });

  it.each([
    ['\n{\r\n"id":"1",\r"source":"s",\n"data":"a\\nb"\n}\n', { data: "a\nb" }],
    ['\uFEFF{"id":"1","source":"s","data":7}', { data: 7 }],
  ])("writes an event so that its reader finds it whole: %j", async (text, found) => {
    const runtime = await sidecar();
    const stream = await read(runtime, "/orders");
    const component = runtime.sidecar.components.pubsub.get("bus")?.component;
    const data = new TextEncoder().encode(text);
    await component?.publish({
      topic: "orders",
      data,
      contentType: undefined,
      metadata: new Map(),
      requestId: undefined,
    });
    await clock.advance(0);
    expect(stream.got[0]?.event).toMatchObject(found);
  });

  it("brings raw events in an envelope, with their bytes in base64", async () => {
    const runtime = await sidecar();
    const stream = await read(runtime, "/orders?metadata.rawPayload=true");
    await runtime.fetch("/v1.0/publish/bus/orders?metadata.rawPayload=true", { method: "POST", body: "{}" });
    await clock.advance(0);
    expect(stream.got[0]?.event).toMatchObject({ data_base64: btoa("{}"), topic: "orders" });
  });

  it.each([
    { what: "is replaced", components: [bus({ concurrency: "7" })], status: 200 },
    { what: "leaves", components: [], status: 404 },
  ])("ends after its last verdict where its pub/sub $what", async ({ components, status }) => {
    const runtime = await sidecar();
    const stream = await read(runtime);
    await publish(runtime, 1);
    const update = runtime.update(await givenResources(components, "the test"));
    await clock.advance(1_000);
    expect(stream.ended()).toBe(false);
    expect(await settle(runtime, stream.got[0])).toBe(204);
    await update;
    expect(stream.ended()).toBe(true);
    expect((await runtime.fetch(`${base}/orders`)).status).toBe(status);
  });

  it("ends without a verdict five seconds after its pub/sub left", async () => {
    const runtime = await sidecar();
    const stream = await read(runtime);
    await publish(runtime, 1);
    const update = runtime.update(await givenResources([], "the test"));
    await clock.advance(4_900);
    expect(stream.ended()).toBe(false);
    await clock.advance(100);
    await update;
    expect(stream.ended()).toBe(true);
    expect(await settle(runtime, stream.got[0])).toBe(404);
  });

  it("ends when the sidecar stops, which waits for the verdicts", async () => {
    const runtime = await sidecar();
    const stream = await read(runtime);
    await publish(runtime, 1);
    let stopped = false;
    const stopping = runtime.stop().then(() => {
      stopped = true;
    });
    await clock.advance(1_000);
    expect([stopped, stream.ended()]).toEqual([false, false]);
    expect((await runtime.fetch(`${base}/orders`)).status).toBe(503);
    expect(await settle(runtime, stream.got[0])).toBe(204);
    await stopping;
    expect(stream.ended()).toBe(true);
  });
});

describe("a stream under inbound policies", () => {
  const policies = `
---
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: { name: r }
spec:
  policies:
    timeouts: { short: 5s }
    retries: { once: { policy: constant, duration: 1s, maxRetries: 1 } }
    circuitBreakers: { second: { trip: consecutiveFailures > 1, timeout: 30s } }
`;
  const governed = (inbound: string) =>
    `${component}${policies}  targets: { components: { bus: { inbound: ${inbound} } } }\n`;
  const component = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: bus }
spec: { type: pubsub.in-memory, version: v1 }
`;

  it("brings an event again after their timeout, and makes a dead letter of it after their retries", async () => {
    const runtime = await sidecar({ components: governed("{ timeout: short, retry: once }") });
    const dead = await read(runtime, "/dead");
    const stream = await read(runtime, "/orders?deadLetterTopic=dead");
    await publish(runtime, 1);
    await clock.advance(4_999);
    expect(stream.got).toHaveLength(1);
    await clock.advance(1_001);
    expect(stream.got).toHaveLength(2);
    expect(await settle(runtime, stream.got[0])).toBe(404);
    expect(dead.got).toHaveLength(0);
    await clock.advance(5_000);
    expect([stream.got.length, dead.data()]).toEqual([2, [1]]);
    expect(await settle(runtime, dead.got[0])).toBe(204);
  });

  it("holds events back while the circuit breaker is open, and loses none", async () => {
    const runtime = await sidecar({ components: governed("{ circuitBreaker: second }") });
    const stream = await read(runtime, "/orders?redeliverInterval=1s&maxRedeliverInterval=1s");
    await publish(runtime, 1);
    await settle(runtime, stream.got[0], "RETRY");
    await clock.advance(1_000);
    await settle(runtime, stream.got[1], "RETRY");
    await publish(runtime, 2);
    await clock.advance(29_000);
    expect(stream.data()).toEqual([1, 1]);
    // One passes, by which it closes.
    await clock.advance(1_001);
    expect(stream.got).toHaveLength(3);
    await settle(runtime, stream.got[2]);
    await clock.advance(1_000);
    expect(new Set(stream.data().slice(2))).toEqual(new Set([1, 2]));
    await settle(runtime, stream.got[3]);
  });

  it("counts no reader that goes away as a failure, and gives what waits for the breaker to the next", async () => {
    const runtime = await sidecar({ components: governed("{ circuitBreaker: second }") });
    for (let i = 0; i < 3; i++) {
      const stream = await read(runtime, "/orders?redeliverInterval=1s&maxRedeliverInterval=1s");
      if (i === 0) await publish(runtime, 1);
      await clock.advance(1_000);
      expect(stream.got).toHaveLength(1);
      stream.leave();
      await clock.advance(0);
    }
    const failing = await read(runtime, "/orders?redeliverInterval=1s&maxRedeliverInterval=1s");
    for (const _ of [1, 2]) {
      await clock.advance(1_000);
      await settle(runtime, failing.got.at(-1), "RETRY");
    }
    await clock.advance(5_000);
    failing.leave();
    const next = await read(runtime);
    await clock.advance(25_002);
    expect([failing.got.length, next.data()]).toEqual([2, [1]]);
    await settle(runtime, next.got[0]);
  });

  it("ends where another policy holds for its pub/sub from now on, and only then", async () => {
    const before = governed("{ circuitBreaker: second }");
    const runtime = await sidecar({ components: before });
    const stream = await read(runtime);
    const become = async (text: string) => {
      const updating = runtime.update(await givenResources(text, "a test", () => undefined));
      await clock.advance(5_000);
      await updating;
    };
    await become(governed("{ circuitBreaker: second } }, other: { outbound: { timeout: short }"));
    expect(stream.ended()).toBe(false);
    await become(governed("{ timeout: short }"));
    expect(stream.ended()).toBe(true);
  });
});

describe("refusals", () => {
  const table: readonly [method: string, path: string, status: number, code: string, body?: unknown][] = [
    ["GET", "/v1.0-alpha1/subscribe/none/t", 404, "ERR_PUBSUB_NOT_FOUND"],
    ["GET", "/v1.0-alpha1/subscribe/none", 404, "ERR_PUBSUB_NOT_FOUND"],
    ["GET", `${base}/closed`, 403, "ERR_PUBSUB_FORBIDDEN"],
    ["GET", `${base}/orders?ackTimeout=0s`, 400, "ERR_BAD_REQUEST"],
    ["GET", `${base}/orders?ackTimeout=1000h`, 400, "ERR_BAD_REQUEST"],
    ["GET", `${base}/orders?concurrency=-1`, 400, "ERR_BAD_REQUEST"],
    ["GET", `${base}/orders?redeliverInterval=soon`, 400, "ERR_BAD_REQUEST"],
    ["GET", `${base}/orders?deadLetterTopic=orders`, 400, "ERR_BAD_REQUEST"],
    ["GET", `${base}/orders?metadata.rawPayload=perhaps`, 400, "ERR_PUBSUB_REQUEST_METADATA"],
    ["PUT", `${base}/orders?stream=1`, 404, "ERR_PUBSUB_STREAM_NOT_FOUND"],
    ["DELETE", `${base}/orders`, 404, "ERR_PUBSUB_STREAM_NOT_FOUND"],
    ["POST", base, 400, "ERR_MALFORMED_REQUEST", "{"],
    ["POST", base, 400, "ERR_MALFORMED_REQUEST", '{"id":"1","status":"success"}'],
    ["POST", base, 400, "ERR_MALFORMED_REQUEST", '[{"id":1,"status":"DROP"}]'],
    ["POST", base, 404, "ERR_PUBSUB_EVENT_NOT_FOUND", '{"id":"1.1","status":"DROP"}'],
  ];
  it.each(table)("%s %s: %i %s", async (method, path, status, code, body) => {
    const runtime = await sidecar({ components: [bus({ subscriptionScopes: "shop=orders" })] });
    const answer = await runtime.fetch(path, { method, ...(body !== undefined && { body: String(body) }) });
    expect([answer.status, ((await answer.json()) as { errorCode: string }).errorCode]).toEqual([
      status,
      code,
    ]);
  });

  it("a wildcard where topics are kept apart by namespace", async () => {
    const runtime = await sidecar({ components: [bus({ consumerID: "{namespace}" })] });
    const answer = await runtime.fetch(`${base}/orders*`);
    expect([answer.status, ((await answer.json()) as { errorCode: string }).errorCode]).toEqual([
      501,
      "ERR_PUBSUB_SUBSCRIBE",
    ]);
  });

  it("the verdict of another pub/sub's event", async () => {
    const runtime = await sidecar({ components: [bus(), { name: "other", type: "pubsub.in-memory" }] });
    const stream = await read(runtime);
    await publish(runtime, 1);
    const verdict = { id: stream.got[0]?.id, status: "SUCCESS" };
    expect((await say(runtime, verdict, "/v1.0-alpha1/subscribe/other")).status).toBe(404);
    expect((await say(runtime, [{ id: "none.1", status: "DROP" }, verdict])).status).toBe(404);
    expect((await say(runtime, verdict)).status).toBe(404); // the list counted, for what was known of it
  });

  it.each(["GET", "PUT", "DELETE", "POST"])(
    "everything to a strict sidecar, as daprd: %s",
    async (method) => {
      const runtime = await sidecar({ strict: true });
      const answer = await runtime.fetch(method === "POST" ? base : `${base}/orders`, { method });
      expect([answer.status, ((await answer.json()) as { errorCode: string }).errorCode]).toEqual([
        404,
        "ERR_DIRECT_INVOKE",
      ]);
    },
  );

  it("without the sidecar's token", async () => {
    const runtime = await sidecar({ apiToken: "t0ken" });
    expect((await runtime.fetch(`${base}/orders`)).status).toBe(401);
  });
});
