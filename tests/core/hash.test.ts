import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encode, newCore } from "./core.ts";
import placement from "./vectors/placement.json";
import { xxhash64 } from "./xxhash64.ts";

const core = newCore();
const numRuns = Number(process.env.FUZZ_RUNS ?? 3000);
const bytes = fc.uint8Array({ maxLength: 400, size: "max" });

test("xxhash64 gives the published values", () => {
  expect(core.xxhash64(encode(""))).toBe(0xef46db3751d8e999n);
  expect(core.xxhash64(encode("a"))).toBe(0xd24ec4f1a98c6e5bn);
  expect(core.xxhash64(encode("abc"))).toBe(0x44bc2cf5ad770999n);
});

test("xxhash64 agrees with another implementation", () => {
  fc.assert(
    fc.property(bytes, (data) => core.xxhash64(data) === xxhash64(data)),
    { numRuns },
  );
});

test("BLAKE2b-512 agrees with node:crypto", () => {
  fc.assert(
    fc.property(bytes, (data) =>
      createHash("blake2b512").update(data).digest().equals(core.blake2b512(data)),
    ),
    { numRuns },
  );
});

test("texts longer than the inbox hash as one", () => {
  for (const length of [65_535, 65_536, 65_537, 131_072, 200_003]) {
    const data = Uint8Array.from({ length }, (_, i) => (i * 31) >> 3);
    expect(core.xxhash64(data)).toBe(xxhash64(data));
    expect(createHash("blake2b512").update(data).digest().equals(core.blake2b512(data))).toBe(true);
  }
});

test("a key's hash is Dapr's", () => {
  placement.keys.forEach((key, i) => {
    const digest = core.blake2b512(encode(key));
    expect(new DataView(digest.buffer).getBigUint64(0, true)).toBe(BigInt(placement.hashes[i] as string));
  });
});
