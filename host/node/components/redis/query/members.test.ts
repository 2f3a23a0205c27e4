import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Filter, Scalar } from "../../../../components/state/query.ts";
import { predicate } from "../../../../components/state/query-values.ts";
import { keyOf, type MemberRange, memberOf, rangesOf, scopeOf } from "./members.ts";

/** As Redis does: by bytes, `[` with and `(` without the end itself. */
function isWithin(member: Buffer, { from, to }: MemberRange): boolean {
  const [low, high] = [from.subarray(1), to.subarray(1)];
  const above = Buffer.compare(member, low) - (from[0] === 0x5b ? -1 : 0);
  const below = Buffer.compare(member, high) - (to[0] === 0x5b ? 1 : 0);
  return above > 0 && below < 0;
}

// Long texts that differ late, zero bytes, and pairs where texts are cut.
const long = fc
  .tuple(fc.integer({ min: 125, max: 129 }), fc.string({ unit: "binary", maxLength: 3 }))
  .map(([length, end]) => "x".repeat(length) + end);
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.string({ unit: fc.constantFrom("\0", "\u0001", "a", "\uffee", "\u{1F600}"), maxLength: 5 }),
  long,
);
const number = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.constantFrom(0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, -5e-324),
);
const scalar: fc.Arbitrary<Scalar> = fc.oneof(text, number, fc.boolean(), fc.constant(null));
const path = ["v"];
const filter: fc.Arbitrary<Filter> = fc.oneof(
  scalar.map((value): Filter => ({ op: "EQ", path, value })),
  fc.array(scalar, { maxLength: 3 }).map((values): Filter => ({ op: "IN", path, values })),
  fc
    .tuple(fc.constantFrom("GT", "GTE", "LT", "LTE"), fc.oneof(text, number))
    .map(([op, value]): Filter => ({ op, path, value }) as Filter),
);

describe("members of an index", () => {
  it("that match a filter are within its ranges", () => {
    fc.assert(
      fc.property(fc.option(scalar, { nil: undefined }), filter, (value, asked) => {
        if (!predicate(asked)({ key: "app||k", at: () => value })) return;
        const { ranges } = rangesOf(asked) ?? { ranges: [] };
        expect(ranges.some((range) => isWithin(memberOf(value, "app||k"), range))).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it("are cut between code points", () => {
    const begin = "x".repeat(127);
    const { ranges } = rangesOf({ op: "GT", path, value: `${begin}\ufffe` }) ?? { ranges: [] };
    const above = memberOf(`${begin}\u{1F600}`, "k");
    expect(isWithin(above, ranges[0] as MemberRange)).toBe(true);
  });

  it("of other types, and of other beginnings, are not", () => {
    const { ranges } = rangesOf({ op: "GT", path, value: 1 }) ?? { ranges: [] };
    const outside = [undefined, null, true, "1", "", -1].map((value) => memberOf(value, "k"));
    expect(outside.filter((member) => isWithin(member, ranges[0] as MemberRange))).toEqual([]);
    const [equal] = rangesOf({ op: "EQ", path, value: "a" })?.ranges ?? [];
    const others = ["", "a\0", "a\0b", "aa", "b"].map((value) => memberOf(value, "k"));
    expect(others.filter((member) => isWithin(member, equal as MemberRange))).toEqual([]);
  });

  it("tell their key", () => {
    fc.assert(
      fc.property(fc.option(scalar, { nil: undefined }), fc.string({ unit: "binary" }), (value, key) => {
        expect(keyOf(memberOf(value, key))).toBe(key);
      }),
    );
  });

  it.each([
    ["app||k", "app||"],
    ["app||type||id||k", "app||"],
    ["k", ""],
    ["||k", "||"],
  ])("of %s are the scope's %s", (key, scope) => {
    expect(scopeOf(key)).toBe(scope);
  });
});
