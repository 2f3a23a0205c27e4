import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxFrame } from "../../mesh/relay-protocol.ts";
import { FrameCutter } from "./frame-socket.ts";

function withLengths(frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(frame.byteLength);
      return [length, frame];
    }),
  );
}

describe("frames of a stream", () => {
  it("come out as they went in, wherever the stream is cut", () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sent, cuts) => {
        const bytes = withLengths(sent);
        const got: Uint8Array[] = [];
        const cutter = new FrameCutter((frame) => got.push(frame.slice()));
        for (let at = 0, i = 0; at < bytes.byteLength; i++) {
          const end = at + (cuts[i % cuts.length] as number);
          cutter.push(new Uint8Array(bytes.subarray(at, end)));
          at = end;
        }
        expect(got).toEqual(sent.map((frame) => new Uint8Array(frame)));
      }),
      { numRuns: 200 },
    );
  });

  it("are refused before they take memory when they are too long", () => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(maxFrame + 1);
    expect(() => new FrameCutter(() => undefined).push(length)).toThrow(/at most/);
  });
});
