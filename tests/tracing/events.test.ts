import { afterEach, describe, expect, it } from "vitest";
import { defineExporter, type FinishedSpan } from "../../host/components/exporters/span-exporter.ts";
import { createRuntime, type LocalRuntime, nodeRegistry } from "../../host/node/index.ts";
import { componentDefaults } from "../../host/resources/component.ts";
import { silent, tracingYaml } from "./chain.ts";
import { startCollector } from "./collector.ts";

/** Keeps what it is given. */
function recorder() {
  const spans: FinishedSpan[] = [];
  const definition = defineExporter({
    type: "exporters.recorder",
    version: "v1",
    summary: "Keeps spans, for tests.",
    metadata: {},
    features: [],
    open: async () => ({
      async export(batch) {
        spans.push(...batch);
      },
      async close() {},
    }),
  });
  return { spans, registry: { ...nodeRegistry, exporters: [definition] } };
}

interface Got {
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

let runtime: LocalRuntime | undefined;
afterEach(() => runtime?.stop());

const caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const components = [
  { name: "pubsub", type: "pubsub.in-memory" },
  { name: "queue", type: "bindings.in-memory", metadata: { direction: "input, output" } },
  { name: "statestore", type: "state.in-memory" },
  { name: "recorder", type: "exporters.recorder" },
];

const subscriptions = [
  { pubsubname: "pubsub", topic: "orders", route: "/orders" },
  {
    pubsubname: "pubsub",
    topic: "many",
    route: "/many",
    bulkSubscribe: { enabled: true, maxMessagesCount: 2, maxAwaitDurationMs: 100 },
  },
];

/** A sidecar with an app that notes what it gets; `status` is what it answers. */
async function start(status: number, given: Parameters<typeof createRuntime>[0] = {}) {
  const { spans, registry } = recorder();
  const got: Got[] = [];
  const app = async (request: Request) => {
    const { pathname: path } = new URL(request.url);
    if (path === "/dapr/subscribe") return Response.json(subscriptions);
    if (path === "/dapr/config") return new Response(null, { status: 404 });
    if (request.method === "OPTIONS") return new Response();
    const text = await request.text();
    got.push({ path, headers: new Map(request.headers), text });
    if (path !== "/many") return new Response("", { status });
    const { entries } = JSON.parse(text) as { entries: { entryId: string }[] };
    return Response.json({ statuses: entries.map(({ entryId }) => ({ entryId, status: "SUCCESS" })) });
  };
  const started = await createRuntime({ appId: "a", components, registry, app, log: silent, ...given });
  runtime = started;
  const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    started.fetch(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
  return { spans, got, post, runtime: started };
}

/** [name, kind, parent's name, status] of each span, sorted. */
function family(spans: readonly FinishedSpan[]) {
  const nameOf = (id: string | undefined) => spans.find(({ spanId }) => spanId === id)?.name ?? id;
  return spans.map(({ name, kind, parentId, status }) => [name, kind, nameOf(parentId), status.code]).sort();
}

describe("the trace of an event", () => {
  it("goes on in the envelope and the header, with the correlation of who published", async () => {
    const { spans, got, post, runtime } = await start(200);
    const headers = { traceparent: caller, tracestate: "vendor=1", "x-correlation-id": "abc-1" };
    const answer = await post("/v1.0/publish/pubsub/orders", { a: 1 }, headers);
    expect(answer.status).toBe(204);
    await runtime.advance(2_000);
    const [event] = got;
    const envelope = JSON.parse(event?.text ?? "");
    expect(envelope.traceparent).toBe(answer.headers.get("traceparent"));
    expect([envelope.traceid, envelope.tracestate]).toEqual([envelope.traceparent, "vendor=1"]);
    expect(event?.headers.get("x-correlation-id")).toBe("abc-1");
    expect(event?.headers.get("tracestate")).toBe("vendor=1");
    const delivered = spans.find(({ name }) => name === "pubsub/orders");
    expect(event?.headers.get("traceparent")).toBe(
      `00-0af7651916cd43dd8448eb211c80319c-${delivered?.spanId}-01`,
    );
    expect(family(spans)).toEqual([
      ["/v1.0/publish/pubsub/orders", "client", "b7ad6b7169203331", "ok"],
      ["pubsub/orders", "client", "/v1.0/publish/pubsub/orders", "ok"],
    ]);
    for (const { attributes } of spans) {
      expect(attributes.get("http.request.header.x-correlation-id")).toBe("abc-1");
      expect(attributes.get("messaging.system")).toBe("pubsub");
    }
  });

  it("tells on the span of each delivery what the app answered", async () => {
    const { spans, post, runtime } = await start(500);
    await post("/v1.0/publish/pubsub/orders", { a: 1 });
    await runtime.advance(2_000);
    const deliveries = spans.filter(({ name }) => name === "pubsub/orders");
    expect(deliveries.length).toBeGreaterThan(1);
    for (const { status } of deliveries) expect(status).toEqual({ code: "error", message: "Internal" });
  });

  it("is each event's own in a bulk", async () => {
    const { spans, got, post, runtime } = await start(200);
    const entries = ["1", "2"].map((entryId) => ({ entryId, event: {}, contentType: "application/json" }));
    const path = "/v1.0/publish/bulk/pubsub/many";
    expect((await post(path, entries, { traceparent: caller })).status).toBe(204);
    await runtime.advance(3_000);
    expect(family(spans)).toEqual([
      [path, "client", "b7ad6b7169203331", "ok"],
      [path, "producer", path, "unset"],
      [path, "producer", path, "unset"],
      ["pubsub/many", "client", path, "ok"],
      ["pubsub/many", "client", path, "ok"],
    ]);
    const bodies = got.map(
      ({ text }) => JSON.parse(text) as { entries: { event: { traceparent: string } }[] },
    );
    const parents = bodies.flatMap(({ entries }) =>
      entries.map(({ event }) => event.traceparent.slice(36, 52)),
    );
    const producers = spans.filter(({ kind }) => kind === "producer").map(({ spanId }) => spanId);
    expect(parents.sort()).toEqual(producers.sort());
  });

  it("reaches a binding and comes back from it", async () => {
    const { spans, got, post, runtime } = await start(200);
    const body = { operation: "create", data: { a: 1 } };
    await post("/v1.0/bindings/queue", body, { traceparent: caller });
    await runtime.advance(3_000);
    expect(family(spans)).toEqual([
      ["/v1.0/bindings/queue", "client", "b7ad6b7169203331", "ok"],
      ["bindings/queue", "client", "/v1.0/bindings/queue", "ok"],
    ]);
    const event = spans.find(({ name }) => name === "bindings/queue");
    expect(got[0]?.headers.get("traceparent")?.slice(36, 52)).toBe(event?.spanId);
    expect(Object.fromEntries(event?.attributes ?? [])).toEqual({
      "db.system": "bindings",
      "db.name": "queue",
      "db.connection_string": "POST /queue",
      "rpc.service": "Dapr",
    });
  });

  it("goes with its baggage to what an HTTP binding calls", async () => {
    const collector = await startCollector();
    collector.status = 200;
    const out = { name: "out", type: "bindings.http", metadata: { url: collector.url } };
    const { post } = await start(200, { components: [...components, out], clock: "system" });
    const headers = { traceparent: caller, tracestate: "vendor=1", baggage: "k=v" };
    const answer = await post("/v1.0/bindings/out", { operation: "post", data: {} }, headers);
    await collector.close();
    expect(answer.status).toBe(200);
    expect(collector.received[0]?.headers).toMatchObject({
      traceparent: answer.headers.get("traceparent"),
      tracestate: "vendor=1",
      baggage: "k=v",
    });
  });

  it("has no new hop where nothing is traced", async () => {
    const plain = components.filter(({ type }) => !type.startsWith("exporters."));
    const { got, post, runtime } = await start(200, { components: plain });
    await post("/v1.0/publish/pubsub/orders", {}, { traceparent: caller, "x-correlation-id": "abc-1" });
    await runtime.advance(2_000);
    expect(JSON.parse(got[0]?.text ?? "").traceparent).toBe(caller);
    expect(got[0]?.headers.get("traceparent")).toBe(caller);
    expect(got[0]?.headers.has("x-correlation-id")).toBe(false);
  });
});

describe("what a span says of the API", () => {
  it.each([
    ["GET", "/v1.0/state/statestore/k", 204, { "db.system": "state", "db.name": "statestore" }],
    ["GET", "/v1.0/state/none/k", 400, { "db.system": "state", "db.name": "none" }],
    ["GET", "/v1.0/secrets/none/k", 500, { "db.system": "secrets", "db.name": "none" }],
    ["GET", "/v1.0/metadata", 200, { "db.system": undefined, "rpc.service": undefined }],
    ["GET", "/v1.0/nothing?x=1", 404, { "rpc.service": undefined, "url.full": "/v1.0/nothing?x=1" }],
  ])("%s %s", async (method, path, status, attributes) => {
    const { spans, runtime } = await start(200);
    const answer = await runtime.fetch(path, { method });
    await runtime.advance(1_000);
    const [span] = spans;
    expect(answer.headers.get("traceparent")).toBe(`00-${span?.traceId}-${span?.spanId}-01`);
    const bare = path.split("?")[0];
    expect([span?.name, span?.kind, span?.parentId]).toEqual([bare, "client", undefined]);
    const said = Object.fromEntries(span?.attributes ?? []);
    expect(said).toMatchObject({
      "dapr.api": `${method} ${bare}`,
      "dapr.protocol": "http",
      "http.request.method": method,
    });
    expect(answer.status).toBe(status);
    expect(said["dapr.status_code"]).toBe(String(status));
    for (const [name, value] of Object.entries(attributes)) expect([name, said[name]]).toEqual([name, value]);
  });
});

it("keeps of what callers write into a span the beginning", async () => {
  const { spans, runtime } = await start(200);
  const headers = { "x-correlation-id": "c".repeat(5_000) };
  await runtime.fetch(`/v1.0/state/statestore/${"k".repeat(5_000)}?a=${"q".repeat(5_000)}`, { headers });
  await runtime.advance(1_000);
  const [span] = spans;
  const texts = [span?.name, ...(span?.attributes.values() ?? [])].map((text) => String(text).length);
  expect(texts.length).toBeGreaterThan(5);
  expect(Math.max(...texts)).toBe(1_024);
});

describe("an update", () => {
  it("changes the rate and the exporters while the sidecar answers", async () => {
    const { spans, runtime } = await start(200, { components: tracingYaml("0") });
    const resources = runtime.sidecar.resources;
    const ask = async () => (await runtime.fetch("/v1.0/metadata")).headers.has("traceparent");
    expect(await ask()).toBe(false);
    const exporter = {
      ...componentDefaults,
      name: "recorder",
      type: "exporters.recorder",
      metadata: new Map(),
      origin: "the test",
    };
    await runtime.update({
      ...resources,
      components: [exporter],
      configuration: { tracing: { samplingRate: 1 } },
    });
    expect(await ask()).toBe(true);
    // What it has goes out before it closes.
    await runtime.update({ ...resources, configuration: { tracing: { samplingRate: 0 } } });
    expect(await ask()).toBe(false);
    expect(spans).toHaveLength(1);
  });
});
