import fc from "fast-check";
import { expect, test } from "vitest";
import { newCore } from "./core.ts";

const core = newCore();
const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const sevens = new Uint8Array(24).fill(7);
const root = `00-${"07".repeat(16)}-${"07".repeat(8)}-01`;

test.each([
  [parent, `00-0af7651916cd43dd8448eb211c80319c-${"07".repeat(8)}-01`],
  [parent.replace(/01$/, "00"), `00-0af7651916cd43dd8448eb211c80319c-${"07".repeat(8)}-00`],
  [parent.replace(/01$/, "ff"), `00-0af7651916cd43dd8448eb211c80319c-${"07".repeat(8)}-03`],
  [`cc${parent.slice(2)}-more`, `00-0af7651916cd43dd8448eb211c80319c-${"07".repeat(8)}-01`],
])("%s has the child %s", (given, child) => {
  expect(core.traceparent(given, sevens)).toBe(child);
});

test.each([
  undefined,
  "",
  parent.toUpperCase(),
  parent.slice(1),
  `${parent}-more`,
  `ff${parent.slice(2)}`,
  `cc${parent.slice(2)}more`,
  parent.replace(/[1-9a-f](?=.*-b7)/g, "0"),
  parent.replace("b7ad6b7169203331", "0".repeat(16)),
  "é".repeat(40),
  "0".repeat(10_000),
])("%s is no parent", (given) => {
  expect(core.traceparent(given, sevens)).toBe(root);
});

test("what it renders is well-formed, and its own parent", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), (random) => {
      const begun = core.traceparent(undefined, random);
      const child = core.traceparent(begun, random);
      return /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/.test(begun) && child === begun;
    }),
    { examples: [[new Uint8Array(24)]] },
  );
});

test("too little randomness is refused", () => {
  expect(() => core.traceparent(undefined, new Uint8Array(23))).toThrow(RangeError);
});
