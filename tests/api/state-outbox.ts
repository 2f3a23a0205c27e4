import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { isEmpty, isError } from "./answers.ts";
import { event, pubsubCalls } from "./pubsub-calls.ts";
import { stateCalls } from "./state-calls.ts";

/** `outbox` publishes its transactions to the topic `outboxed` of `messagebus`; `lostOutbox` to a pub/sub that is not there. */
export function stateOutbox(on: Subject): void {
  const { get } = stateCalls(on);
  const { delivered } = pubsubCalls(on);
  const transact = (store: string, ...operations: unknown[]) =>
    on.post(`/v1.0/state/${store}/transaction`, { operations });
  const upsert = (key: string, value: unknown, metadata: Record<string, string> = {}) => ({
    operation: "upsert",
    request: { key, value, metadata },
  });

  describe("outbox", () => {
    test("an upsert is published", async () => {
      const mark = on.key("outbox");
      isEmpty(await transact("outbox", upsert(mark, mark)));
      const told = event((await delivered("/events/outboxed", mark))[0]);
      expect(told).toMatchObject({
        id: expect.stringMatching(/^outbox-[0-9a-f-]{36}$/),
        type: "com.dapr.event.sent",
        source: on.host.appId,
        specversion: "1.0",
        topic: "outboxed",
        pubsubname: "messagebus",
        data: mark,
      });
      expect(told.datacontenttype).toBe(on.expected("state.outbox.data").type);
      expect((await get("outbox", mark)).json).toBe(mark);
    });

    test("metadata of the operation name attributes", async () => {
      const mark = on.key("outbox");
      const metadata = {
        contentType: "application/json",
        type: "placed",
        subject: "s",
        "cloudevent.source": "x",
      };
      isEmpty(await transact("outbox", upsert(mark, { mark }, metadata)));
      const told = event((await delivered("/events/outboxed", mark))[0]);
      expect(told).toMatchObject({ type: "placed", subject: "s", datacontenttype: "application/json" });
      expect(told.data).toEqual({ mark });
      expect(told.source).toBe(on.expected("state.outbox.overrides") === "applied" ? "x" : on.host.appId);
    });

    test("a projection is published instead", async () => {
      const mark = on.key("outbox");
      const projection = upsert(mark, `${mark} told`, { "outbox.projection": "true" });
      isEmpty(await transact("outbox", upsert(mark, `${mark} kept`), projection));
      const told = event((await delivered("/events/outboxed", mark))[0]);
      expect(told.data).toBe(`${mark} told`);
      expect((await get("outbox", mark)).json).toBe(`${mark} kept`);
    });

    test("a pub/sub that is not loaded", async () => {
      const key = on.key();
      const answer = await transact("lostOutbox", upsert(key, 1));
      isError(answer, 500, "ERR_PUBLISH_OUTBOX");
      const error = "pubsub 'nowhere' not found";
      expect(answer.json).toMatchObject({
        message: `error while publishing outbox message: ${error}`,
        details: [
          {
            domain: "dapr.io",
            reason: "DAPR_PUBSUB_OUTBOX",
            metadata: { appID: on.host.appId, error },
          },
        ],
      });
      isEmpty(await get("lostOutbox", key));
    });
  });
}
