import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ComponentError } from "../../host/errors/component-error.ts";
import { header } from "../../host/http.ts";
import { sidecar, type TestSidecar } from "./sidecar.ts";

const subscriptions = [{ pubsubname: "messagebus", topic: "t", route: "/t" }];
const entry = (entryId: string, data: unknown = entryId) => ({
  entryId,
  event: data,
  contentType: "application/json",
});
const json = ["content-type", "application/json"];
const bulk = (on: TestSidecar, entries: unknown, headers: readonly string[] = json) =>
  on.send("POST", "/v1.0/publish/bulk/messagebus/t", JSON.stringify(entries), headers);
const data = (on: TestSidecar) => on.got.map(({ event }) => event.data);

/** A broker that refuses some of the topic's events. */
function refuse(on: TestSidecar, mayFail: (text: string) => string | undefined): void {
  const { component } = on.runtime.sidecar.components.pubsub.get("messagebus") ?? expect.fail("no broker");
  const publish = component.publish.bind(component);
  component.publish = async (request) => {
    const fault = mayFail(new TextDecoder().decode(request.data));
    if (fault !== undefined) throw new ComponentError("UNAVAILABLE", fault);
    await publish(request);
  };
}

describe("bulk publish", () => {
  it("keeps the order of the entries and each event as it was written", async () => {
    const on = await sidecar({ subscriptions });
    const entries = Array.from(
      { length: 300 },
      (_, n) =>
        `{"entryId":"${n}","event":{ "n" : ${n}.0, "big": 12345678901234567890 },"contentType":"application/json"}`,
    );
    expect((await on.send("POST", "/v1.0/publish/bulk/messagebus/t", `[${entries}]`)).status).toBe(204);
    await on.until("all", () => on.got.length === 300);
    expect(on.got.map(({ event }) => (event.data as { n: number }).n)).toEqual(entries.map((_, n) => n));
    expect(on.got[7]?.text).toContain('{ "n" : 7.0, "big": 12345678901234567890 }');
  });

  it("tells which entries failed and why, in body and headers; the others are published", async () => {
    const on = await sidecar({ subscriptions });
    refuse(on, (text) => (/"data":"[24]"/.test(text) ? "the broker is aw\u00e4y" : undefined));
    const response = await on.runtime.handle({
      method: "POST",
      path: "/v1.0/publish/bulk/messagebus/t",
      query: "",
      headers: json,
      body: new TextEncoder().encode(JSON.stringify(["1", "2", "3", "4"].map((id) => entry(id)))),
    });
    const body = new TextDecoder().decode(response.body as Uint8Array);
    expect(response.status).toBe(500);
    expect(JSON.parse(body)).toEqual({
      failedEntries: [
        { entryId: "2", error: "the broker is aw\u00e4y" },
        { entryId: "4", error: "the broker is aw\u00e4y" },
      ],
      errorCode: "ERR_PUBSUB_PUBLISH_MESSAGE",
    });
    const repeated = header(response.headers, "metadata.responsedata") ?? "";
    expect(new TextDecoder().decode(Uint8Array.from(repeated, (c) => c.charCodeAt(0)))).toBe(body);
    expect(header(response.headers, "metadata.error")).toContain(
      "error when publishing to topic t in pubsub messagebus",
    );
    await on.until("the others", () => on.got.length === 2);
    expect(data(on)).toEqual(["1", "3"]);
  });

  it("puts no answer into a header that would be too long for one", async () => {
    const on = await sidecar({ subscriptions });
    refuse(on, () => "no");
    const response = await on.runtime.handle({
      method: "POST",
      path: "/v1.0/publish/bulk/messagebus/t",
      query: "",
      headers: json,
      body: new TextEncoder().encode(JSON.stringify(Array.from({ length: 500 }, (_, n) => entry(String(n))))),
    });
    expect(response.status).toBe(500);
    expect(header(response.headers, "metadata.responsedata")).toBeUndefined();
    expect(header(response.headers, "metadata.error")).toBeDefined();
  });

  it("that comes a second time under the id of our client publishes nothing again, and what had failed then", async () => {
    const on = await sidecar({ subscriptions });
    let away = true;
    refuse(on, (text) => (away && text.includes('"data":"2"') ? "away" : undefined));
    const headers = [...json, "daprlet-request-id", "one"];
    const entries = [entry("1"), entry("2"), entry("3")];
    expect((await bulk(on, entries, headers)).status).toBe(500);
    away = false;
    expect((await bulk(on, entries, headers)).status).toBe(204);
    expect((await bulk(on, entries, headers)).status).toBe(204);
    await on.clock.advance(2_000);
    expect(data(on)).toEqual(["1", "3", "2"]);
  });

  it("hands an entry's partition key to the broker, its own or the request's", async () => {
    const on = await sidecar({ subscriptions });
    const { component } = on.runtime.sidecar.components.pubsub.get("messagebus") ?? expect.fail("no broker");
    const keys: (string | undefined)[] = [];
    const publish = component.publish.bind(component);
    component.publish = (request) => {
      keys.push(request.metadata.get("partitionKey"));
      return publish(request);
    };
    const entries = [
      { ...entry("1"), metadata: { partitionKey: "own" } },
      { ...entry("2"), metadata: {} },
      entry("3"),
    ];
    await on.send(
      "POST",
      "/v1.0/publish/bulk/messagebus/t?metadata.partitionKey=all",
      JSON.stringify(entries),
    );
    expect(keys).toEqual(["own", "all", "all"]);
  });

  it("of more than a request may have is refused", async () => {
    const on = await sidecar({ subscriptions });
    const answer = await bulk(on, [entry("1", "x".repeat(5 << 20))]);
    expect([answer.status, answer.json.errorCode]).toEqual([500, "ERR_PUBSUB_PUBLISH_MESSAGE"]);
  });
});

describe("whatever a bulk request holds", () => {
  it("it is published whole, or refused in Dapr's shape and nothing of it published", async () => {
    const on = await sidecar({ subscriptions });
    const field = (value: fc.Arbitrary<unknown>) => fc.option(value, { nil: undefined });
    const entries = fc.array(
      fc.record({
        entryId: field(fc.oneof(fc.string(), fc.uuid(), fc.integer())),
        event: field(fc.jsonValue()),
        contentType: field(
          fc.oneof(
            fc.string(),
            fc.constantFrom(
              "application/json",
              "text/plain",
              "application/octet-stream",
              "application/cloudevents+json",
            ),
          ),
        ),
        metadata: field(fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue())),
      }),
      { maxLength: 4 },
    );
    const body = fc.oneof(
      entries.map((list) => JSON.stringify(list)),
      entries.chain((list) => {
        const whole = JSON.stringify(list);
        return fc.nat(whole.length).map((length) => whole.slice(0, length));
      }),
      fc.json(),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        const before = on.got.length;
        const answer = await on.send("POST", "/v1.0/publish/bulk/messagebus/t", text, json);
        await on.clock.advance(1);
        if (answer.status === 204) {
          expect(on.got.length - before).toBe((JSON.parse(text) as unknown[] | null)?.length ?? 0);
          return;
        }
        expect([400, 500]).toContain(answer.status);
        expect(answer.json.errorCode).toMatch(/^ERR_PUBSUB_(EVENTS_SER|CLOUD_EVENTS_SER)$/);
        expect(on.got).toHaveLength(before);
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 500) },
    );
  });
});
