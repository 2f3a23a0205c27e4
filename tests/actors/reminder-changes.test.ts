import { expect, it } from "vitest";
import { type Instance, ReminderFleet, settings } from "./reminder-fleet.ts";

/** `REMINDERS`, `ACTORS`, `ROUNDS` and `SEED` ask for more, or for the run that failed. */
const asked = (name: string, fallback: number) => Number(process.env[name] ?? fallback);
const reminders = asked("REMINDERS", 150);
const actors = asked("ACTORS", 15);
const rounds = asked("ROUNDS", 12);
const seed = asked("SEED", 2);

/** Longest time between a tick and its being written down. Milliseconds. */
const callMs = 300;
const commitMs = 100;

/** The same chances for the same seed. */
function chances(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

it(`no reminder is lost and none fires twice in a period, whoever is killed or loses its actors (seed ${seed})`, async () => {
  const fleet = await ReminderFleet.start();
  const { clock } = fleet;
  const chance = chances(seed);
  const pause = (ms: number) => new Promise<void>((resolve) => clock.after(ms, () => resolve()));
  fleet.respond = async () => {
    await pause(chance(callMs));
    return undefined;
  };

  /** Who owns which actors: a number of each actor's, modulo how many live. */
  let owners: readonly Instance[] = [];
  const killedAt = new Map<string, number>();
  let started = 0;
  const owner = (id: string) => owners[Number(id) % owners.length];
  const start = (): Instance => {
    const instance = fleet.instance(`i${started++}`, Math.max(100, actors));
    instance.owns = (_, id) => owner(id) === instance;
    instance.reminders.start(["T"]);
    return instance;
  };
  const change = async (next: readonly Instance[]) => {
    const before = owners.filter(({ killed }) => !killed);
    const drained = before.map(({ reminders }) => reminders.pause("T"));
    await clock.advance(callMs + commitMs);
    await Promise.all(drained);
    owners = next;
    for (const { reminders } of new Set([...before, ...next])) reminders.changed();
  };

  owners = [start(), start()];
  const registered = Array.from({ length: reminders }, (_, i) => ({
    id: String(i % actors),
    name: `n${i}`,
    dueMs: chance(20_000),
    periodMs: 10_000 + chance(20_000),
  }));
  const began = clock.now();
  for (const { id, name, dueMs, periodMs } of registered) {
    await owner(id)?.reminders.register(
      "T",
      id,
      name,
      settings({ dueTime: `${dueMs}ms`, period: `${periodMs}ms` }),
    );
  }
  const slow = (instance: Instance) => {
    instance.onCommit = () => pause(chance(commitMs));
    return instance;
  };
  owners.forEach(slow);

  for (let round = 0; round < rounds; round++) {
    await clock.advance(chance(7000));
    const kind = chance(3);
    if (kind === 0) {
      const victim = owners[chance(owners.length)] as Instance;
      victim.killed = true;
      killedAt.set(victim.name, clock.now() - began);
      await change([...owners.filter((other) => other !== victim), slow(start())]);
    } else if (kind === 1) await change([...owners, slow(start())].slice(-3));
    else await change(owners.length > 1 ? owners.slice(1) : [...owners, slow(start())]);
  }
  await clock.advance(10_000);

  const end = clock.now() - began - 10_000;
  const times = new Map<string, { readonly at: number; readonly by: string }[]>();
  for (const { method, at, by } of fleet.fired) {
    const name = method.slice("remind/".length);
    const calls = times.get(name) ?? [];
    calls.push({ at: Math.round(at * 1000), by });
    times.set(name, calls);
  }
  const wrong: string[] = [];
  let repeated = 0;
  for (const { name, dueMs, periodMs } of registered) {
    const inPeriod = new Map<number, number>();
    let killed = 0;
    for (const { at, by } of times.get(name) ?? []) {
      const diedAt = killedAt.get(by);
      if (diedAt !== undefined && diedAt <= at + callMs + commitMs) killed++;
      const period = Math.floor((at - dueMs) / periodMs);
      inPeriod.set(period, (inPeriod.get(period) ?? 0) + 1);
    }
    for (let period = 0; dueMs + period * periodMs < end; period++) {
      if (!inPeriod.has(period)) wrong.push(`${name} was lost in period ${period}`);
    }
    const more = [...inPeriod.values()].reduce((sum, count) => sum + count - 1, 0);
    if (more > killed) wrong.push(`${name} was repeated ${more} times, and killed ${killed} times`);
    repeated += more;
  }
  expect(wrong).toEqual([]);
  expect(killedAt.size).toBeGreaterThan(0);
  // Else nothing was killed while it was under way, and the run shows little.
  expect(repeated).toBeGreaterThan(0);
}, 600_000);
