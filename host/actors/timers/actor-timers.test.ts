import { describe, expect, it } from "vitest";
import { AppUnreachableError } from "../../channel/app-channel.ts";
import { FakeClock } from "../../fake-clock.ts";
import { noContent, text } from "../../http.ts";
import { type HostedActors, NotOwnedError } from "../hosted-actors.ts";
import { ActorTimers, type TimerSettings } from "./actor-timers.ts";

const settings = (given: Partial<TimerSettings>): TimerSettings => ({
  ...{ dueTime: "", period: "", ttl: "", callback: "", data: undefined },
  ...given,
});
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function start(answer: (call: string) => Promise<void> | number = () => 200) {
  const clock = new FakeClock();
  const began = clock.now();
  const calls: string[] = [];
  const bodies: string[] = [];
  const warnings: unknown[] = [];
  const hosted: HostedActors = {
    owns: () => true,
    active: () => true,
    call: async (type, id, method, body) => {
      const call = `${type}/${id}/${method}`;
      calls.push(`${(clock.now() - began) / 1000} ${call}`);
      bodies.push(new TextDecoder().decode(body));
      const status = await answer(call);
      return {
        ...text("", status ?? 200),
        headers: call.includes("cancel") ? ["x-daprremindercancel", "true"] : [],
      };
    },
  };
  const log = {
    debug() {},
    info() {},
    error() {},
    warn: (_: string, fields: unknown) => warnings.push(fields),
  };
  return { clock, calls, bodies, warnings, timers: new ActorTimers(hosted, { clock, log }) };
}

describe("timers of actors", () => {
  it("tick as the book's does: T49", async () => {
    const { clock, calls, bodies, timers } = start();
    const book = settings({
      data: json("someData"),
      dueTime: "1m",
      period: "20s",
      callback: "myEventHandler",
    });
    timers.register("stormtrooper", "50", "checkRebels", book);
    await clock.advance(105_000);
    expect(calls).toEqual([60, 80, 100].map((at) => `${at} stormtrooper/50/timer/checkRebels`));
    expect(bodies[0]).toBe('{"data":"someData","callback":"myEventHandler","dueTime":"1m","period":"20s"}');
    timers.forget("stormtrooper", "50");
    await clock.advance(600_000);
    expect(calls).toHaveLength(3);
    expect([timers.counts.size, clock.pending]).toEqual([0, 0]);
  });

  it("hand over what was given, and texts that are empty where nothing was", async () => {
    const { clock, bodies, calls, timers } = start();
    timers.register("T", "1", "a ||/%é", settings({}));
    timers.register("T", "1", "b", settings({ data: json(null) }));
    await clock.advance(0);
    expect(calls[0]).toBe("0 T/1/timer/a%20%7C%7C%2F%25%C3%A9");
    expect(bodies).toEqual([
      '{"callback":"","dueTime":"","period":""}',
      '{"data":null,"callback":"","dueTime":"","period":""}',
    ]);
    expect(timers.counts.size).toBe(0);
  });

  it.each([
    ["repetitions", { period: "R3/PT1S" }, [0, 1, 2]],
    ["a ttl", { period: "300ms", ttl: "1s" }, [0, 0.3, 0.6, 0.9]],
    ["a ttl at a tick", { period: "1s", ttl: "4s" }, [0, 1, 2, 3]],
    ["only a due time", { dueTime: "1m" }, [60]],
    ["a ttl that leaves no time", { dueTime: "1s", period: "1s", ttl: "0s" }, []],
  ])("end after %s", async (_, given, at) => {
    const { clock, calls, timers } = start();
    timers.register("T", "1", "n", settings(given));
    await clock.advance(100_000);
    expect(calls).toEqual(at.map((second) => `${second} T/1/timer/n`));
    expect(timers.counts.size).toBe(0);
  });

  it("are replaced by one of the same name, also while a callback is under way", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let first = true;
    const { clock, calls, timers } = start(() => {
      if (!first) return 200;
      first = false;
      return held;
    });
    timers.register("T", "1", "n", settings({ period: "1s" }));
    await clock.advance(500);
    timers.register("T", "1", "n", settings({ dueTime: "1m" }));
    release();
    await clock.advance(120_000);
    expect(calls).toEqual(["0 T/1/timer/n", "60.5 T/1/timer/n"]);
  });

  it("leave their name to the one that replaced them, whatever the app says of them", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { clock, calls, timers } = start(() => (calls.length === 1 ? held : 200));
    timers.register("T", "1", "cancel", settings({}));
    await clock.advance(500);
    timers.register("T", "1", "cancel", settings({ dueTime: "1m" }));
    release();
    await clock.advance(0);
    timers.delete("T", "1", "cancel");
    await clock.advance(120_000);
    expect(calls).toHaveLength(1);
  });

  it("go on after a failure, and tell of it without the payload", async () => {
    let answers = 0;
    const { clock, calls, warnings, timers } = start(() => {
      answers++;
      if (answers === 2) throw new AppUnreachableError("nobody there");
      return answers === 1 ? 500 : 200;
    });
    timers.register("T", "1", "n", settings({ period: "R3/PT1S", data: json("secret") }));
    await clock.advance(10_000);
    expect(calls).toHaveLength(3);
    expect(warnings).toEqual(
      ["the app answered 500", "nobody there"].map((cause) => ({
        ...{ actorType: "T", actorId: "1", timer: "n", cause },
      })),
    );
  });

  it("wait while owners change, and go on where the actor stays", async () => {
    let moving = true;
    const { clock, calls, warnings, timers } = start(() => {
      if (moving) throw new NotOwnedError("T", "1");
      return 200;
    });
    timers.register("T", "1", "n", settings({ period: "R2/PT5S" }));
    await clock.advance(2500);
    moving = false;
    await clock.advance(60_000);
    expect(calls.map((call) => call.split(" ")[0])).toEqual(["0", "1", "2", "3", "5"]);
    expect(warnings).toEqual([]);
  });

  it("end when the app says so, and where the actor stays with another owner", async () => {
    const { clock, calls, timers } = start((call) => {
      if (call.includes("moved")) throw new NotOwnedError("T", "1");
      return 200;
    });
    timers.register("T", "1", "cancel", settings({ period: "1s" }));
    timers.register("T", "1", "moved", settings({ period: "1s" }));
    await clock.advance(100_000);
    expect(calls.filter((call) => call.includes("cancel"))).toHaveLength(1);
    expect(calls.filter((call) => call.includes("moved"))).toHaveLength(31);
    expect([timers.counts.size, clock.pending]).toEqual([0, 0]);
  });

  it("keep their grid, and let what passed during a callback be one tick", async () => {
    const { clock, calls, timers } = start(async () => {
      if (calls.length === 1) await new Promise<void>((resolve) => clock.after(3500, resolve));
    });
    timers.register("T", "1", "n", settings({ period: "1s" }));
    await clock.advance(6000);
    expect(calls.map((call) => Number(call.split(" ")[0]))).toEqual([0, 3.5, 4, 5, 6]);
  });

  it("wait for years in parts, and refuse what is no schedule", async () => {
    const { clock, calls, timers } = start();
    timers.register("T", "1", "n", settings({ dueTime: "P1Y" }));
    await clock.advance(364 * 864e5);
    expect(calls).toEqual([]);
    await clock.advance(864e5);
    expect(calls).toHaveLength(1);
    expect(() => timers.register("T", "1", "n", settings({ period: "5" }))).toThrow(
      "unsupported duration format: 5",
    );
    expect(clock.pending).toBe(0);
  });

  it("are many: each in its time, with one timer of the clock", async () => {
    const { clock, calls, timers } = start();
    const count = 1000;
    const order: number[] = [];
    for (let i = 0; i < count; i++) {
      const dueMs = (i * 7919) % 10_007;
      order.push(dueMs);
      timers.register("T", String(i), "n", settings({ dueTime: `${dueMs}ms` }));
    }
    for (let i = 0; i < count; i += 3) timers.delete("T", String(i), "n");
    expect(clock.pending).toBe(1);
    await clock.advance(20_000);
    const expected = order.filter((_, i) => i % 3 !== 0).sort((a, b) => a - b);
    expect(calls.map((call) => Math.round(Number(call.split(" ")[0]) * 1000))).toEqual(expected);
  });
});

it("needs no timer for what was deleted", async () => {
  const { clock, timers } = start(() => noContent.status);
  timers.register("T", "1", "n", settings({ dueTime: "1h" }));
  timers.delete("T", "1", "n");
  timers.delete("T", "1", "other");
  expect(clock.pending).toBe(0);
});
