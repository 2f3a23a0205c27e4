import { describe, expect, it } from "vitest";
import { FakeClock } from "../../fake-clock.ts";
import { webPlatform } from "../../web-platform.ts";
import type { ComponentContext } from "../component.ts";
import type { InputBinding } from "./binding.ts";
import { cronBinding } from "./cron.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const start = Date.UTC(2026, 0, 1);

function opened(schedule: string, clock = new FakeClock(start)) {
  const platform = { ...webPlatform(silent), clock };
  const context = { name: "tick", platform, log: silent } as unknown as ComponentContext;
  return cronBinding.open({ schedule } as never, context) as Promise<InputBinding>;
}

/** When it fired within `ms`, as times of day. */
async function firings(schedule: string, ms: number): Promise<readonly string[]> {
  const clock = new FakeClock(start);
  const binding = await opened(schedule, clock);
  const times: string[] = [];
  await binding.read(async () => {
    times.push(new Date(clock.now()).toISOString().slice(11, 19));
    return undefined;
  });
  await clock.advance(ms);
  await binding.close();
  expect(clock.pending).toBe(0);
  return times;
}

describe("bindings.cron", () => {
  it.each([
    ["*/20 * * * * *", 60_000, ["00:00:20", "00:00:40", "00:01:00"]],
    ["15 0/2 * * * *", 240_000, ["00:00:15", "00:02:15"]],
    ["30 1 * * *", 86_400_000, ["01:30:00"]],
    ["CRON_TZ=Asia/Tokyo 30 10 * * *", 86_400_000, ["01:30:00"]],
    ["@hourly", 2 * 3_600_000, ["01:00:00", "02:00:00"]],
    ["@every 1m30s", 300_000, ["00:01:30", "00:03:00", "00:04:30"]],
    ["@daily", 60_000, []],
  ])("%s", async (schedule, ms, times) => {
    // Cron expressions are of the machine's own time zone, as daprd's are.
    process.env.TZ = "UTC";
    expect(await firings(schedule, ms)).toEqual(times);
  });

  it.each(["", "@every", "@every x", "@every 0s", "* * *", "61 * * * * *", "never", "* * * * * * *"])(
    "refuses %j by its field",
    async (schedule) => {
      await expect(opened(schedule)).rejects.toThrow("component tick: metadata field schedule: ");
    },
  );

  it("fires once for all that fell due while the machine slept", async () => {
    class Sleeper extends FakeClock {
      slept = 0;
      override now() {
        return super.now() + this.slept;
      }
    }
    const clock = new Sleeper(start);
    const binding = await opened("@every 10s", clock);
    let count = 0;
    await binding.read(async () => void count++ as undefined);
    await clock.advance(10_000);
    clock.slept = 3_600_000;
    await clock.advance(9_000);
    expect(count).toBe(1);
    await clock.advance(1_000);
    expect(count).toBe(2);
    await clock.advance(10_000);
    expect(count).toBe(3);
    await binding.close();
  });

  it("hands over one event at a time, again until it is consumed, and none on top of it", async () => {
    const clock = new FakeClock(start);
    const binding = await opened("@every 1s", clock);
    let under = 0;
    const attempts: number[] = [];
    await binding.read(async () => {
      expect(++under).toBe(1);
      attempts.push(clock.now() - start);
      await new Promise((resolve) => void clock.after(100, () => resolve(undefined)));
      under--;
      if (attempts.length < 4) throw new Error("not now");
      return undefined;
    });
    await clock.advance(20_000);
    const closing = binding.close();
    await clock.advance(100);
    await closing;
    const pauses = attempts.slice(1, 4).map((at, i) => at - (attempts[i] as number));
    expect(pauses.every((pause, i) => pause >= 250 * 2 ** i + 100 && pause <= 500 * 2 ** i + 100)).toBe(true);
    const consumed = (attempts[3] as number) + 100;
    expect(attempts[4]).toBe((Math.floor(consumed / 1000) + 1) * 1000);
  });

  it("waits for the delivery under way when it closes, and then fires no more", async () => {
    const clock = new FakeClock(start);
    const binding = await opened("@every 1s", clock);
    let finish = () => {};
    let count = 0;
    await binding.read(async () => {
      count++;
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return undefined;
    });
    await clock.advance(1_000);
    let closed = false;
    const closing = binding.close().then(() => {
      closed = true;
    });
    await clock.advance(5_000);
    expect([count, closed]).toEqual([1, false]);
    finish();
    await closing;
    await clock.advance(5_000);
    expect(count).toBe(1);
  });
});
