import fc from "fast-check";
import { expect, test } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import type { Platform } from "../../host/platform.ts";
import { Breaker } from "../../host/resiliency/breaker.ts";
import { Policy } from "../../host/resiliency/policy.ts";
import { PolicyError } from "../../host/resiliency/policy-error.ts";
import { newCore } from "../core/core.ts";

const core = newCore();
const numRuns = Number(process.env.FUZZ_RUNS ?? 300);
const timeout = 20_000 + numRuns * 5;

interface Settings {
  readonly maxRequests: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly trip: number;
}

/** A circuit breaker in plain words, which opens after `trip` failures in a row. */
class Model {
  state: "closed" | "half-open" | "open" = "closed";
  generation = 0;
  entered = 0;
  good = 0;
  bad = 0;
  #ends = Number.POSITIVE_INFINITY;

  constructor(
    readonly settings: Settings,
    readonly now: () => number,
  ) {
    this.#begin("closed");
  }

  #begin(state: Model["state"]) {
    const { intervalMs, timeoutMs } = this.settings;
    const lasts =
      state === "open" ? timeoutMs : state === "closed" && intervalMs > 0 ? intervalMs : undefined;
    Object.assign(this, { state, entered: 0, good: 0, bad: 0 });
    this.generation++;
    this.#ends = lasts === undefined ? Number.POSITIVE_INFINITY : this.now() + lasts;
  }

  look() {
    if (this.now() > this.#ends) this.#begin(this.state === "open" ? "half-open" : "closed");
    return this.state;
  }

  enter(): number | "half-open" | "open" {
    if (this.look() === "open") return "open";
    if (this.state === "half-open" && this.entered >= this.settings.maxRequests) return "half-open";
    this.entered++;
    return this.generation;
  }

  leave(generation: number, outcome: "success" | "failure" | "withdrawn") {
    this.look();
    if (generation !== this.generation) return;
    if (outcome === "withdrawn") this.entered--;
    else if (outcome === "failure") {
      this.good = 0;
      if (this.state === "half-open" || ++this.bad > this.settings.trip) this.#begin("open");
    } else {
      this.bad = 0;
      if (++this.good >= this.settings.maxRequests && this.state === "half-open") this.#begin("closed");
    }
  }
}

const settings = fc.record({
  maxRequests: fc.integer({ min: 1, max: 3 }),
  intervalMs: fc.constantFrom(0, 50, 1_000),
  timeoutMs: fc.constantFrom(10, 100),
  trip: fc.integer({ min: 0, max: 3 }),
});
const terms = ({ trip }: Settings) =>
  [{ counter: "consecutiveFailures", relation: ">", number: trip }] as const;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant("enter" as const) },
  {
    weight: 4,
    arbitrary: fc.record({
      which: fc.nat(5),
      outcome: fc.constantFrom(
        "success" as const,
        "failure" as const,
        "failure" as const,
        "withdrawn" as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom(1, 9, 10, 11, 50, 101, 5_000) },
);

test("the core's breaker is the model's, whatever comes in whatever order", { timeout }, () => {
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 60 }), fc.boolean(), (given, steps, hosts) => {
      let now = 1_000;
      const model = new Model(given, () => now);
      const record = core.newBreaker({ ...given, terms: hosts ? [] : terms(given) }, now);
      const under: [number, number][] = [];
      for (const what of steps) {
        if (typeof what === "number") now += what;
        else if (what === "enter") {
          const ours = core.enterBreaker(record, now);
          const theirs = model.enter();
          if (typeof ours === "number" && typeof theirs === "number") under.push([ours, theirs]);
          else expect(ours).toBe(theirs);
        } else {
          const [left] = under.splice(what.which % Math.max(1, under.length), 1);
          if (left === undefined) continue;
          const counts = core.leaveBreaker(record, now, left[0], what.outcome);
          if (counts !== undefined && counts.consecutiveFailures > given.trip) core.tripBreaker(record, now);
          model.leave(left[1], what.outcome);
        }
        expect(core.breakerState(record, now).state).toBe(model.look());
      }
    }),
    { numRuns },
  );
});

test("the waits are Dapr's: half as long again each time, spread by half, up to an end", { timeout }, () => {
  const policy = fc.record({
    policy: fc.constantFrom("constant" as const, "exponential" as const),
    intervalMs: fc.integer({ min: 0, max: 100_000 }),
    maxRetries: fc.option(fc.nat(50), { nil: undefined }),
    longestMs: fc.constantFrom(0, 900_000),
  });
  const chance = fc.integer({ min: 0, max: 65_535 }).map((number) => number / 65_536);
  fc.assert(
    fc.property(
      policy,
      fc.integer({ min: 1, max: 60 }),
      fc.nat(1_000_000),
      chance,
      (given, n, elapsed, by) => {
        const { intervalMs, maxRetries = Number.POSITIVE_INFINITY, longestMs } = given;
        const mean = Math.min(Math.min(500, intervalMs) * 1.5 ** (n - 1), intervalMs);
        const wait = given.policy === "constant" ? intervalMs : mean * (0.5 + by);
        const late = longestMs > 0 && elapsed + wait > longestMs;
        const expected = n > maxRetries || late ? undefined : wait;
        const found = core.backOff(given, n, elapsed, by);
        if (expected === undefined || found === undefined) expect(found).toBe(expected);
        else expect(found).toBeCloseTo(expected, 6);
      },
    ),
    { numRuns: numRuns * 4 },
  );
});

/** One call: what each of its attempts does and how long that takes, and what happens before it. */
const call = fc.record({
  pause: fc.constantFrom(0, 0, 5, 60, 500),
  attempts: fc.array(fc.record({ works: fc.boolean(), takes: fc.constantFrom(0, 5, 30) }), {
    minLength: 8,
    maxLength: 8,
  }),
});

test("a policy attempts as often and as late as the model", { timeout: timeout * 2 }, async () => {
  const plan = fc.record({
    breaker: fc.option(settings, { nil: undefined }),
    retry: fc.option(fc.record({ maxRetries: fc.nat(5), intervalMs: fc.constantFrom(0, 7, 40) }), {
      nil: undefined,
    }),
    timeoutMs: fc.option(fc.constantFrom(4, 20), { nil: undefined }),
    calls: fc.array(call, { maxLength: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ breaker, retry, timeoutMs, calls }) => {
      const clock = new FakeClock(0);
      const platform = { clock, random: <T>(bytes: T) => bytes } as unknown as Platform;
      const every = {
        policy: "constant",
        longestMs: 0,
        httpStatusCodes: undefined,
        grpcStatusCodes: undefined,
      };
      const policy = new Policy({
        target: "app a",
        timeoutMs,
        retry: retry && ({ ...every, ...retry } as never),
        breaker: breaker && new Breaker({ ...breaker, trip: terms(breaker) }, undefined, { core, clock }),
        core,
        platform,
      });
      let now = 0;
      const model = breaker && new Model(breaker, () => now);
      for (const { pause, attempts } of calls) {
        await clock.advance(pause);
        now += pause;
        const begun: number[] = [];
        const result = policy
          .run({
            async attempt(signal, number) {
              begun.push(clock.now());
              const { works, takes } = attempts[number - 1] as (typeof attempts)[number];
              await new Promise<void>((resolve, reject) => {
                signal?.addEventListener("abort", () => reject(signal.reason));
                if (takes === 0) resolve();
                else clock.after(takes, resolve);
              });
              if (!works) throw new Error("it failed");
              return number;
            },
          })
          .then(
            (number) => `answer ${number}`,
            (error: Error) => (error instanceof PolicyError ? error.code : error.message),
          );

        const expected: number[] = [];
        let end = "";
        for (let number = 1; ; number++) {
          const entered = model?.enter();
          if (typeof entered === "string") {
            end = "UNAVAILABLE";
            break;
          }
          expected.push(now);
          const { works, takes } = attempts[number - 1] as (typeof attempts)[number];
          const late = timeoutMs !== undefined && takes > timeoutMs;
          now += late ? timeoutMs : takes;
          const ok = works && !late;
          if (entered !== undefined) model?.leave(entered, ok ? "success" : "failure");
          end = ok ? `answer ${number}` : late ? "DEADLINE_EXCEEDED" : "it failed";
          if (ok || retry === undefined || number > retry.maxRetries) break;
          now += retry.intervalMs;
        }
        await clock.advance(now - clock.now());
        expect([await result, begun]).toEqual([end, expected]);
      }
    }),
    { numRuns: Math.min(numRuns, 10_000) },
  );
});
