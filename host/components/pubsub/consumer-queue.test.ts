import { describe, expect, it } from "vitest";
import { FakeClock } from "../../fake-clock.ts";
import type { Platform } from "../../platform.ts";
import { webPlatform } from "../../web-platform.ts";
import { backOffMs } from "./back-off.ts";
import { ConsumerQueue } from "./consumer-queue.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const options = { concurrency: 2, backOff: { initialMs: 1_000, maxMs: 8_000 } };

function setting(byte = 128) {
  const clock = new FakeClock();
  const platform: Platform = {
    ...webPlatform(silent),
    clock,
    random: (bytes) => bytes.fill(byte) as typeof bytes,
  };
  return { clock, platform, queue: new ConsumerQueue<number>() };
}

describe("ConsumerQueue", () => {
  it("prefers the subscription with the least under way", async () => {
    const { clock, platform, queue } = setting();
    let busy = 0;
    queue.join(
      () => {
        busy++;
        return new Promise(() => undefined);
      },
      { ...options, concurrency: 4 },
      platform,
    );
    queue.push(1);
    queue.push(2);
    await clock.advance(0);
    expect(busy).toBe(2);
    let free = 0;
    queue.join(
      async () => {
        free++;
      },
      { ...options, concurrency: 4 },
      platform,
    );
    for (let i = 0; i < 10; i++) {
      queue.push(i);
      await clock.advance(0);
    }
    expect([busy, free]).toEqual([2, 10]);
  });

  it("never calls a handler from within push", () => {
    const { platform, queue } = setting();
    let called = false;
    queue.join(
      async () => {
        called = true;
      },
      options,
      platform,
    );
    queue.push(1);
    expect(called).toBe(false);
  });

  it("waits longer after each failure, up to the longest, half of it jitter", async () => {
    const { clock, platform, queue } = setting(0);
    const at: number[] = [];
    const start = clock.now();
    queue.join(
      async () => {
        at.push(clock.now() - start);
        throw new Error("no");
      },
      options,
      platform,
    );
    queue.push(1);
    await clock.advance(14_000);
    // Without jitter half the wait is left: 500, 1000, 2000, 4000, 4000 ms.
    expect(at).toEqual([0, 500, 1_500, 3_500, 7_500, 11_500]);
    const high = setting(255).platform;
    expect(backOffMs(options.backOff, 1, high)).toBeGreaterThan(990);
    expect(backOffMs(options.backOff, 1, high)).toBeLessThanOrEqual(1_000);
    expect(backOffMs(options.backOff, 10_000, high)).toBeLessThanOrEqual(8_000);
  });

  it("hands out what is due again before what came later", async () => {
    const { clock, platform, queue } = setting();
    const got: string[] = [];
    let open = () => {};
    queue.join(
      async (event, attempt) => {
        got.push(`${event}.${attempt}`);
        if (event === 1 && attempt === 1) throw new Error("once");
        if (event === 2) await new Promise<void>((resolve) => (open = resolve));
      },
      { ...options, concurrency: 1 },
      platform,
    );
    for (const event of [1, 2, 3]) queue.push(event);
    await clock.advance(5_000);
    open();
    await clock.advance(0);
    expect(got).toEqual(["1.1", "2.1", "1.2", "3.1"]);
  });

  it("holds up the later events of a lane whose first one fails, and no others", async () => {
    const { clock, platform, queue } = setting();
    const got: string[] = [];
    let failures = 3;
    queue.join(
      async (event, attempt) => {
        if (event === 1 && failures-- > 0) throw new Error("not yet");
        got.push(`${event}.${attempt}`);
      },
      options,
      platform,
    );
    queue.push(1, "x");
    queue.push(2, "x");
    queue.push(3, "y");
    queue.push(4);
    await clock.advance(100);
    expect(got).toEqual(["3.1", "4.1"]);
    await clock.advance(60_000);
    expect(got).toEqual(["3.1", "4.1", "1.4", "2.1"]);
    expect(queue.size).toBe(0);
  });

  it("takes a handler that throws at once for one that rejects", async () => {
    const { clock, platform, queue } = setting();
    let calls = 0;
    queue.join(
      () => {
        calls++;
        if (calls === 1) throw new Error("at once");
        return Promise.resolve();
      },
      options,
      platform,
    );
    queue.push(1);
    await clock.advance(5_000);
    expect([calls, queue.size]).toEqual([2, 0]);
  });

  it("gives what a leaving subscription failed to those that stay, without a wait", async () => {
    const { clock, platform, queue } = setting();
    let fail = () => {};
    const leaving = queue.join(
      () =>
        new Promise((_, reject) => {
          fail = () => reject(new Error("gone"));
        }),
      options,
      platform,
    );
    queue.push(1);
    await clock.advance(0);
    const got: number[] = [];
    queue.join(async (_, attempt) => void got.push(attempt), options, platform);
    const left = leaving.leave();
    fail();
    await left;
    await clock.advance(0);
    expect(got).toEqual([2]);
  });

  it("hands out a backlog of 20,000 in order, with failures among them", async () => {
    const { clock, platform, queue } = setting();
    const got: number[] = [];
    for (let i = 0; i < 20_000; i++) queue.push(i);
    queue.join(
      async (event, attempt) => {
        if (event % 1_000 === 0 && attempt === 1) throw new Error("once");
        got.push(event);
      },
      options,
      platform,
    );
    await clock.advance(10_000);
    expect(got).toHaveLength(20_000);
    expect(new Set(got).size).toBe(20_000);
    const firsts = got.filter((event) => event % 1_000 !== 0);
    expect(firsts.every((event, i) => i === 0 || event > (firsts[i - 1] as number))).toBe(true);
    expect(queue.size).toBe(0);
  });

  it("keeps the order of arrival when all that a subscription had comes back together", async () => {
    const { clock, platform, queue } = setting();
    const failures: (() => void)[] = [];
    const leaving = queue.join(
      () => new Promise((_, reject) => failures.push(() => reject(new Error("gone")))),
      { ...options, concurrency: 3 },
      platform,
    );
    for (let i = 0; i < 6; i++) queue.push(i);
    await clock.advance(0);
    const left = leaving.leave();
    for (const i of [1, 0, 2]) failures[i]?.();
    await left;
    const seen: number[] = [];
    queue.join(
      async (event) => {
        seen.push(event);
      },
      { ...options, concurrency: 1 },
      platform,
    );
    await clock.advance(0);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("keeps each lane with one subscription while that is there, spreads them, and moves no more than it must", async () => {
    const { clock, platform } = setting();
    const queue = new ConsumerQueue<string>();
    const lanes = Array.from({ length: 40 }, (_, i) => `customer-${i}`);
    const seen = new Map<string, Map<number, string[]>>();
    const join = (member: number) =>
      queue.join(
        async (event) => {
          const [lane = "", n = ""] = event.split(" ");
          const of = seen.get(lane) ?? new Map<number, string[]>();
          seen.set(lane, of.set(member, [...(of.get(member) ?? []), n]));
          await new Promise<void>((resolve) => clock.after(1 + (event.length % 7), resolve));
        },
        options,
        platform,
      );
    const push = async (from: number, to: number) => {
      for (let n = from; n < to; n++) for (const lane of lanes) queue.push(`${lane} ${n}`, lane);
      for (let waited = 0; queue.size > 0 && waited < 10_000; waited++) await clock.advance(1);
      expect(queue.size).toBe(0);
    };
    const members = [join(0), join(1), join(2)];
    await push(0, 5);
    const owners = new Map(lanes.map((lane) => [lane, [...(seen.get(lane) ?? []).keys()]]));
    for (const lane of lanes) {
      expect(owners.get(lane)).toHaveLength(1);
      expect([...(seen.get(lane) ?? []).values()]).toEqual([["0", "1", "2", "3", "4"]]);
    }
    const shares = [0, 1, 2].map((member) => lanes.filter((lane) => owners.get(lane)?.[0] === member).length);
    expect(Math.min(...shares)).toBeGreaterThan(5);
    await members[1]?.leave();
    seen.clear();
    await push(5, 8);
    for (const lane of lanes) {
      const [before] = owners.get(lane) ?? [];
      const [now, ...others] = [...(seen.get(lane) ?? []).keys()];
      expect(others).toEqual([]);
      if (before !== 1) expect(now).toBe(before);
      expect([...(seen.get(lane) ?? []).values()].flat()).toEqual(["5", "6", "7"]);
    }
  });

  it("hands what a subscription was to take of its lanes to others when it leaves or one joins", async () => {
    const { clock, platform } = setting();
    const queue = new ConsumerQueue<string>();
    const stuck = queue.join(() => new Promise(() => undefined), { ...options, concurrency: 1 }, platform);
    for (const lane of "abcdefgh") queue.push(lane, lane);
    await clock.advance(0);
    const got: string[] = [];
    queue.join(async (event) => void got.push(event), options, platform);
    await clock.advance(10);
    expect(got.length).toBeGreaterThan(0);
    expect(got.length).toBeLessThan(8);
    void stuck.leave();
    await clock.advance(10);
    expect(got.length).toBe(7);
    expect(new Set(got).size).toBe(7);
  });
});
