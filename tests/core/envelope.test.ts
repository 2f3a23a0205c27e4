import { CloudEvent, HTTP } from "cloudevents";
import { describe, expect, test } from "vitest";
import type { EnvelopeAttributes } from "../../host/core/core.ts";
import { decode, encode, newCore } from "./core.ts";

const core = newCore();

const attributes: EnvelopeAttributes = {
  id: "1",
  source: "app",
  type: "com.dapr.event.sent",
  time: "2026-11-23T14:48:55Z",
  datacontenttype: "application/json",
  topic: "orders",
  pubsubname: "pubsub",
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  tracestate: "",
};

const frame = (type: string, data: string | Uint8Array, more: Partial<EnvelopeAttributes> = {}) =>
  decode(
    core.frame(
      { ...attributes, datacontenttype: type, ...more },
      typeof data === "string" ? encode(data) : data,
    ),
  );

describe("a new envelope", () => {
  test("has every key of Dapr's but subject and expiration, which are there when given", () => {
    const { datacontenttype, traceparent, ...rest } = attributes;
    const whole = {
      ...rest,
      specversion: "1.0",
      datacontenttype,
      traceid: traceparent,
      traceparent,
      data: {},
    };
    expect(JSON.parse(frame("application/json", "{}"))).toEqual(whole);
    const more = { subject: "s", expiration: "2026-11-23T15:00:00Z" };
    expect(JSON.parse(frame("application/json", "{}", more))).toEqual({ ...whole, ...more });
  });

  test.each([
    ["application/json", '{"a": 1.0}', '"data":{"a": 1.0}}'],
    ["application/json", " 12345678901234567890 ", '"data": 12345678901234567890 }'],
    ["Application/JSON; charset=utf-8", "[1]", '"data":[1]}'],
    ["application/json", "", '"data":""}'],
    ["application/json", "{bad", '"data":"{bad"}'],
    ["application/vnd.x+json", "[1]", '"data":"[1]"}'],
    ["text/plain", 'a"\\\n\u0001é', '"data":"a\\"\\\\\\n\\u0001é"}'],
    ["", "x", '"data":"x"}'],
    ["application/octet-stream", "ab", '"data_base64":"YWI="}'],
    ["application/octet-stream; x=y", "", '"data_base64":""}'],
  ])("%s %j", (type, data, end) => {
    const text = frame(type, data);
    expect(text.endsWith(`,${end}`)).toBe(true);
    expect(JSON.parse(text).datacontenttype).toBe(type);
  });

  test("bytes that are no text become replacement characters, one for each", () => {
    const text = frame("text/plain", new Uint8Array([0x61, 0xff, 0xe2, 0x82, 0x62]));
    expect(JSON.parse(text).data).toBe("a\ufffd\ufffd\ufffdb");
    expect(frame("application/json", new Uint8Array([0x22, 0xff, 0x22]))).toContain('"data":"\\"\ufffd\\""');
  });

  test("attributes are escaped, also where halves of a surrogate pair meet", () => {
    const odd = { id: 'a"\u0000', source: "x\ud83d", type: "\ude00y", topic: "é\\" };
    const event = JSON.parse(frame("text/plain", "", odd));
    expect(event).toMatchObject({ id: 'a"\u0000', source: "x\ufffd", type: "\ufffdy", topic: "é\\" });
  });

  test("attributes that could outgrow the core's memory are refused", () => {
    expect(() => frame("text/plain", "", { id: "x".repeat(20_000) })).toThrow(RangeError);
    expect(() => frame("text/plain", "", { id: "x".repeat(100_000) })).toThrow(RangeError);
    expect(JSON.parse(frame("text/plain", "", { id: "x".repeat(14_000) })).id).toHaveLength(14_000);
  });

  test("data of many chunks come out whole, wherever they part", () => {
    for (let shift = 0; shift < 5; shift++) {
      const text = "x".repeat(shift) + 'é€😀"\n'.repeat(20_000);
      expect(JSON.parse(frame("text/plain", text)).data).toBe(text);
      const { data_base64 } = JSON.parse(frame("application/octet-stream", text));
      expect(Buffer.from(data_base64, "base64").toString()).toBe(text);
      expect(JSON.parse(frame("application/json", JSON.stringify(text))).data).toBe(text);
    }
  });

  test("the CloudEvents package reads it", () => {
    const body = frame("application/json", '{"a":1}', { subject: "s" });
    const event = HTTP.toEvent({ headers: { "content-type": "application/cloudevents+json" }, body });
    expect(event).toBeInstanceOf(CloudEvent);
    expect((event as CloudEvent).validate()).toBe(true);
    expect(event).toMatchObject({ id: "1", source: "app", subject: "s", topic: "orders", data: { a: 1 } });
  });
});

describe("an event that is an envelope already", () => {
  const { datacontenttype: _, ...defaults } = attributes;
  const complete = (event: string, more = {}) =>
    decode(core.complete({ ...defaults, ...more }, encode(event)));

  test("gets what it lacks", () => {
    const whole = { ...defaults, specversion: "1.0", traceid: defaults.traceparent };
    expect(JSON.parse(complete("{}"))).toEqual(whole);
    expect(JSON.parse(complete(" { } ", { expiration: "later" }))).toEqual({ ...whole, expiration: "later" });
  });

  test("keeps what it has, as it stands, and its own topic is replaced", () => {
    const event = '{ "id":"", "topic": {"a":[1]} ,"time":null,"x": 1.0,"pubsubname":5,"\\u0073ource":"me"}';
    expect(complete(event)).toBe(
      '{ "id":"", "topic": "orders" ,"time":null,"x": 1.0,"pubsubname":"pubsub","\\u0073ource":"me"' +
        `,"type":"com.dapr.event.sent","traceparent":"${defaults.traceparent}","tracestate":""` +
        `,"traceid":"${defaults.traceparent}","specversion":"1.0"}`,
    );
  });

  test("keeps its trace whole", () => {
    const event = JSON.parse(complete('{"traceparent":"theirs"}'));
    expect(event).toMatchObject({ traceparent: "theirs" });
    expect(event).not.toHaveProperty("traceid");
  });

  test("may have the same member twice further down, and names that differ in case", () => {
    expect(() => complete('{"data":{"a":1,"a":2},"Data":1}')).not.toThrow();
  });

  test("is larger than the inbox", () => {
    const data = "é".repeat(100_000);
    const event = complete(`{"data":"${data}","topic":"x"}`);
    expect(JSON.parse(event)).toMatchObject({ data, topic: "orders", id: "1" });
  });

  test.each([
    ["", "cut off at byte 0"],
    ["[]", "expected a JSON object at byte 0"],
    ['"x"', "expected a JSON object at byte 0"],
    ['{"a":1', "cut off at byte 6"],
    ['{"a":1,"a":2}', "expected each member of an event once at byte 9"],
    ['{"é":1,"\\u00e9":2}', "expected each member of an event once"],
    ['{"😀":1,"\\ud83d\\ude00":2}', "expected each member of an event once"],
    [`{${Array.from({ length: 1025 }, (_, i) => `"m${i}":1`)}}`, "expected at most 1024 members"],
  ])("event %# is refused", (event, message) => {
    expect(() => complete(event)).toThrow(message);
  });
});
