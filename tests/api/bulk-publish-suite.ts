import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { isError } from "./answers.ts";
import { accepted, event, pubsubCalls, rfc3339, uuid } from "./pubsub-calls.ts";

/** Many events in one request: dapr-http-api §1.3, "Bulk". */
export function bulkPublishSuite(on: Subject): void {
  const { delivered } = pubsubCalls(on);
  const bulk = (entries: unknown, topic = "plain", query = "", method = "POST") =>
    on.send(method, `/v1.0/publish/bulk/messagebus/${topic}${query}`, entries);
  const json = (entryId: string, data: unknown, rest: object = {}) => ({
    entryId,
    event: data,
    contentType: "application/json",
    ...rest,
  });
  const came = async (mark: string, path = "/events/plain") => event((await delivered(path, mark))[0]);
  const reasonOf = (answer: { json: unknown }) => {
    const { details } = answer.json as { details: { reason?: string }[] };
    return details.find(({ reason }) => reason !== undefined)?.reason;
  };

  describe("bulk publish", () => {
    test.each(["POST", "PUT"])("%s publishes every entry in an envelope of its own", async (method) => {
      const marks = [on.key(), on.key(), on.key()] as const;
      const entries = [
        json("1", { mark: marks[0] }),
        { entryId: "2", event: marks[1], contentType: "text/plain; charset=utf-8" },
        { entryId: "3", event: btoa(marks[2]), contentType: "application/octet-stream" },
      ];
      accepted(await bulk(entries, "plain", "", method));
      const [first, second, third] = [await came(marks[0]), await came(marks[1]), await came(btoa(marks[2]))];
      expect(first).toMatchObject({
        data: { mark: marks[0] },
        datacontenttype: "application/json",
        source: on.host.appId,
        type: "com.dapr.event.sent",
        topic: "plain",
        pubsubname: "messagebus",
      });
      expect(second).toMatchObject({ data: marks[1], datacontenttype: "text/plain; charset=utf-8" });
      expect(third).toMatchObject({
        data_base64: btoa(marks[2]),
        datacontenttype: "application/octet-stream",
      });
      for (const { id } of [first, second, third]) expect(id).toMatch(uuid);
      expect(new Set([first.id, second.id, third.id]).size).toBe(3);
    });

    test("under the alpha path, to a topic with slashes", async () => {
      const mark = on.key();
      accepted(await on.post("/v1.0-alpha1/publish/bulk/messagebus/deep/er/topic", [json("1", mark)]));
      expect((await came(mark, "/events/deep")).topic).toBe("deep/er/topic");
    });

    test("100 entries all arrive", async () => {
      const mark = on.key();
      accepted(await bulk(Array.from({ length: 100 }, (_, n) => json(String(n), { mark, n }))));
      const seen = await delivered("/events/plain", mark, 100);
      expect(new Set(seen.map((one) => (event(one).data as { n: number }).n)).size).toBe(100);
    });

    test.each([[[]], ["null"]])("%j publishes nothing", async (entries) => {
      accepted(await bulk(entries));
    });

    test("an event without a value is null", async () => {
      const id = on.key();
      accepted(await bulk([json("1", undefined, { metadata: { "cloudevent.id": id } })]));
      expect(await came(id)).toMatchObject({ id, data: null });
    });

    test("an entry that is a CloudEvent is completed", async () => {
      const mark = on.key();
      const given = { id: mark, source: "s", type: "t", specversion: "1.0", data: 1, extension: "kept" };
      accepted(await bulk([json("1", given, { contentType: "application/cloudevents+json" })]));
      expect(await came(mark)).toMatchObject({ ...given, topic: "plain", pubsubname: "messagebus" });
    });

    describe("metadata of the request", () => {
      const query = "?metadata.cloudevent.type=requested";
      test.each([
        ["come to an entry that has its own", {}, "requested"],
        ["give way to its own", { "cloudevent.type": "own" }, "own"],
        ["do not come to one without", undefined, "com.dapr.event.sent"],
        ["nor to one that says null", null, "com.dapr.event.sent"],
      ])("%s", async (_, metadata, type) => {
        const mark = on.key();
        accepted(await bulk([json("1", mark, { metadata })], "plain", query));
        expect((await came(mark)).type).toBe(type);
      });

      test.skipIf(on.has("eventTtl"))("a time to live likewise", async () => {
        const [own, none] = [on.key(), on.key()];
        const entries = [json("1", own, { metadata: {} }), json("2", none)];
        accepted(await bulk(entries, "plain", "?metadata.ttlInSeconds=60"));
        expect((await came(own)).expiration).toMatch(rfc3339);
        expect(await came(none)).not.toHaveProperty("expiration");
      });

      test("rawPayload is the request's", async () => {
        const mark = on.key();
        const entries = [{ entryId: "1", event: mark, contentType: "text/plain" }];
        accepted(await bulk(entries, "raw", "?metadata.rawPayload=true"));
        expect(await came(btoa(mark), "/events/raw")).toMatchObject({ data_base64: btoa(mark) });
      });
    });

    describe("is refused as a whole", () => {
      const good = () => json("1", on.key());
      test.each([
        ["without an entryId", [{ ...json("", 1), entryId: undefined }], "DAPR_PUBSUB_MARSHAL_EVENTS"],
        ["with an empty entryId", [json("", 1)], "DAPR_PUBSUB_MARSHAL_EVENTS"],
        ["with an entryId twice", [json("1", 1), json("1", 2)], "DAPR_PUBSUB_MARSHAL_EVENTS"],
        ["no body", "", "DAPR_PUBSUB_UNMARSHAL_EVENTS"],
        ["no array", "{}", "DAPR_PUBSUB_UNMARSHAL_EVENTS"],
        ["broken JSON", "[", "DAPR_PUBSUB_UNMARSHAL_EVENTS"],
        ["an entry that is none", ["x"], "DAPR_PUBSUB_UNMARSHAL_EVENTS"],
        ["an entryId that is a number", [{ ...json("1", 1), entryId: 5 }], "DAPR_PUBSUB_UNMARSHAL_EVENTS"],
        ["metadata with a number", [json("1", 1, { metadata: { a: 5 } })], "DAPR_PUBSUB_UNMARSHAL_EVENTS"],
        ["without a contentType", [{ entryId: "1", event: 1 }], "DAPR_PUBSUB_MARSHAL_ENVELOPE"],
        [
          "with another contentType",
          [json("1", "x", { contentType: "image/png" })],
          "DAPR_PUBSUB_MARSHAL_ENVELOPE",
        ],
        [
          "with a kind of JSON that is none of the two",
          [json("1", {}, { contentType: "application/vnd.x+json" })],
          "DAPR_PUBSUB_MARSHAL_ENVELOPE",
        ],
        [
          "a text that is an object",
          [json("1", {}, { contentType: "text/plain" })],
          "DAPR_PUBSUB_MARSHAL_ENVELOPE",
        ],
        [
          "bytes that are not base64",
          [json("1", "***", { contentType: "application/octet-stream" })],
          "DAPR_PUBSUB_MARSHAL_ENVELOPE",
        ],
      ])("%s", async (_, entries, reason) => {
        const answer = await bulk(entries);
        isError(answer, 400, "ERR_PUBSUB_EVENTS_SER");
        expect(reasonOf(answer)).toBe(reason);
      });

      test("and nothing of it is published", async () => {
        const first = good();
        isError(await bulk([first, { entryId: "2", event: 1 }]), 400, "ERR_PUBSUB_EVENTS_SER");
        const after = on.key();
        accepted(await bulk([json("1", after)]));
        await came(after);
        const all = await on.app.recorded("/events/plain");
        expect(all.filter(({ text }) => text.includes(first.event as string))).toEqual([]);
      });

      test("a CloudEvent that is no object", async () => {
        const entries = [json("1", "no", { contentType: "application/cloudevents+json" })];
        isError(await bulk(entries), 500, "ERR_PUBSUB_CLOUD_EVENTS_SER");
      });

      test("rawPayload that is no boolean", async () => {
        isError(
          await bulk([good()], "plain", "?metadata.rawPayload=perhaps"),
          400,
          "ERR_PUBSUB_REQUEST_METADATA",
        );
      });

      test("a pub/sub that is not there", async () => {
        isError(await on.post("/v1.0/publish/bulk/nowhere/t", [good()]), 404, "ERR_PUBSUB_NOT_FOUND");
      });

      test("a topic outside the scopes", async () => {
        isError(await on.post("/v1.0/publish/bulk/scoped/closed", [good()]), 403, "ERR_PUBSUB_FORBIDDEN");
        accepted(await on.post("/v1.0/publish/bulk/scoped/open", [good()]));
      });
    });
  });
}
