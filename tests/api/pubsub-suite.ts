import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { isError } from "./answers.ts";
import { accepted, event, pubsubCalls, uuid } from "./pubsub-calls.ts";
import { cloudEvents, envelopes } from "./pubsub-envelope.ts";

/** Contract of publish, programmatic subscriptions and delivery: dapr-http-api §1.3 and §2.1. */
export function pubsubSuite(on: Subject): void {
  const { delivered, publish } = pubsubCalls(on);

  envelopes(on);
  cloudEvents(on);

  describe("raw payload", () => {
    test("arrives wrapped at a raw subscription", async () => {
      const mark = on.key();
      accepted(await publish("raw", mark, "text/plain", "?metadata.rawPayload=true"));
      const found = event((await delivered("/events/raw", btoa(mark)))[0]);
      expect(found).toMatchObject({
        data_base64: btoa(mark),
        datacontenttype: "application/octet-stream",
        specversion: "1.0",
        type: "com.dapr.event.sent",
        topic: "raw",
        pubsubname: "messagebus",
      });
      expect(found.id).toMatch(uuid);
    });

    test("must be a boolean", async () => {
      const answer = await publish("raw", "x", "text/plain", "?metadata.rawPayload=perhaps");
      isError(answer, 400, "ERR_PUBSUB_REQUEST_METADATA");
    });
  });

  describe("subscriptions", () => {
    test("a topic with slashes", async () => {
      const mark = on.key();
      accepted(await publish("deep/er/topic", JSON.stringify(mark), "application/json"));
      expect(event((await delivered("/events/deep", mark))[0]).topic).toBe("deep/er/topic");
    });

    test("a topic with an escaped slash is the same topic", async () => {
      const mark = on.key();
      accepted(await publish("deep%2Fer%2Ftopic", JSON.stringify(mark), "application/json"));
      expect(event((await delivered("/events/deep", mark))[0]).topic).toBe("deep/er/topic");
    });

    test("a route without a slash", async () => {
      const mark = on.key();
      accepted(await publish("A", JSON.stringify(mark), "application/json"));
      expect(event((await delivered("/A", mark))[0]).data).toBe(mark);
    });

    test("routes.default, also before route", async () => {
      const mark = on.key();
      accepted(await publish("routed", JSON.stringify(mark), "application/json"));
      accepted(await publish("both", JSON.stringify(mark), "application/json"));
      await delivered("/events/routed", mark);
      await delivered("/events/both-default", mark);
      expect(await on.app.recorded("/events/both-route")).toEqual([]);
    });

    test.runIf(on.has("wildcards"))("a wildcard", async () => {
      const mark = on.key();
      for (const topic of ["wild/1", "wild/2/x", "wild", "wilder"]) {
        accepted(await publish(topic, JSON.stringify(mark), "application/json"));
      }
      const seen = await delivered("/events/wild", mark, 2);
      expect(seen.map((one) => event(one).topic).sort()).toEqual(["wild/1", "wild/2/x"]);
    });

    test("one event arrives once", async () => {
      const mark = on.key();
      accepted(await publish("plain", JSON.stringify(mark), "application/json"));
      await delivered("/events/plain", mark);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const all = await on.app.recorded("/events/plain");
      expect(all.filter(({ text }) => text.includes(mark))).toHaveLength(1);
    });

    test("100 events all arrive", async () => {
      const mark = on.key();
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          publish("plain", JSON.stringify({ mark, n }), "application/json"),
        ),
      );
      for (const answer of answers) accepted(answer);
      const seen = await delivered("/events/plain", mark, 100);
      const numbers = new Set(seen.map((one) => (event(one).data as { n: number }).n));
      expect(numbers.size).toBe(100);
    });

    test("a topic without a subscriber is accepted", async () => {
      accepted(await publish(on.key("nobody"), "x"));
    });
  });

  // What is behind a gateway delivers.
  describe.runIf(on.has("sidecar"))("what the app answers", () => {
    /** The app's next answer to an event of the topic `retried`. */
    const once = (status: number, body: string | undefined) =>
      on.app.program("/events/retried", {
        status,
        ...(body === undefined ? {} : { body, headers: { "content-type": "application/json" } }),
      });

    test("what ends it", async () => {
      const endings = [
        [200, undefined],
        [204, undefined],
        [200, "{}"],
        [200, '{"status":""}'],
        [200, '{"status":"SUCCESS"}'],
        [200, "no JSON"],
        [200, '{"status":"DROP"}'],
        [404, undefined],
      ] as const;
      const marks: string[] = [];
      for (const [status, body] of endings) {
        const mark = on.key();
        marks.push(mark);
        await once(status, body);
        accepted(await publish("retried", JSON.stringify(mark), "application/json"));
        await delivered("/events/retried", mark);
      }
      await new Promise((resolve) => setTimeout(resolve, 700));
      const all = await on.app.recorded("/events/retried");
      const times = marks.map((mark) => all.filter(({ text }) => text.includes(mark)).length);
      expect(times).toEqual(marks.map(() => 1));
    });

    test.each([
      [200, '{"status":"RETRY"}'],
      [200, '{"status":"success"}'],
      [200, '{"status":"LATER"}'],
      [500, undefined],
      [400, undefined],
      [429, '{"status":"DROP"}'],
    ])("%i %s brings it again", async (status, body) => {
      const mark = on.key();
      await once(status, body);
      accepted(await publish("retried", JSON.stringify(mark), "application/json"));
      const [first] = await delivered("/events/retried", mark);
      if (on.expected("pubsub.in-memory.redelivery") === "dropped") {
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(await delivered("/events/retried", mark)).toHaveLength(1);
        return;
      }
      const [, second] = await delivered("/events/retried", mark, 2);
      expect(event(second).id).toBe(event(first).id);
    });

    test.each([
      [200, '{"status":"DROP"}'],
      [404, ""],
    ])("%i %s: to the dead-letter topic", async (status, body) => {
      const mark = on.key();
      await on.app.program("/events/lettered", {
        status,
        body,
        headers: { "content-type": "application/json" },
      });
      accepted(await publish("lettered", JSON.stringify(mark), "application/json"));
      const [letter] = await delivered("/events/letters", mark);
      const [first] = await delivered("/events/lettered", mark);
      expect(letter?.text).toBe(first?.text);
    });
  });

  describe("refused", () => {
    test.each(["nowhere", "statestore", "__proto__", "constructor"])("the pub/sub %s", async (name) => {
      const answer = await on.post(`/v1.0/publish/${name}/A`, "{}");
      isError(answer, 404, "ERR_PUBSUB_NOT_FOUND");
      expect(answer.json).toMatchObject({
        message: `pubsub ${name} is not found`,
        details: [{ domain: "dapr.io", reason: "DAPR_PUBSUB_NOT_FOUND" }],
      });
    });

    test("topics outside the scopes", async () => {
      isError(await on.post("/v1.0/publish/scoped/closed", "{}"), 403, "ERR_PUBSUB_FORBIDDEN");
      isError(await on.post("/v1.0/publish/scoped/other", "{}"), 403, "ERR_PUBSUB_FORBIDDEN");
      accepted(await on.post("/v1.0/publish/scoped/open", "{}"));
    });

    test.each(["/v1.0/publish/messagebus", "/v1.0/publish/messagebus/", "/v1.0/publish/", "/v1.0/publish"])(
      "%s has no topic",
      async (path) => {
        const answer = await on.post(path, "{}");
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
        expect(answer.errorCode).toMatch(/^ERR_/);
      },
    );
  });
}
