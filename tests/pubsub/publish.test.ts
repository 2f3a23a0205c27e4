import { describe, expect, it } from "vitest";
import { ComponentError } from "../../host/errors/component-error.ts";
import { component, type Delivered, sidecar, type TestSidecar } from "./sidecar.ts";

const subscribed = [
  { pubsubname: "messagebus", topic: "A", route: "/A" },
  { pubsubname: "messagebus", topic: "x/y", route: "/xy" },
  { pubsubname: "messagebus", topic: "raw", route: "/raw", metadata: { rawPayload: "true" } },
];

/** Publishes and answers the one event that arrives. */
async function through(
  on: TestSidecar,
  path: string,
  body: string | Uint8Array,
  headers?: readonly string[],
): Promise<Delivered> {
  const before = on.got.length;
  expect(await on.publish(path, body, headers)).toMatchObject({ status: 204, text: "" });
  await on.until("the event", () => on.got.length > before);
  return on.got[before] as Delivered;
}

const start = () => sidecar({ subscriptions: subscribed });
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("the envelope", () => {
  it("is daprd's, member for member", async () => {
    const on = await start();
    const { event, header } = await through(on, "messagebus/A", '{"message":"This is a test"}');
    expect(event).toEqual({
      data: { message: "This is a test" },
      datacontenttype: "application/json",
      id: expect.stringMatching(uuid),
      pubsubname: "messagebus",
      source: "a",
      specversion: "1.0",
      time: "2026-01-01T00:00:00Z",
      topic: "A",
      traceid: "",
      traceparent: "",
      tracestate: "",
      type: "com.dapr.event.sent",
    });
    expect(header("content-type")).toBe("application/cloudevents+json");
    expect(header("pubsubname")).toBe("messagebus");
    expect(header("traceparent")).toBeUndefined();
  });

  it("carries JSON as the bytes that came", async () => {
    const on = await start();
    const { text } = await through(on, "messagebus/A", '{"b": 1.0,"a":12345678901234567890}');
    expect(text).toContain('"data":{"b": 1.0,"a":12345678901234567890}');
  });

  it("takes a missing content type for text, and what is no JSON for a string", async () => {
    const on = await start();
    expect((await through(on, "messagebus/A", "plain", [])).event).toMatchObject({
      data: "plain",
      datacontenttype: "text/plain",
    });
    expect((await through(on, "messagebus/A", "{bad")).event).toMatchObject({ data: "{bad" });
    expect((await through(on, "messagebus/A", "")).event).toMatchObject({ data: "" });
  });

  it("carries bytes as data_base64", async () => {
    const on = await start();
    const bytes = new Uint8Array([97, 98, 99]);
    const { event } = await through(on, "messagebus/A", bytes, ["content-type", "application/octet-stream"]);
    expect(event).toMatchObject({ data_base64: "YWJj" });
    expect(event).not.toHaveProperty("data");
  });

  it("takes overrides in any case, and hands all metadata on as headers", async () => {
    const on = await start();
    const query =
      "metadata.cloudevent.ID=77&metadata.CloudEvent.source=me&metadata.cloudevent.type=ty&metadata.cloudevent.subject=s" +
      "&metadata.cloudevent.traceid=tid&metadata.cloudevent.topic=no&metadata.Foo=bar+baz&other=1";
    const { event, header } = await through(on, `messagebus/A?${query}`, "1");
    expect(event).toMatchObject({
      id: "77",
      source: "me",
      type: "ty",
      subject: "s",
      traceid: "tid",
      traceparent: "tid",
      topic: "A",
    });
    expect(header("foo")).toBe("bar baz");
    expect(header("cloudevent.id")).toBe("77");
    expect(header("other")).toBeUndefined();
  });

  it("carries a well-formed trace on, and no other", async () => {
    const on = await start();
    const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const { event, header } = await through(on, "messagebus/A", "1", [
      "traceparent",
      parent,
      "tracestate",
      "a=b",
    ]);
    expect(event).toMatchObject({ traceid: parent, traceparent: parent, tracestate: "a=b" });
    expect([header("traceparent"), header("tracestate")]).toEqual([parent, "a=b"]);
    const bad = await through(on, "messagebus/A", "1", ["traceparent", "zz", "tracestate", "a=b"]);
    expect(bad.event).toMatchObject({ traceid: "", traceparent: "", tracestate: "" });
  });

  it("of a CloudEvent is the caller's, completed", async () => {
    const on = await start();
    const type = ["content-type", "application/cloudevents+json; charset=utf-8"];
    const { event } = await through(
      on,
      "messagebus/A?metadata.cloudevent.id=ignored",
      '{"id":"1","x":2}',
      type,
    );
    expect(event).toMatchObject({
      id: "1",
      x: 2,
      specversion: "1.0",
      source: "Dapr",
      type: "com.dapr.event.sent",
      topic: "A",
      pubsubname: "messagebus",
      traceparent: "",
    });
  });

  it("has an expiration where ttlInSeconds is a number, of 0 too", async () => {
    const on = await start();
    const { event } = await through(on, "messagebus/A?metadata.TTLInSeconds=10", "1");
    expect(event.expiration).toBe("2026-01-01T00:00:10Z");
    for (const ttl of ["zz", "-10"]) {
      const other = await through(on, `messagebus/A?metadata.ttlInSeconds=${ttl}`, "1");
      expect(other.event).not.toHaveProperty("expiration");
    }
    const before = on.got.length;
    await on.publish("messagebus/A?metadata.ttlInSeconds=0", "1");
    await on.clock.advance(5_000);
    expect(on.got.length).toBe(before);
  });

  it("is left out for a raw payload, which a raw subscription gets wrapped", async () => {
    const on = await start();
    const { event } = await through(on, "messagebus/raw?metadata.rawPayload=T", "rawbytes", []);
    expect(event).toMatchObject({
      data_base64: btoa("rawbytes"),
      datacontenttype: "application/octet-stream",
      id: expect.stringMatching(uuid),
      pubsubname: "messagebus",
      source: "Dapr",
      specversion: "1.0",
      topic: "raw",
      type: "com.dapr.event.sent",
    });
    const twice = await through(on, "messagebus/raw", '"enveloped"');
    expect(JSON.parse(atob(String(twice.event.data_base64)))).toMatchObject({
      data: "enveloped",
      topic: "raw",
    });
  });

  it("knows topics with slashes, encoded or not, by PUT too", async () => {
    const on = await start();
    expect((await through(on, "messagebus/x/y", "1")).path).toBe("/xy");
    expect((await through(on, "messagebus/x%2Fy", "1")).event.topic).toBe("x/y");
    expect((await on.send("PUT", "/v1.0/publish/messagebus/x/y", "2")).status).toBe(204);
    await on.until("the event by PUT", () => on.got.length === 3);
  });
});

describe("refused", () => {
  const refused = async (on: TestSidecar, path: string, headers?: readonly string[], body = "{}") => {
    const { status, json } = await on.publish(path, body, headers);
    return [status, json.errorCode, json.message];
  };

  it.each(["nowhere", "__proto__", "constructor"])("the unknown pub/sub %s", async (name) => {
    const on = await start();
    const { status, json } = await on.publish(`${name}/A?metadata.a=b`, "{}");
    expect(status).toBe(404);
    expect(json).toEqual({
      errorCode: "ERR_PUBSUB_NOT_FOUND",
      message: `pubsub ${name} is not found`,
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          domain: "dapr.io",
          metadata: { a: "b" },
          reason: "DAPR_PUBSUB_NOT_FOUND",
        },
      ],
    });
  });

  it("no rawPayload that is empty: it counts as not given", async () => {
    const on = await start();
    expect((await on.publish("messagebus/A?metadata.rawPayload=", "1")).status).toBe(204);
  });

  it("rawPayload that is no boolean", async () => {
    const on = await start();
    const [status, code] = await refused(on, "messagebus/A?metadata.rawPayload=yes");
    expect([status, code]).toEqual([400, "ERR_PUBSUB_REQUEST_METADATA"]);
  });

  it.each(["{bad", "[1]", '"x"', ""])("%j as a CloudEvent", async (body) => {
    const on = await start();
    const headers = ["content-type", "application/cloudevents+json"];
    const { status, json } = await on.publish("messagebus/A", body, headers);
    expect([status, json.errorCode]).toEqual([500, "ERR_PUBSUB_CLOUD_EVENTS_SER"]);
    expect(json.details).toEqual(
      expect.arrayContaining([expect.objectContaining({ reason: "DAPR_PUBSUB_CLOUD_EVENT_CREATION" })]),
    );
    await on.clock.advance(2_000);
    expect(on.got).toEqual([]);
  });

  it("attributes that no envelope can hold", async () => {
    const on = await start();
    const [status, code] = await refused(on, `messagebus/A?metadata.cloudevent.id=${"x".repeat(1 << 20)}`);
    expect([status, code]).toEqual([400, "ERR_PUBSUB_EVENTS_SER"]);
  });

  it("a body over the limit", async () => {
    const on = await start();
    const { status, json } = await on.publish("messagebus/A", new Uint8Array(10 << 20));
    expect([status, json.errorCode]).toEqual([500, "ERR_PUBSUB_PUBLISH_MESSAGE"]);
    await on.clock.advance(2_000);
    expect(on.got).toEqual([]);
  });

  it("topics that the scopes close", async () => {
    const on = await sidecar({
      components: [component("messagebus", { publishingScopes: "a=A,B", allowedTopics: "A,C" })],
    });
    expect((await on.publish("messagebus/A", "1")).status).toBe(204);
    for (const topic of ["B", "C"]) {
      expect(await refused(on, `messagebus/${topic}`)).toEqual([
        403,
        "ERR_PUBSUB_FORBIDDEN",
        `topic ${topic} is not allowed for app id a`,
      ]);
    }
  });

  it("what the broker refuses, with its reason", async () => {
    const on = await start();
    const opened = on.runtime.sidecar.components.pubsub.get("messagebus");
    if (opened === undefined) throw new Error("messagebus is not open");
    opened.component.publish = () => Promise.reject(new ComponentError("UNAVAILABLE", "the broker is away"));
    expect(await refused(on, "messagebus/A")).toEqual([
      500,
      "ERR_PUBSUB_PUBLISH_MESSAGE",
      "error when publishing to topic A in pubsub messagebus: the broker is away",
    ]);
  });

  it("publishing once an app that does not keep up has filled its queue, and nothing before that is lost", async () => {
    let failing = true;
    const on = await sidecar({
      components: [component("messagebus", { queueDepth: "5" })],
      subscriptions: [{ pubsubname: "messagebus", topic: "A", route: "/A" }],
      app: () => (failing ? { status: 500 } : undefined),
    });
    const statuses: number[] = [];
    for (let n = 0; n < 8; n++) statuses.push((await on.publish("messagebus/A", String(n))).status);
    expect(statuses).toEqual([204, 204, 204, 204, 204, 500, 500, 500]);
    failing = false;
    const from = on.got.length;
    await on.until("five events", () => on.got.length >= from + 5);
    expect((await on.publish("messagebus/A", "8")).status).toBe(204);
    await on.until("the next", () => on.got.length >= from + 6);
    expect(new Set(on.got.slice(from).map(({ event }) => event.data))).toEqual(new Set([0, 1, 2, 3, 4, 8]));
  });
});

describe("a request that comes twice", () => {
  it("is one event when our client's id is the same", async () => {
    const on = await start();
    const headers = ["content-type", "application/json", "daprlet-request-id", "r1"];
    for (let i = 0; i < 3; i++) expect((await on.publish("messagebus/A", "1", headers)).status).toBe(204);
    await on.publish("messagebus/A", "2");
    await on.until("two events", () => on.got.length >= 2);
    await on.clock.advance(5_000);
    expect(on.got.map(({ event }) => event.data)).toEqual([1, 2]);
  });
});

describe("the book's form", () => {
  const unaddressed = {
    errorCode: "ERR_DIRECT_INVOKE",
    message: "failed getting app id either from the URL path or the header dapr-app-id",
  };

  it("T21: publishes to the only pub/sub, delivers to a route without a slash, and says so once", async () => {
    const on = await sidecar({
      subscriptions: [
        { topic: "A", route: "A" },
        { topic: "B", route: "B" },
      ],
    });
    for (const topic of ["A", "B", "A"]) {
      expect((await on.publish(topic, '{"message":"This is a test"}')).status).toBe(204);
    }
    await on.until("three events", () => on.got.length >= 3);
    expect(on.got.map(({ path }) => path).sort()).toEqual(["/A", "/A", "/B"]);
    expect(on.got[0]?.event).toMatchObject({ pubsubname: "messagebus", data: { message: "This is a test" } });
    expect(on.logged.filter((line) => line.includes("today's form"))).toHaveLength(1);
    expect(on.logged.filter((line) => line.includes("without pubsubname"))).toHaveLength(1);
  });

  it("T21: names both of two pub/subs", async () => {
    const components = [component("messagebus"), component("other")];
    const on = await sidecar({ components, subscriptions: [{ topic: "A", route: "A" }] });
    const { status, json } = await on.publish("A", "{}");
    expect(status).toBe(404);
    expect(json.errorCode).toBe("ERR_PUBSUB_EMPTY");
    expect(json.message).toContain("messagebus, other");
    expect(on.runtime.sidecar.subscriptions.list()).toEqual([]);
    expect(on.logged.find((line) => line.startsWith("error"))).toContain("messagebus, other");
  });

  it("does not take the name of a pub/sub for a topic", async () => {
    const on = await start();
    const { status, json } = await on.publish("messagebus", "{}");
    expect([status, json.errorCode]).toEqual([404, "ERR_TOPIC_NAME_EMPTY"]);
  });

  it("is Dapr's 404 where there is no pub/sub, with GET, and in strict mode", async () => {
    const none = await sidecar({ components: [] });
    expect((await none.publish("A", "{}")).json).toEqual(unaddressed);
    const on = await sidecar({ strict: true, subscriptions: [{ topic: "A", route: "A" }] });
    const { status, json } = await on.publish("A", "{}");
    expect([status, json]).toEqual([404, unaddressed]);
    expect(on.runtime.sidecar.subscriptions.list()).toEqual([]);
    const open = await start();
    expect((await open.send("GET", "/v1.0/publish/A")).json).toEqual(unaddressed);
  });

  it("gives way to an app that the request addresses", async () => {
    const on = await start();
    const { status, json } = await on.publish("A", "{}", ["dapr-app-id", "elsewhere"]);
    expect([status, json.errorCode]).toEqual([500, "ERR_DIRECT_INVOKE"]);
    expect(on.got).toEqual([]);
  });
});
