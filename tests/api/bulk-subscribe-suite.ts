import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import type { Seen } from "./app-control.ts";
import { accepted, event, pubsubCalls, uuid } from "./pubsub-calls.ts";

interface Entry {
  readonly entryId: string;
  readonly event: { readonly id: string; readonly data: unknown } | string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
}

interface BulkRequest {
  readonly id: string;
  readonly entries: readonly Entry[];
  readonly [member: string]: unknown;
}

/** Events that come several in one request: dapr-http-api §2.1, "Bulk delivery". */
export function bulkSubscribeSuite(on: Subject): void {
  const { delivered, publish } = pubsubCalls(on);
  const requestOf = (seen: Seen | undefined) => seen?.json as BulkRequest;
  const publishWith = async (topic: string, data: object, query = "") => {
    const mark = on.key();
    accepted(await publish(topic, JSON.stringify({ mark, ...data }), "application/json", query));
    return mark;
  };
  const entryOf = async (path: string, mark: string) => {
    const [seen] = await delivered(path, mark);
    const { entries } = requestOf(seen);
    return entries.find((entry) => JSON.stringify(entry).includes(mark)) as Entry;
  };

  describe("bulk delivery", () => {
    test("is one request with the envelopes in it", async () => {
      const mark = await publishWith("bulked", {}, "?metadata.custom=x");
      const [seen] = await delivered("/bulk/plain", mark);
      expect(seen?.headers).toMatchObject({ "content-type": "application/json", pubsubname: "messagebus" });
      const { entries, id, ...rest } = requestOf(seen);
      expect(rest).toEqual({
        metadata: { pubsubName: "messagebus" },
        pubsubname: "messagebus",
        topic: "bulked",
        type: "com.dapr.event.sent.bulk",
      });
      expect(id).toMatch(uuid);
      const entry = await entryOf("/bulk/plain", mark);
      expect(entry).toMatchObject({
        event: { data: { mark }, topic: "bulked", type: "com.dapr.event.sent" },
        metadata: { custom: "x" },
        contentType: "application/cloudevents+json",
      });
      expect(entry.entryId).toMatch(uuid);
    });

    test("of raw events holds them in base64", async () => {
      const mark = on.key();
      accepted(await publish("bulked-raw", mark, "text/plain", "?metadata.rawPayload=true"));
      const [seen] = await delivered("/bulk/raw", btoa(mark));
      const entry = requestOf(seen).entries.find((one) => one.event === btoa(mark));
      expect(entry).toMatchObject({
        contentType: "application/octet-stream",
        metadata: { rawPayload: "true" },
      });
    });

    test("goes to each path of the rules with the events that are for it", async () => {
      const [small, large] = [
        await publishWith("bulked-content", { n: 1 }),
        await publishWith("bulked-content", { n: 9 }),
      ];
      expect(await entryOf("/bulk/small", small)).toMatchObject({ event: { data: { mark: small } } });
      expect(await entryOf("/bulk/large", large)).toMatchObject({ event: { data: { mark: large } } });
    });

    test.each(["DROP", "RETRY", "LATER", "none"])(
      "an entry that is answered %s is a dead letter",
      async (answer) => {
        const bad = await publishWith("bulked", { answer });
        const good = await publishWith("bulked", { answer: "SUCCESS" });
        expect(event((await delivered("/events/letters", bad))[0])).toMatchObject({
          data: { mark: bad, answer },
        });
        await delivered("/bulk/plain", good);
        await new Promise((resolve) => setTimeout(resolve, 100));
        const letters = await on.app.recorded("/events/letters");
        expect(letters.filter(({ text }) => text.includes(good))).toEqual([]);
      },
    );

    test.each([
      [500, ""],
      [200, "no JSON"],
      [200, ""],
    ])("a request that is answered %i %j fails for all of it", async (status, body) => {
      await on.app.program("/bulk/plain", { status, body });
      const mark = await publishWith("bulked", {});
      await delivered("/events/letters", mark);
    });

    test("30 events all arrive, in fewer requests where the broker hands out several at a time", async () => {
      const mark = on.key();
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, n) =>
          publish("bulked-content", JSON.stringify({ mark, n }), "application/json"),
        ),
      );
      for (const answer of answers) accepted(answer);
      const numbers = async () => {
        const seen = [
          ...(await on.app.recorded("/bulk/small")),
          ...(await on.app.recorded("/bulk/large")),
        ].filter(({ text }) => text.includes(mark));
        const all = seen
          .flatMap((one) => requestOf(one).entries)
          .map(({ event: one }) => one as { data: { n: number } });
        return { requests: seen.length, all: new Set(all.map(({ data }) => data.n)).size };
      };
      await expect.poll(async () => (await numbers()).all, { timeout: 30_000 }).toBe(30);
      const several = on.expected("pubsub.in-memory.bulk") === "up to maxMessagesCount of them";
      if (several) expect((await numbers()).requests).toBeLessThan(20);
    }, 40_000);
  });
}
