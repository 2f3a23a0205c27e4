import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { isError } from "./answers.ts";
import { accepted, event, pubsubCalls, rfc3339, uuid } from "./pubsub-calls.ts";

/** What is put around published data. */
export function envelopes(on: Subject): void {
  const { delivered, publish, through } = pubsubCalls(on);

  describe("envelope", () => {
    test("JSON", async () => {
      const mark = on.key();
      accepted(await publish("plain", JSON.stringify({ message: mark }), "application/json"));
      const [seen] = await delivered("/events/plain", mark);
      expect(seen?.method).toBe("POST");
      expect(seen?.headers["content-type"]).toBe("application/cloudevents+json");
      expect(seen?.headers.pubsubname).toBe("messagebus");
      expect(event(seen)).toEqual({
        data: { message: mark },
        datacontenttype: "application/json",
        id: expect.stringMatching(uuid),
        pubsubname: "messagebus",
        source: on.host.appId,
        specversion: "1.0",
        time: expect.stringMatching(rfc3339),
        topic: "plain",
        traceid: "",
        traceparent: "",
        tracestate: "",
        type: "com.dapr.event.sent",
      });
      const time = Date.parse(String(event(seen).time));
      expect(Math.abs(Date.now() - time)).toBeLessThan(60_000);
    });

    test("by PUT", async () => {
      const mark = on.key();
      accepted(await on.send("PUT", "/v1.0/publish/messagebus/plain", JSON.stringify(mark)));
      expect(event((await delivered("/events/plain", mark))[0]).data).toBe(mark);
    });

    test("no content type: text/plain", async () => {
      const mark = on.key();
      expect(await through(mark, mark)).toMatchObject({ data: mark, datacontenttype: "text/plain" });
    });

    test("text keeps its characters", async () => {
      const mark = on.key();
      const text = `${mark} "quoted" \\ \u00e9 \u{1F600}\n\ttab </script>`;
      expect(await through(text, mark, "text/html; charset=utf-8")).toMatchObject({
        data: text,
        datacontenttype: "text/html; charset=utf-8",
      });
    });

    test("parameters of application/json do not matter", async () => {
      const mark = on.key();
      const type = "application/json; charset=utf-8";
      expect(await through(JSON.stringify([mark]), mark, type)).toMatchObject({
        data: [mark],
        datacontenttype: type,
      });
    });

    test("other kinds of JSON travel as a string", async () => {
      const mark = on.key();
      const type = "application/vnd.test+json";
      expect(await through(JSON.stringify([mark]), mark, type)).toMatchObject({
        data: JSON.stringify([mark]),
        datacontenttype: type,
      });
    });

    test("JSON that is none travels as a string", async () => {
      const mark = on.key();
      expect(await through(`{"${mark}`, mark, "application/json")).toMatchObject({ data: `{"${mark}` });
    });

    test("bytes travel as base64", async () => {
      const bytes = Uint8Array.from([0, 1, 2, 250, 255, ...new TextEncoder().encode(on.key())]);
      accepted(await publish("plain", bytes, "application/octet-stream"));
      const base64 = Buffer.from(bytes).toString("base64");
      const found = event((await delivered("/events/plain", base64))[0]);
      expect(found.data_base64).toBe(base64);
      expect(found).not.toHaveProperty("data");
      expect(found.datacontenttype).toBe("application/octet-stream");
    });

    test("an empty body is an event", async () => {
      const id = on.key();
      const found = await through("", id, "application/json", `?metadata.cloudevent.id=${id}`);
      expect(found.id).toBe(id);
    });

    test("attributes are overridden by metadata.cloudevent.*", async () => {
      const mark = on.key();
      const query = [
        `?metadata.cloudevent.id=${mark}`,
        "metadata.cloudevent.source=the-source",
        "metadata.cloudevent.type=the.type",
        "metadata.cloudevent.subject=the-subject",
        "metadata.cloudevent.topic=other",
        "metadata.cloudevent.datacontenttype=other",
      ]
        .join("&metadata.")
        .replaceAll("metadata.metadata.", "metadata.");
      expect(await through('"x"', mark, "application/json", query)).toMatchObject({
        id: mark,
        source: "the-source",
        type: "the.type",
        subject: "the-subject",
        topic: "plain",
        pubsubname: "messagebus",
        datacontenttype: "application/json",
        data: "x",
      });
    });

    test("in any case of letters", async () => {
      const mark = on.key();
      const found = await through('"x"', mark, "application/json", `?metadata.CloudEvent.ID=${mark}`);
      expect(found.id).toBe(mark);
    });

    test("traceparent and traceid override both; tracestate is taken", async () => {
      const mark = on.key();
      const query = `?metadata.cloudevent.id=${mark}&metadata.cloudevent.traceparent=the-parent&metadata.cloudevent.tracestate=s`;
      expect(await through("1", mark, "application/json", query)).toMatchObject({
        traceparent: "the-parent",
        traceid: "the-parent",
        tracestate: "s",
      });
    });

    test("a TTL is an expiration where the broker has none of its own", async () => {
      const mark = on.key();
      const query = `?metadata.cloudevent.id=${mark}&metadata.ttlInSeconds=100`;
      const found = await through("1", mark, "application/json", query);
      if (on.has("eventTtl")) return expect(found).not.toHaveProperty("expiration");
      const left = Date.parse(String(found.expiration)) - Date.now();
      expect(left).toBeGreaterThan(80_000);
      expect(left).toBeLessThan(105_000);
    });

    test.each(["application/octet-stream; x=y", "APPLICATION/OCTET-STREAM"])(
      "%s travels as base64",
      async (type) => {
        const mark = on.key();
        const found = await through(mark, btoa(mark), type);
        expect(found).toMatchObject({ data_base64: btoa(mark), datacontenttype: type });
      },
    );

    test("a trace is carried", async () => {
      const mark = on.key();
      const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
      const answer = await on.fetch("/v1.0/publish/messagebus/plain", {
        method: "POST",
        headers: { "content-type": "application/json", traceparent: `00-${trace}-00f067aa0ba902b7-01` },
        body: JSON.stringify(mark),
      });
      accepted(answer);
      const found = event((await delivered("/events/plain", mark))[0]);
      expect(found.traceparent).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
      expect(found.traceid).toBe(found.traceparent);
    });
  });
}

/** Published CloudEvents. */
export function cloudEvents(on: Subject): void {
  const { delivered, publish, through } = pubsubCalls(on);

  describe("events that are CloudEvents already", () => {
    const type = "application/cloudevents+json";
    const own = (id: string) => ({
      specversion: "1.0",
      id,
      source: "the-caller",
      type: "their.type",
      datacontenttype: "text/xml",
      data: '<much wow="xml"/>',
      extra: { kept: [1] },
    });

    test("keep what they have and get topic and pubsubname", async () => {
      const id = on.key();
      const found = await through(JSON.stringify(own(id)), id, type);
      expect(found).toMatchObject({ ...own(id), topic: "plain", pubsubname: "messagebus" });
      expect(found.time).toEqual(expect.stringMatching(rfc3339));
      expect(found.traceparent).toBe("");
    });

    test("parameters of the content type do not matter", async () => {
      const id = on.key();
      const found = await through(JSON.stringify(own(id)), id, `${type}; charset=utf-8`);
      expect(found).toMatchObject({ id, source: "the-caller", data: own(id).data });
    });

    test("what is missing is filled in", async () => {
      const id = on.key();
      const found = await through(JSON.stringify({ id, data: 1 }), id, type);
      expect(found).toMatchObject({ id, data: 1, specversion: "1.0", source: "Dapr" });
      expect(found.type).toBe("com.dapr.event.sent");
    });

    test("their numbers and unknown attributes stay as they are, topic and pubsubname do not", async () => {
      const id = on.key();
      const body = `{"id":"${id}","data":12345678901234567890,"Data":1.0,"topic":"x","pubsubname":"y"}`;
      accepted(await publish("plain", body, type));
      const [seen] = await delivered("/events/plain", id);
      expect(seen?.text).toMatch(/"data":12345678901234567890\b/);
      expect(seen?.text).toMatch(/"Data":1\.0\b/);
      expect(event(seen)).toMatchObject({ topic: "plain", pubsubname: "messagebus" });
    });

    test("overrides do not apply to them", async () => {
      const id = on.key();
      const query = "?metadata.cloudevent.source=over&metadata.cloudevent.id=over";
      expect(await through(JSON.stringify({ id, data: 1 }), id, type, query)).toMatchObject({
        id,
        source: "Dapr",
      });
    });

    test("an attribute that is there twice", async () => {
      const id = on.key();
      const answer = await publish("plain", `{"id":"${id}","data":1,"data":2}`, type);
      expect(answer.status).toBe(on.expected("pubsub.duplicate-member"));
    });

    test("no id", async () => {
      const mark = on.key();
      const found = await through(JSON.stringify({ data: mark }), mark, type);
      if (on.expected("pubsub.missing-id") === "absent") expect(found).not.toHaveProperty("id");
      else expect(found.id).toEqual(expect.stringMatching(uuid));
    });

    test("one that has expired is not delivered", async () => {
      const id = on.key();
      const expiration = "2020-01-01T00:00:00Z";
      accepted(await publish("plain", JSON.stringify({ id, data: 1, expiration }), type));
      await through(JSON.stringify({ id: `${id}-later`, data: 1 }), `${id}-later`, type);
      const all = await on.app.recorded("/events/plain");
      expect(all.filter(({ text }) => text.includes(`"${id}"`))).toEqual([]);
    });

    test.each(["", "{", "[]", '"text"', "nothing"])("%j is no CloudEvent", async (body) => {
      isError(await publish("plain", body, type), 500, "ERR_PUBSUB_CLOUD_EVENTS_SER");
    });
  });
}
