import fc from "fast-check";
import { expect, it } from "vitest";
import { TokenBuckets } from "../../host/components/middleware/token-buckets.ts";

/** Tokens in thousandths, counted millisecond by millisecond: slow, and without any cleverness. */
class Plain {
  readonly #tokens = new Map<string, number>();
  #now = 0;

  constructor(
    readonly perSecond: number,
    readonly capacity: number,
  ) {}

  #reach(now: number): void {
    for (; this.#now < now; this.#now++) {
      for (const [key, tokens] of this.#tokens) {
        this.#tokens.set(key, Math.min(this.capacity * 1000, tokens + this.perSecond));
      }
    }
  }

  available(key: string, now: number): number {
    this.#reach(now);
    return (this.#tokens.get(key) ?? this.capacity * 1000) / 1000;
  }

  take(key: string, count: number, now: number): void {
    this.#tokens.set(key, (this.available(key, now) - count) * 1000);
  }
}

it("has the tokens of a plain model, whoever takes them when", () => {
  const step = fc.record({
    wait: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3000 })),
    key: fc.constantFrom("a", "b", "c"),
    count: fc.integer({ min: 1, max: 5 }),
  });
  const rates = fc.record({
    perSecond: fc.integer({ min: 1, max: 50 }),
    capacity: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(rates, fc.array(step, { maxLength: 30 }), ({ perSecond, capacity }, steps) => {
      const buckets = new TokenBuckets(perSecond, capacity);
      const model = new Plain(perSecond, capacity);
      let now = 0;
      for (const { wait, key, count } of steps) {
        now += wait;
        expect(buckets.available(key, now)).toBeCloseTo(model.available(key, now), 6);
        const left = buckets.take(key, count, now);
        model.take(key, count, now);
        expect(left).toBeCloseTo(model.available(key, now), 6);
      }
    }),
    { numRuns: 100 },
  );
});

it("keeps no more buckets than it may, and forgets those that are full again", () => {
  const buckets = new TokenBuckets(1, 1, 100);
  for (let n = 0; n < 1000; n++) buckets.take(`client ${n}`, 1, 0);
  expect(buckets.size).toBe(100);
  expect(buckets.available("client 999", 0)).toBe(0);
  buckets.take("another", 1, 2000);
  expect(buckets.size).toBe(1);
});

it("takes nothing away where the clock is set back", () => {
  const buckets = new TokenBuckets(1, 5);
  buckets.take("a", 1, 10_000);
  expect(buckets.available("a", 0)).toBe(4);
});
