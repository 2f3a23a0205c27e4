import { beforeEach, describe, expect, it } from "vitest";
import { testContext } from "../../tests/conformance/test-context.ts";
import { FakeClock } from "../fake-clock.ts";
import type { Confinement, Guest } from "./confinement.ts";
import { GuestFault } from "./guest-fault.ts";
import { GuestPool } from "./guest-pool.ts";
import { defaultLimits } from "./manifest.ts";

const late = () => new GuestFault("deadline", "late");
let clock: FakeClock;
let ended: number[];
let pool: GuestPool;

beforeEach(() => {
  clock = new FakeClock();
  ended = [];
  let opened = 0;
  const confinement: Confinement = {
    async open(): Promise<Guest> {
      const number = opened++;
      return {
        start: async () => undefined,
        call: () => Promise.reject(new Error("nobody calls it here")),
        end: () => void ended.push(number),
      };
    },
    close: async () => undefined,
  };
  const limits = { ...defaultLimits, concurrency: 3, timeMs: 1000 };
  pool = new GuestPool(confinement, { schemas: [] }, limits, testContext("pool", clock).platform, () => {});
});

/** A call that goes on until it is let go of. */
function call() {
  let release: (value: string | Promise<never>) => void = () => {};
  let guest: Guest | undefined;
  const done = pool.with((given) => {
    guest = given;
    return new Promise<string>((resolve) => {
      release = resolve;
    });
  }, late);
  done.catch(() => undefined);
  return {
    done,
    guest: () => guest,
    end: () => release("done"),
    fail: () => release(Promise.reject(late())),
  };
}

const settled = () => clock.advance(0);

describe("a pool of instances", () => {
  it("has as many as there are calls at a time, up to its concurrency; who comes then waits for the first that is free", async () => {
    const calls = [call(), call(), call(), call()];
    await settled();
    expect(pool.size).toEqual({ instances: 3, busy: 3, started: 3 });
    expect(calls[3]?.guest()).toBeUndefined();
    calls[1]?.end();
    await settled();
    expect(calls[3]?.guest()).toBe(calls[1]?.guest());
    expect(pool.size).toEqual({ instances: 3, busy: 3, started: 3 });
  });

  it("makes none for calls that come one after the other", async () => {
    for (let i = 0; i < 5; i += 1) await pool.with(async () => undefined, late);
    expect(pool.size).toEqual({ instances: 1, busy: 0, started: 1 });
  });

  it("ends what idles for a minute, but for the last one", async () => {
    const calls = [call(), call(), call()];
    await settled();
    for (const one of calls) one.end();
    await settled();
    await clock.advance(59_000);
    expect(ended).toEqual([]);
    await clock.advance(2_000);
    expect([ended.length, pool.size.instances]).toEqual([2, 1]);
  });

  it("makes a fresh one in place of one that failed, or was late", async () => {
    const first = call();
    await settled();
    first.fail();
    await expect(first.done).rejects.toThrow("late");
    const second = call();
    await settled();
    expect(second.guest()).not.toBe(first.guest());
    await clock.advance(1000);
    await expect(second.done).rejects.toThrow("late");
    await pool.with(async () => undefined, late);
    expect([ended, pool.size.started]).toEqual([[0, 1], 3]);
  });

  it("keeps nobody waiting for ever", async () => {
    const calls = Array.from({ length: 3 }, () => pool.with(() => new Promise(() => undefined), late));
    for (const one of calls) one.catch(() => undefined);
    await settled();
    const waiting = Array.from({ length: 3_000 }, () => pool.with(async () => undefined, late));
    for (const one of waiting) one.catch(() => undefined);
    await expect(pool.with(async () => undefined, late)).rejects.toThrow("too many calls wait for it");
    pool.close();
    await expect(waiting[0]).rejects.toThrow("it is being closed");
  });
});
