import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ListedKeys } from "./listed-keys.ts";

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
// Beyond U+FFFF units are ordered otherwise than bytes, but only among what follows U+DFFF.
describe("listed keys", () => {
  it("are in the order of their bytes, whatever is added and deleted", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "b", "\u00e9", "\ud7ff", "\u{1f600}"),
      maxLength: 3,
    });
    const steps = fc.array(fc.tuple(fc.boolean(), text), { maxLength: 60 });
    fc.assert(
      fc.property(steps, text, text, fc.nat(5), (changes, from, to, limit) => {
        const [listed, model] = [new ListedKeys(), new Set<string>()];
        for (const [adds, key] of changes) {
          if (adds) listed.add(key);
          else listed.delete(key);
          if (adds) model.add(key);
          else model.delete(key);
        }
        const within = [...model].filter((key) => byBytes(key, from) >= 0 && byBytes(key, to) < 0);
        expect(listed.first(from, to, limit, () => true)).toEqual(within.sort(byBytes).slice(0, limit));
        expect(listed.isEmpty).toBe(model.size === 0);
      }),
      { numRuns: 2_000 },
    );
  });

  it("come back from many chunks, in whatever order they were added", () => {
    const keys = Array.from({ length: 5_000 }, (_, i) => String(i).padStart(6, "0"));
    for (const step of [1, 4_999, 1_667]) {
      const listed = new ListedKeys();
      const all = () => listed.first("", "~", 1e9, () => true);
      for (const [i] of keys.entries()) listed.add(keys[(i * step) % keys.length] as string);
      for (const key of keys) listed.add(key);
      expect(all()).toEqual(keys);
      expect(listed.first("002500", "~", 2, (key) => key.endsWith("7"))).toEqual(["002507", "002517"]);
      for (const [i, key] of keys.entries()) if (i % 600 !== 0) listed.delete(key);
      expect(all()).toEqual(keys.filter((_, i) => i % 600 === 0));
      for (const key of keys) listed.delete(key);
      expect([all(), listed.isEmpty]).toEqual([[], true]);
    }
  });
});
