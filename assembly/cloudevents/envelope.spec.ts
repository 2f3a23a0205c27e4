import { INBOX, OUTBOX, RESULT } from "../memory";
import { put, textAt, word } from "../spec-text";
import { EVENT_ROOT } from "../json/fields";
import { begin, feed } from "../json/scan";
import * as A from "./attributes";
import { complete, frame } from "./envelope";
import { AS_BASE64, AS_JSON, AS_STRING, mediaForm } from "./form";

/** Gives each attribute its own number as text; `subject` and `expiration` are absent. */
function give(): void {
  let all = "";
  for (let i = 0; i < A.GIVEN; i++) {
    const absent = i == A.SUBJECT || i == A.EXPIRATION;
    if (!absent) all += i.toString();
    store<i32>(RESULT + (i << 2), absent ? -1 : 1);
  }
  put(all);
}

function formOf(type: string): i32 {
  return mediaForm(INBOX, put(type));
}

describe("frame", () => {
  it("writes the members up to the data", () => {
    give();
    expect(textAt(OUTBOX, frame())).toBe(
      '{"id":"0","source":"1","specversion":"1.0","type":"2","time":"4","datacontenttype":"5","topic":"6",' +
        '"pubsubname":"7","traceid":"8","traceparent":"8","tracestate":"9"',
    );
  });

  it("refuses attributes that could outgrow the outbox", () => {
    give();
    store<i32>(RESULT, 20000);
    expect(frame()).toBe(-1);
  });

  it("tells how a content type's data stand", () => {
    expect(formOf("application/json")).toBe(AS_JSON);
    expect(formOf(" Application/JSON ; charset=utf-8")).toBe(AS_JSON);
    expect(formOf("application/octet-stream;x")).toBe(AS_BASE64);
    expect(formOf("application/vnd.x+json")).toBe(AS_STRING);
    expect(formOf("text/plain")).toBe(AS_STRING);
    expect(formOf("")).toBe(AS_STRING);
  });
});

describe("complete", () => {
  it("replaces the topic where it stands and adds what is absent at the end", () => {
    begin(EVENT_ROOT);
    expect(feed(put('{"topic":null,"id":"x"}'), true)).toBe(0);
    const marks = word(0);
    give();
    store<i32>(RESULT + (A.DATACONTENTTYPE << 2), -1);
    put("01246789");
    expect(complete(marks)).toBe(2);
    expect(word(0)).toBe(9);
    expect(word(1)).toBe(13);
    expect(textAt(word(2), word(3))).toBe('"6"');
    expect(word(4)).toBe(22);
    expect(textAt(word(6), word(7))).toBe(
      ',"source":"1","type":"2","time":"4","pubsubname":"7","traceparent":"8","tracestate":"9","traceid":"8",' +
        '"specversion":"1.0"',
    );
  });
});
