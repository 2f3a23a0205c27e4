import fc from "fast-check";
import { expect, test } from "vitest";
import { encode, newCore } from "./core.ts";
import placement from "./vectors/placement.json";
import { xxhash64 } from "./xxhash64.ts";

const core = newCore();

test.each(placement.rings)(
  "$replicas virtual nodes of $hosts.length hosts own what they own in Dapr",
  (ring) => {
    const table = core.ring(ring.hosts, ring.replicas);
    expect(placement.keys.map((key) => table.owner(key))).toEqual(ring.owners);
  },
);

test("the order in which hosts are named changes no owner", () => {
  const hosts = ["10.0.0.3:50002", "10.0.0.1:50002", "10.0.0.2:50002"];
  const table = core.ring(hosts, 100);
  const sorted = [...hosts].sort();
  const other = core.ring(sorted, 100);
  for (const key of placement.keys) expect(hosts[table.owner(key)]).toBe(sorted[other.owner(key)]);
});

test("where two hosts claim the same point, the smaller name has it", () => {
  // "app-1" + "21" is "app-12" + "1": these names share points by construction.
  const one = core.ring(["app-1", "app-12"], 100);
  const two = core.ring(["app-12", "app-1"], 100);
  for (let i = 0; i < 2000; i++) expect(two.owner(`key-${i}`)).toBe(1 - one.owner(`key-${i}`));
});

test("no hosts own nothing", () => {
  expect(core.ring([], 100).owner("a")).toBe(-1);
  expect(core.rendezvous([]).owner("a")).toBe(-1);
});

test("any id has an owner, up to the inbox's size", () => {
  const table = core.ring(["a:1", "b:1"], 10);
  expect([0, 1]).toContain(table.owner(""));
  expect([0, 1]).toContain(table.owner("é".repeat(30_000)));
  expect(() => table.owner("x".repeat(70_000))).toThrow(RangeError);
  for (const replicas of [0, -1, 1.5, Number.NaN, 2 ** 27, 2 ** 33]) {
    expect(() => core.ring(["a"], replicas)).toThrow(RangeError);
  }
});

test("tables are apart from each other and from requests", () => {
  const first = core.ring(["a:1", "b:1"], 100);
  const before = placement.keys.map((key) => first.owner(key));
  const second = core.ring(
    Array.from({ length: 300 }, (_, i) => `host-${i}:1`),
    100,
  );
  for (const key of placement.keys) expect(second.owner(key)).toBeLessThan(300);
  core.route("GET", "/v1.0/metadata");
  expect(placement.keys.map((key) => first.owner(key))).toEqual(before);
});

test("rendezvous gives each key to the host that hashes it highest", () => {
  const host = fc.stringMatching(/^[a-z0-9.:-]{0,40}$/);
  fc.assert(
    fc.property(
      fc.uniqueArray(host, { minLength: 1, maxLength: 12 }),
      fc.string({ unit: "grapheme" }),
      (hosts, key) => {
        const owner = core.rendezvous(hosts).owner(key);
        const hashes = hosts.map((name) => xxhash64(encode(`${name}||${key}`)));
        return hashes.every((hash) => hash <= (hashes[owner] as bigint));
      },
    ),
    { numRuns: Math.min(Number(process.env.FUZZ_RUNS ?? 500), 20_000) },
  );
});
