import { MARKS, MAX_DEPTH } from "../memory";
import { put, word } from "../spec-text";
import * as Fault from "./fault";
import * as F from "./fields";
import { begin, feed } from "./scan";

/** Status of a text that comes in pieces. */
function scan(shape: i32, text: string, piece: i32 = 1 << 16): i32 {
  begin(shape);
  let at = 0;
  do {
    const end = min(at + piece, text.length);
    const status = feed(put(text.substring(at, end)), end == text.length);
    if (status) return status;
    at = end;
  } while (at < text.length);
  return 0;
}

/** Fields of the marks of one piece, in their order. */
function fields(shape: i32, text: string): string {
  if (scan(shape, text)) return "fault";
  let all = "";
  for (let i = 0; i < word(0); i++) all += load<u8>(MARKS + i * 12).toString() + " ";
  return all;
}

describe("scan", () => {
  it("accepts every kind of value, in pieces of any size", () => {
    const text = ' {"a":[1,-0.5e+10,true,false,null,"\\u00e9\\n\\\\",{}],"b":[],"c":{"d":""}} ';
    for (let piece = 1; piece < text.length; piece++) expect(scan(F.SKIP, text, piece)).toBe(0);
  });

  it("says what is wrong", () => {
    expect(scan(F.SKIP, "")).toBe(Fault.CUT_OFF);
    expect(scan(F.SKIP, "[1,]")).toBe(Fault.EXPECTED_VALUE);
    expect(scan(F.SKIP, '{"a" 1}')).toBe(Fault.EXPECTED_COLON);
    expect(scan(F.SKIP, "{a:1}")).toBe(Fault.EXPECTED_NAME);
    expect(scan(F.SKIP, "[1 2]")).toBe(Fault.EXPECTED_COMMA);
    expect(scan(F.SKIP, "1 2")).toBe(Fault.EXPECTED_END);
    expect(scan(F.SKIP, "01")).toBe(Fault.BAD_NUMBER);
    expect(scan(F.SKIP, "1.")).toBe(Fault.CUT_OFF);
    expect(scan(F.SKIP, "nul")).toBe(Fault.CUT_OFF);
    expect(scan(F.SKIP, "nulx")).toBe(Fault.BAD_LITERAL);
    expect(scan(F.SKIP, '"\\x"')).toBe(Fault.BAD_ESCAPE);
    expect(scan(F.SKIP, '"\n"')).toBe(Fault.CONTROL_IN_STRING);
  });

  it("bounds how deep a body nests", () => {
    expect(scan(F.SKIP, "[".repeat(MAX_DEPTH) + "]".repeat(MAX_DEPTH))).toBe(0);
    expect(scan(F.SKIP, "[".repeat(MAX_DEPTH + 1))).toBe(Fault.TOO_DEEP);
  });

  it("marks the fields of items, whatever case and escapes their names have", () => {
    expect(fields(F.SAVE_ROOT, '[{"key":"a","value":[{"key":1}],"other":{"key":2}}]')).toBe("3 4 15 ");
    expect(fields(F.SAVE_ROOT, '[{"KEY":"a","\\u0065tag":"1"}]')).toBe("3 5 15 ");
    expect(fields(F.SAVE_ROOT, '[{"key":"a","options":{"retryPolicy":{"interval":1}}}]')).toBe("3 6 18 15 ");
  });

  it("requires a key", () => {
    expect(scan(F.SAVE_ROOT, "[{}]")).toBe(Fault.KEY_REQUIRED);
    expect(scan(F.SAVE_ROOT, '[{"key":""}]')).toBe(Fault.KEY_REQUIRED);
    expect(scan(F.TRANSACTION_ROOT, '{"operations":[{"operation":"delete"}]}')).toBe(Fault.KEY_REQUIRED);
    expect(scan(F.TRANSACTION_ROOT, '{"operations":[{}]}')).toBe(0);
  });

  it("names the field of a wrong type", () => {
    expect(scan(F.SAVE_ROOT, '[{"key":1}]')).toBe(Fault.FIELD - F.KEY);
    expect(scan(F.SAVE_ROOT, "{}")).toBe(Fault.FIELD - F.ROOT);
    expect(scan(F.SAVE_ROOT, '[{"key":"a","metadata":{"b":[]}}]')).toBe(Fault.FIELD - F.MAP_VALUE);
  });

  it("refuses an event that has a member twice, however it is spelled", () => {
    expect(scan(F.EVENT_ROOT, '{"a":1,"\\u0061":2}')).toBe(Fault.DUPLICATE_MEMBER);
    expect(scan(F.EVENT_ROOT, '{"a":{"b":1,"b":2},"A":2}')).toBe(0);
  });
});
