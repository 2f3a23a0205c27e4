/**
 * Random histories of instances that host counters: they come, leave, die, stand still, lose their network, while others
 * call and remind. FUZZ_RUNS says how many; a failure prints the seed that repeats it.
 */
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import type { Core } from "../../host/core/core.ts";
import { nodeCore } from "../../host/node/core-module.ts";
import { ActorWorld, type Instance } from "./actor-world.ts";
import { type Faults, noFaults, World } from "./placement-world.ts";

const numRuns = Number(process.env.FUZZ_RUNS ?? 60);
/** Longer than a lease, a take-over, a phase and the calls that wait for them. */
const settleMs = 90_000;
const counters = 6;

const deeds = [
  "call",
  "remind",
  "start",
  "leave",
  "kill",
  "freeze",
  "sleep",
  "cut",
  "silence",
  "restart",
  "pause",
] as const;
const weights: readonly number[] = [14, 2, 3, 1, 1, 2, 1, 1, 1, 1, 2];

interface Deed {
  readonly deed: (typeof deeds)[number];
  readonly who: number;
  readonly how: number;
  readonly waitMs: number;
}

const deed: fc.Arbitrary<Deed> = fc.record({
  deed: fc.oneof(...deeds.map((each, i) => ({ weight: weights[i] as number, arbitrary: fc.constant(each) }))),
  who: fc.nat(20),
  how: fc.nat(11),
  waitMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 50, max: 3_000 })),
});
const faults: fc.Arbitrary<Faults> = fc.record({
  dropped: fc.nat(10),
  doubled: fc.nat(10),
  delayMs: fc.nat(300),
});
const history = fc.record({
  seed: fc.integer(),
  faults,
  deeds: fc.array(deed, { minLength: 10, maxLength: 60 }),
});

/** Histories that failed once. */
const kept: { seed: number; faults: Faults; deeds: Deed[] }[] = [];

let core: Core;
beforeAll(async () => {
  core = await nodeCore();
});

let calls = 0;

function act(town: ActorWorld, { deed: what, who, how }: Deed): void {
  const { alive, world } = town;
  const one = alive[who % alive.length] ?? town.start();
  const call = ++calls;
  switch (what) {
    case "call":
      void one.call(String(how % counters), `call-${call}`);
      return;
    case "remind":
      void one.remind(String(how % counters), `reminder-${call}`, `${how}s`);
      return;
    case "start":
      if (alive.length < 5) town.start();
      return;
    case "leave":
      if (alive.length > 1) void one.leave();
      return;
    case "kill":
      if (alive.length > 1) one.kill();
      return;
    case "freeze":
    case "sleep":
      one.process.freeze(how * 1_000, what === "sleep");
      return;
    case "pause": {
      // Whoever has the turn stands still in it, until another one has had one.
      const id = String(how % counters);
      void one.call(id, `call-${call}`);
      world.after(how * 10, undefined, () => town.working(id)?.process.freeze(9_000, false));
      world.after(8_000, undefined, () => void town.alive.at(-1)?.call(id, `call-${call}-after`));
      return;
    }
    case "cut":
      one.cut();
      return;
    case "silence":
      one.network = "silent";
      world.after(how * 1_000, undefined, () => {
        one.network = "up";
      });
      return;
    case "restart":
      town.coordinators.kill();
      world.after(how * 500, undefined, () => town.coordinators.start());
  }
}

async function play({ seed, faults: befall, deeds: all }: (typeof kept)[number]): Promise<void> {
  const world = new World(seed);
  const town = await ActorWorld.open(world, core);
  town.start();
  town.start();
  await world.run(3_000);
  world.faults = befall;
  for (const each of all) {
    act(town, each);
    await world.run(each.waitMs);
  }
  world.faults = noFaults;
  if (town.coordinators.service === undefined) town.coordinators.start();
  for (const { process } of town.alive) process.resume(false);
  await world.run(settleMs);
  if (town.alive.length === 0) {
    town.start();
    await world.run(settleMs);
  }
  const broken = [...town.fired].filter(([, times]) => times < 0).map(([what]) => what);
  expect(broken).toEqual([]);
  // Who died with a call in hand answers nobody; all others have been answered.
  const last = town.alive[0] as Instance;
  const before = town.done.calls.size;
  void last.call("0", "the last call");
  await world.run(20_000);
  expect(town.done.calls.size).toBe(before + 1);
  for (let id = 0; id < counters; id++) {
    const counted = await town.kept(String(id));
    expect(new Set(counted).size).toBe(counted.length);
    const acknowledged = [...town.done.calls].filter(([, at]) => at === String(id)).map(([call]) => call);
    expect(acknowledged.filter((call) => !counted.includes(call))).toEqual([]);
  }
  const missed = [...town.done.reminders.keys()].filter((name) => !town.fired.has(name));
  expect(missed).toEqual([]);
  for (const instance of town.alive) instance.kill();
}

it.each(kept)("a history that failed once", (each) => play(each), 60_000);

it("no write is lost, no call counts twice, every reminder fires, whatever happens to whom", async () => {
  await fc.assert(fc.asyncProperty(history, play), { numRuns });
}, 300_000);
