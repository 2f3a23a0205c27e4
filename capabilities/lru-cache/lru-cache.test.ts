import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Fields, Guest } from "../../tests/capability/guest.ts";

/** A cache in an instance of its own, and a clock. */
async function open(config: Readonly<Record<string, string>> = {}) {
  const clock = { now: 1_000 };
  const guest = await Guest.of("lru-cache", { now: () => clock.now });
  const call = (operation: string, ...fields: Fields) =>
    guest.call([[":operation", operation], [":config", JSON.stringify(config)], ...fields]);
  return {
    clock,
    call,
    get: (key: string) => {
      const { status, text } = call("get", ["key", key]);
      return status === 200 ? text : undefined;
    },
    set: (key: string, value: string, ...more: Fields) =>
      call("set", ["key", key], [":body", value], ...more).status,
    delete: (key: string, ...more: Fields) => call("delete", ["key", key], ...more).status,
    statistics: () => JSON.parse(call("statistics").text),
  };
}

describe("lru-cache", () => {
  it("evicts what was used least recently, and counts", async () => {
    const cache = await open({ maxEntries: "3" });
    for (const key of ["a", "b", "c"]) expect(cache.set(key, `value of ${key}`)).toBe(204);
    expect(cache.get("a")).toBe("value of a");
    cache.set("d", "4");
    expect(["a", "b", "c", "d"].map((key) => cache.get(key))).toEqual([
      "value of a",
      undefined,
      "value of c",
      "4",
    ]);
    expect(cache.statistics()).toMatchObject({ entries: 3, hits: 4, misses: 1, evicted: 1 });
  });

  it("keeps to its bytes", async () => {
    const cache = await open({ maxBytes: "10000" });
    for (let i = 0; i < 100; i++) expect(cache.set(`key ${i}`, "v".repeat(1_000))).toBe(204);
    const { entries, bytes } = cache.statistics();
    expect(bytes).toBeLessThanOrEqual(10_000);
    expect(entries).toBe(8);
    expect(cache.set("large", "v".repeat(10_000))).toBe(413);
    expect(cache.get("large")).toBeUndefined();
  });

  it("lives for weeks in the memory that it has", async () => {
    const cache = await open();
    const value = "v".repeat(200_000);
    for (let i = 0; i < 600; i++) expect(cache.set(`key ${i % 170}`, value)).toBe(204);
    expect(cache.statistics().bytes).toBeLessThanOrEqual(16 << 20);
  });

  it("forgets what has expired", async () => {
    const cache = await open();
    cache.set("a", "1", ["ttl", "2"]);
    cache.clock.now += 1_999;
    expect(cache.get("a")).toBe("1");
    expect(cache.call("get", ["key", "a"]).headers.get("expires")).toBe("3000");
    cache.clock.now += 1;
    expect(cache.get("a")).toBeUndefined();
    expect(cache.statistics().entries).toBe(0);
  });

  it("compares ETags, and never gives one twice", async () => {
    const cache = await open();
    cache.set("a", "1");
    const etag = cache.call("get", ["key", "a"]).headers.get("etag") as string;
    expect(cache.set("a", "2", ["etag", etag])).toBe(204);
    expect(cache.set("a", "3", ["etag", etag])).toBe(409);
    expect(cache.delete("a", ["etag", etag])).toBe(409);
    expect(cache.set("a", "3", ["concurrency", "first-write"])).toBe(409);
    expect(cache.delete("a")).toBe(204);
    expect(cache.set("a", "3", ["etag", etag])).toBe(409);
    expect(cache.set("a", "4", ["concurrency", "first-write"])).toBe(204);
    expect(cache.call("get", ["key", "a"]).headers.get("etag")).not.toBe(etag);
  });

  it("gives each configuration a cache of its own", async () => {
    const guest = await Guest.of("lru-cache");
    const call = (config: string, operation: string) =>
      guest.call([
        [":operation", operation],
        [":config", config],
        ["key", "a"],
        [":body", config],
      ]);
    call('{"maxEntries":"1"}', "set");
    call("", "set");
    expect(call('{"maxEntries":"1"}', "get").text).toBe('{"maxEntries":"1"}');
    expect(call("", "get").text).toBe("");
  });

  it("does what a list does that is searched from its end, whatever is asked", async () => {
    const cache = await open({ maxEntries: "4" });
    let model: { key: string; value: string }[] = [];
    const step = fc.record({
      kind: fc.constantFrom("get", "set", "delete"),
      key: fc.constantFrom("a", "b", "c", "d", "e", "f"),
      value: fc.string({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20 }), (steps) => {
        for (const { kind, key, value } of steps) {
          const found = model.find((entry) => entry.key === key);
          const others = model.filter((entry) => entry.key !== key);
          if (kind === "get") {
            expect(cache.get(key)).toBe(found?.value);
            if (found) model = [...others, found];
          } else if (kind === "set") {
            cache.set(key, value);
            model = [...others, { key, value }].slice(-4);
          } else {
            cache.delete(key);
            model = others;
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
