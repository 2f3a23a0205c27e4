import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrame, encodeFrame, type Frame, FrameError, maxFrame, maxHead } from "./relay-protocol.ts";

function raw(head: unknown, body = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(typeof head === "string" ? head : JSON.stringify(head));
  const bytes = new Uint8Array(4 + text.byteLength + body.byteLength);
  new DataView(bytes.buffer).setUint32(0, text.byteLength);
  bytes.set(text, 4);
  bytes.set(body, 4 + text.byteLength);
  return bytes;
}

describe("a frame", () => {
  it("comes back as it was, body and all", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.array(fc.tuple(fc.string(), fc.string())),
        fc.uint8Array(),
        fc.integer(),
        (topic, pairs, body, id) => {
          const frame: Frame = { t: "publish", id, key: "k", topic, metadata: pairs.flat() };
          const back = decodeFrame(encodeFrame(frame, body));
          expect(JSON.stringify(back.frame)).toBe(JSON.stringify(frame));
          expect([...back.body]).toEqual([...body]);
        },
      ),
    );
  });

  it("is refused, and never anything but a FrameError is thrown, whatever the bytes are", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => raw(text)),
        ),
        (bytes) => {
          try {
            decodeFrame(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(FrameError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  const wrong: [string, string | Uint8Array][] = [
    ["text", "hello"],
    ["nothing", new Uint8Array(0)],
    ["a head longer than the frame", new Uint8Array([0, 0, 0, 9, 1])],
    ["a head longer than allowed", raw({ t: "ping", x: "x".repeat(maxHead) })],
    ["no JSON", raw("{")],
    ["invalid UTF-8", new Uint8Array([0, 0, 0, 2, 0xc3, 0x28])],
    ["an array", raw([])],
    ["null", raw("null")],
    ["an unknown type", raw({ t: "shutdown" })],
    ["a type of Object.prototype", raw({ t: "constructor" })],
    ["a type that is no text", raw({ t: ["ping"] })],
    ["a missing field", raw({ t: "consumed" })],
    ["a field of the prototype", raw('{"t":"consumed","__proto__":{"delivery":1}}')],
    ["a fraction for a number", raw({ t: "consumed", delivery: 1.5 })],
    ["a number beyond the safe ones", raw({ t: "consumed", delivery: 2 ** 60 })],
    ["text for a number", raw({ t: "consumed", delivery: "1" })],
    ["an odd list of names and values", raw({ t: "publish", id: 1, key: "k", topic: "t", metadata: ["a"] })],
    ["numbers for texts", raw({ t: "publish", id: 1, key: "k", topic: "t", metadata: [1, 2] })],
    [
      "null for an optional text",
      raw({ t: "publish", id: 1, key: "k", topic: "t", metadata: [], type: null }),
    ],
  ];
  for (const [name, bytes] of wrong) {
    it(`is not ${name}`, () => expect(() => decodeFrame(bytes)).toThrow(FrameError));
  }

  it("is neither sent nor taken when it is too large", () => {
    expect(() => encodeFrame({ t: "ping" }, new Uint8Array(maxFrame))).toThrow(FrameError);
    expect(() => decodeFrame(raw({ t: "ping" }, new Uint8Array(maxFrame)))).toThrow(FrameError);
    const key = "k".repeat(maxHead);
    expect(() => encodeFrame({ t: "publish", id: 1, key, topic: "t", metadata: [] })).toThrow(FrameError);
  });

  it("says what is wrong without what was in it", () => {
    const secret = "hunter2";
    for (const bytes of [raw(`{"t":"${secret}"}`), raw(`"${secret}`), raw({ t: "hello", token: secret })]) {
      expect(() => decodeFrame(bytes)).toThrow(expect.not.stringContaining(secret) as never);
    }
  });
});
