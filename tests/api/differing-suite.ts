import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";

/** Where hosts differ on purpose and no other suite comes by: each row of `differences.ts` that is named here. */
export function differingSuite(on: Subject): void {
  const at = (key: string, query = "") => `/v1.0/state/memory/${key}${query}`;
  const save = (...items: unknown[]) => on.post("/v1.0/state/memory", items);
  const read = async (key: string) => (await on.fetch(at(key))).status;
  const publish = (topic: string, body: string, type: string, query = "") =>
    on.fetch(`/v1.0/publish/messagebus/${topic}${query}`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
  const delivered = async (path: string, mark: string) => {
    const [seen] = await on.app.until(path, 1, ({ text }) => text.includes(mark));
    if (seen === undefined) throw new Error(`nothing came to ${path}`);
    return seen;
  };

  describe("state", () => {
    test("an option that does not exist, among items that are well-formed", async () => {
      const [good, bad] = [on.key("good"), on.key("bad")];
      const options = { concurrency: "perhaps" };
      expect((await save({ key: good, value: 1 }, { key: bad, value: 1, options })).status).toBe(500);
      const written = (await read(good)) === 200 ? "the others are written" : "nothing is written";
      expect(written).toBe(on.expected("state.bad-option"));
      expect(await read(bad)).toBe(204);
    });

    test("a time to live of more than three thousand years", async () => {
      const metadata = { ttlInSeconds: "200000000000" };
      const { status } = await save({ key: on.key(), value: 1, metadata });
      expect(status).toBe(on.expected("state.longest-ttl"));
    });

    test("a first-write delete without an ETag", async () => {
      const key = on.key();
      await save({ key, value: 1 });
      const { status } = await on.fetch(at(key, "?concurrency=first-write"), { method: "DELETE" });
      expect(status).toBe(on.expected("state.first-write-delete"));
    });

    test("a key that is not UTF-8", async () => {
      expect((await on.fetch("/v1.0/state/memory/%ff")).status).toBe(on.expected("state.key-not-utf8"));
    });

    test.each([
      ["state.bulk-trailing-data", '{"keys":["a"]} {}'],
      ["state.bulk-null-key", '{"keys":[null]}'],
    ] as const)("%s", async (id, body) => {
      expect((await on.post("/v1.0/state/memory/bulk", body)).status).toBe(on.expected(id));
    });

    test("names of a bulk get's members in another case", async () => {
      const answer = await on.post("/v1.0/state/memory/bulk", { Keys: ["nobody"] });
      expect(answer.status).toBe(200);
      const taken = (answer.json as unknown[]).length === 1 ? "taken" : "ignored, as all unknown members are";
      expect(taken).toBe(on.expected("state.bulk-member-case"));
    });
  });

  test("an app is asked for its actors", async () => {
    await on.app.until("/dapr/config", 1);
  });

  describe("events", () => {
    test.runIf(on.has("sidecar"))("the verdict of a streamed event, of which there is none", async () => {
      const body = { id: "1.1", status: "SUCCESS" };
      const answer = await on.post("/v1.0-alpha1/subscribe/messagebus", body);
      expect([answer.status, answer.errorCode]).toEqual([404, on.expected("pubsub.streams")]);
    });

    test("a trace of the event's own", async () => {
      const id = on.key();
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const event = JSON.stringify({ specversion: "1.0", id, source: "s", type: "t", traceparent });
      expect((await publish("plain", event, "application/cloudevents+json")).status).toBe(204);
      const seen = await delivered("/events/plain", id);
      const kept = (seen.json as Record<string, unknown>).traceparent === traceparent;
      expect(kept ? "kept" : "overwritten").toBe(on.expected("pubsub.own-trace"));
    });

    test("the trace header of an event that has no trace", async () => {
      const mark = on.key();
      await publish("plain", JSON.stringify(mark), "application/json");
      const { traceparent } = (await delivered("/events/plain", mark)).headers;
      expect(traceparent ?? "none").toBe(on.expected("pubsub.no-trace-header"));
    });

    test("a publisher's metadata that claim who calls", async () => {
      const mark = on.key();
      await publish("plain", JSON.stringify(mark), "application/json", "?metadata.dapr-caller-app-id=king");
      const { headers } = await delivered("/events/plain", mark);
      expect(headers["dapr-caller-app-id"] === "king" ? "a header" : "left out").toBe(
        on.expected("pubsub.claiming-metadata"),
      );
    });

    test("the time in the envelope around a raw event", async () => {
      const mark = on.key();
      await publish("raw", mark, "text/plain", "?metadata.rawPayload=true");
      const { json } = await delivered("/events/raw", btoa(mark));
      expect("time" in (json as object) ? "when it was delivered" : "absent").toBe(
        on.expected("pubsub.raw-time"),
      );
    });

    test("more members than anybody reads", async () => {
      const event: Record<string, unknown> = { specversion: "1.0", id: "1", source: "s", type: "t" };
      for (let n = 0; n < 1100; n++) event[`x${n}`] = n;
      const { status } = await publish("no-route", JSON.stringify(event), "application/cloudevents+json");
      expect(status).toBe(on.expected("pubsub.member-limit"));
    });
  });

  test("a percent sign of its own in an invocation's method", async () => {
    const { appId } = on.host;
    const answer = await on.fetch(`/v1.0/invoke/${appId}/method/events/100%25-sure`);
    expect(answer.status).toBe(on.expected("invoke.percent"));
  });
}
