import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampledByRate } from "./sampling.ts";

const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString("hex"));

describe("sampling by the id of a trace", () => {
  it("decides as daprd's library does: by the id's last 64 bits against the rate", () => {
    const rates = fc.double({ min: 0.0001, max: 1, noNaN: true });
    fc.assert(
      fc.property(id, rates, (traceId, rate) => {
        const low = BigInt(`0x${traceId.slice(16)}`) >> 1n;
        const bound = BigInt(Math.floor(rate * 2 ** 63));
        // What a number cannot hold of the id may decide the other way.
        const near = low - bound;
        fc.pre(near > 4096n || near < -4096n);
        expect(sampledByRate(traceId, rate)).toBe(low < bound);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ["64d845eaa49e039ed683595bc9c6bfcb", false],
    ["b03739e13899f7a0401610392ecd50d9", true],
    ["d3a16a6492c1159c686daff2b971e9f5", true],
    ["02c9f5216d95a3f7805f20b2d4308d70", false],
    ["7df1d7662527121f28543d167a590cab", true],
  ])("takes half of all traces as daprd took them: %s", (traceId, taken) => {
    expect(sampledByRate(traceId, 0.5)).toBe(taken);
  });

  it("takes about one in a hundred of them, and the same ones at every hop", () => {
    const ids = Array.from({ length: 20_000 }, (_, n) => {
      const half = (BigInt(n) * 0x9e37_79b9_7f4a_7c15n) & 0xffff_ffff_ffff_ffffn;
      return `${"1".repeat(16)}${half.toString(16).padStart(16, "0")}`;
    });
    const taken = ids.filter((traceId) => sampledByRate(traceId, 0.01));
    expect(taken.length).toBeGreaterThan(180);
    expect(taken.length).toBeLessThan(220);
    expect(taken.every((traceId) => sampledByRate(traceId, 0.5))).toBe(true);
    expect(ids.filter((traceId) => sampledByRate(traceId, 1))).toHaveLength(ids.length);
  });
});
