import { CloudEvent, HTTP } from "cloudevents";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ScanError } from "../../host/core/core.ts";
import { decode, encode, newCore } from "../core/core.ts";

const core = newCore();
const numRuns = Number(process.env.FUZZ_RUNS ?? 3000);
const timeout = 20_000 + numRuns;

const text = fc.string({ unit: "binary", maxLength: 30 }).map((value) => decode(encode(value)));
const some = text.filter((value) => value.length > 0);
const attributes = fc.record(
  {
    id: some,
    source: some,
    type: some,
    subject: some,
    time: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date("2100-01-01") })
      .map((date) => date.toISOString()),
    datacontenttype: fc.constantFrom(
      "application/json",
      "text/plain",
      "application/octet-stream",
      "image/png",
    ),
    topic: text,
    pubsubname: text,
    traceparent: text,
    tracestate: text,
    expiration: text,
  },
  {
    requiredKeys: [
      "id",
      "source",
      "type",
      "time",
      "datacontenttype",
      "topic",
      "pubsubname",
      "traceparent",
      "tracestate",
    ],
  },
);
const data = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.json().map(encode),
  fc.string({ unit: "binary" }).map(encode),
);

/** Text as Go reads bytes: each byte that is no UTF-8 is a replacement character. */
function goText(bytes: Uint8Array): string {
  let all = "";
  for (let at = 0; at < bytes.length; ) {
    let size = 4;
    for (; size > 0; size--) {
      try {
        const letter = decode(bytes.subarray(at, at + size));
        if ([...letter].length !== 1) continue;
        all += letter;
        break;
      } catch {}
    }
    if (size === 0) all += "\ufffd";
    at += Math.max(size, 1);
  }
  return all;
}

function expected(type: string, bytes: Uint8Array) {
  if (type === "application/octet-stream") return { data_base64: Buffer.from(bytes).toString("base64") };
  if (type === "application/json") {
    try {
      return { data: JSON.parse(decode(bytes)) };
    } catch {}
  }
  return { data: goText(bytes) };
}

test("an envelope holds what it was given", { timeout }, () => {
  fc.assert(
    fc.property(attributes, data, (given, bytes) => {
      const event = JSON.parse(decode(core.frame(given, bytes)));
      const { traceparent } = given;
      expect(event).toEqual({
        ...given,
        specversion: "1.0",
        traceid: traceparent,
        ...expected(given.datacontenttype, bytes),
      });
    }),
    { numRuns },
  );
});

test("the CloudEvents package reads every envelope", { timeout }, () => {
  fc.assert(
    fc.property(attributes, data, (given, bytes) => {
      const body = decode(core.frame(given, bytes));
      const event = HTTP.toEvent({ headers: { "content-type": "application/cloudevents+json" }, body });
      expect(event).toBeInstanceOf(CloudEvent);
      const { id, source, type, subject, topic } = event as CloudEvent;
      expect({ id, source, type, subject, topic }).toEqual({
        id: given.id,
        source: given.source,
        type: given.type,
        subject: given.subject,
        topic: given.topic,
      });
    }),
    { numRuns: Math.ceil(numRuns / 4) },
  );
});

test("an event is completed as an object would be", { timeout }, () => {
  const names = fc.constantFrom(
    "id",
    "source",
    "time",
    "topic",
    "pubsubname",
    "traceparent",
    "specversion",
    "x",
    "é",
    "",
  );
  const event = fc.dictionary(fc.oneof(names, text), fc.jsonValue(), { noNullPrototype: true });
  fc.assert(
    fc.property(
      attributes,
      event,
      fc.nat(2),
      ({ datacontenttype: _, subject: __, ...given }, source, indent) => {
        const body = JSON.stringify(source, null, indent);
        const parsed = JSON.parse(body);
        const trace = "traceparent" in parsed ? {} : { traceid: given.traceparent };
        const { topic, pubsubname } = given;
        expect(JSON.parse(decode(core.complete(given, encode(body))))).toEqual({
          ...given,
          specversion: "1.0",
          ...trace,
          ...parsed,
          topic,
          pubsubname,
        });
      },
    ),
    { numRuns },
  );
});

test("no bytes make completing throw anything but a scan error", { timeout }, () => {
  const part = fc.constantFrom(
    "{",
    "}",
    '"id"',
    '"topic"',
    ":",
    ",",
    "1",
    "null",
    '"a"',
    "[",
    "]",
    " ",
    "\\",
    "é",
  );
  const soup = fc.array(part, { maxLength: 16 }).map((parts) => encode(parts.join("")));
  fc.assert(
    fc.property(attributes, fc.oneof(soup, fc.uint8Array()), (given, bytes) => {
      try {
        JSON.parse(decode(core.complete(given, bytes)));
      } catch (error) {
        if (!(error instanceof ScanError)) throw error;
      }
    }),
    { numRuns },
  );
});
