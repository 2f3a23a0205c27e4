import { beforeAll, describe, expect, it } from "vitest";
import { compileEngine } from "./compile-engine.ts";
import { FakeFolder, type Intrusion, Killed } from "./fake-folder.ts";
import {
  COMMITTED,
  GONE,
  HELD,
  QueueInstance,
  REFUSED,
  RESTS,
  TOO_LARGE,
  TOO_MANY,
  WAITING,
} from "./queue-instance.ts";
import { cheapRandom, DOUBTFUL } from "./store-instance.ts";

/** Random histories: few in a test run, as many as you like by hand. */
const HISTORIES = Number(process.env.SPOOL_HISTORIES ?? 6);
const FIRST = Number(process.env.SPOOL_SEED ?? 1);

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileEngine("assembly/gateway/spool/testing.ts");
}, 60_000);

/** Delivers all that waits. */
function drained(queue: QueueInstance): readonly string[] {
  const found: string[] = [];
  expect(queue.claim(true)).toBe(0);
  for (let event = queue.look(); event !== undefined; event = queue.look()) {
    found.push(event);
    expect(queue.settle(GONE)).toBe(0);
  }
  queue.leave();
  return found;
}

describe("events in a folder", () => {
  const make = (folder: FakeFolder, seed = 1) => new QueueInstance(module, folder, cheapRandom(seed));

  it("come out in the order in which they were put, by whomever, and across folds", () => {
    const folder = new FakeFolder();
    const [one, two] = [make(folder), make(folder, 2)];
    const events = Array.from({ length: 40 }, (_, i) => `event ${i}`.padEnd(i % 7 === 0 ? 70_000 : 1));
    events.forEach((event, i) => {
      expect((i % 2 ? one : two).put(event)).toBe(COMMITTED);
      if (i % 9 === 0) expect(one.fold()).toBe(0);
    });
    expect(two.depth()).toBe(40);
    expect(drained(make(folder, 3))).toEqual(events);
    expect([one.depth(), one.look()]).toEqual([0, undefined]);
    expect(one.put("last")).toBe(COMMITTED);
    expect(drained(two)).toEqual(["last"]);
  });

  it("are bounded by number and by bytes, of all instances together", () => {
    const folder = new FakeFolder();
    const [one, two] = [make(folder), make(folder, 2)];
    for (const each of [one, two]) Object.assign(each, { mostEvents: 3, mostBytes: 100 });
    expect([one.put("a"), two.put("b"), one.put("c"), two.put("d")]).toEqual([
      COMMITTED,
      COMMITTED,
      COMMITTED,
      TOO_MANY,
    ]);
    expect(one.fold()).toBe(0);
    expect(make(folder, 3).put("x".repeat(98))).toBe(COMMITTED);
    expect(drained(two)).toHaveLength(4);
    expect([one.put("x".repeat(100)), one.put("x"), drained(two).length, one.put("x")]).toEqual([
      COMMITTED,
      TOO_LARGE,
      1,
      COMMITTED,
    ]);
  });

  it("are one instance's to deliver, until its time is over", () => {
    const folder = new FakeFolder();
    const [one, two] = [make(folder), make(folder, 2)];
    one.put("a");
    expect([one.claim(), two.claim(), two.claim(true)]).toEqual([0, HELD, HELD]);
    expect([one.look(), two.look()]).toEqual(["a", "a"]);
    folder.now += 21_000;
    expect(two.claim()).toBe(0);
    expect(one.settle(GONE)).toBe(HELD);
    expect([two.look(), two.settle(GONE), two.depth()]).toEqual(["a", 0, 0]);
    two.leave(true);
    expect([one.claim(), one.claim(true), two.claim(true)]).toEqual([RESTS, 0, HELD]);
    one.leave(true);
    folder.now += 1001;
    expect(two.claim()).toBe(0);
  });

  it("are put aside, taken again, and discarded", () => {
    const folder = new FakeFolder();
    const one = make(folder);
    one.mostEvents = 3;
    for (const event of ["a", "b", "c"]) one.put(event);
    one.claim();
    expect([one.look(), one.settle(REFUSED), one.look(), one.settle(GONE)]).toEqual(["a", 0, "b", 0]);
    expect([one.depth(), one.depth(REFUSED), one.look(REFUSED)]).toEqual([1, 1, "a"]);
    expect([one.put("d"), one.put("e")]).toEqual([COMMITTED, TOO_MANY]);
    expect([one.look(REFUSED), one.settle(WAITING, REFUSED), one.depth(REFUSED)]).toEqual(["a", 0, 0]);
    one.leave();
    expect(drained(make(folder, 2))).toEqual(["c", "d", "a"]);
    expect([one.put("e"), one.put("f"), one.put("g")]).toEqual([COMMITTED, COMMITTED, COMMITTED]);
  });

  it("give the disk back what they took, once they are gone", () => {
    const folder = new FakeFolder();
    const one = make(folder);
    const size = () => [...new Set(folder.files.values())].reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (let i = 0; i < 40; i++) one.put(`${i}`.padEnd(50_000));
    one.compact(2_000_000);
    expect(size()).toBeGreaterThan(2_000_000);
    expect(drained(one)).toHaveLength(40);
    expect(size()).toBeGreaterThan(1_500_000);
    one.compact(0);
    expect(size()).toBeLessThan(10_000);
    expect([one.put("a"), drained(make(folder, 2))]).toEqual([COMMITTED, ["a"]]);
  });

  it("are refused where the disk is full, without harm to those that are there", () => {
    const folder = new FakeFolder();
    const one = make(folder);
    expect(one.put("a".repeat(500))).toBe(COMMITTED);
    for (const room of [0, 10, 200, 70_000]) {
      folder.room = room;
      expect(one.put("b".repeat(room === 70_000 ? 100_000 : 500))).toBeLessThan(COMMITTED);
      expect([one.depth(), make(folder, 2).depth()]).toEqual([1, 1]);
    }
    // To note what was delivered takes room as well: without, it is delivered again.
    folder.room = 0;
    expect(one.claim()).toBeLessThan(0);
    folder.room = 100_000;
    expect(one.put("c")).toBe(COMMITTED);
    expect(drained(make(folder, 3))).toEqual(["a".repeat(500), "c"]);
  });

  it(`are none lost, and in order, in ${HISTORIES} histories of instances that interrupt each other and are killed`, () => {
    for (let seed = FIRST; seed < FIRST + HISTORIES; seed++) {
      try {
        history(seed);
      } catch (error) {
        throw new Error(`history ${seed}: ${error}`, { cause: error });
      }
    }
  }, 600_000);
});

/**
 * Events of one order, each put and delivered by one of four instances. Every call of the host may be interrupted by whole
 * steps of other instances, or be the last of its instance; and time passes, so that what somebody holds ends.
 */
function history(seed: number): void {
  const random = cheapRandom(seed);
  const pick = (n: number) => Number(BigInt.asUintN(32, random() >> 17n) % BigInt(n));
  const chance = (n: number) => pick(n) === 0;
  const folder = new FakeFolder();
  const instances: (QueueInstance | undefined)[] = [];
  const busy = new Set<number>();
  let depth = 0;
  /** When an event was begun to be put, and when that was acknowledged: a step of a clock that never stands. */
  const begun = new Map<string, number>();
  const acknowledged = new Map<string, number>();
  const delivered = new Map<string, number>();
  let ticks = 0;
  let deliveries = 0;
  let breaks = 0;

  const intrusion: Intrusion = {
    before() {
      if (depth < 3 && chance(12)) step();
      if (chance(180)) throw new Killed();
    },
    cut: (length) => (chance(70) ? pick(length + 1) : undefined),
  };

  function deliver(event: string): void {
    deliveries++;
    if (!delivered.has(event)) delivered.set(event, ++ticks);
  }

  function step(): void {
    const who = pick(4);
    if (busy.has(who)) return;
    busy.add(who);
    depth++;
    try {
      instances[who] ??= new QueueInstance(module, folder, random, intrusion);
      const queue = instances[who];
      const kind = pick(10);
      if (kind === 0) queue.fold();
      else if (kind === 9 && chance(2)) queue.compact(0);
      else if (kind === 1) folder.now += pick(25_000);
      else if (kind < 6) {
        const event = `${begun.size}`.padEnd(chance(12) ? 70_000 : 1);
        begun.set(event, ++ticks);
        const outcome = queue.put(event);
        if (outcome === COMMITTED) acknowledged.set(event, ++ticks);
        else if (outcome !== DOUBTFUL) throw new Error(`fault ${outcome}`);
      } else if (queue.claim(chance(2)) === 0) {
        for (let i = pick(4); i >= 0; i--) {
          const event = queue.look();
          if (event === undefined) break;
          deliver(event);
          if (depth < 3 && chance(4)) step();
          if (queue.settle(GONE) !== 0) {
            breaks++;
            return;
          }
        }
        queue.leave(chance(2));
      }
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      breaks++;
      instances[who] = undefined;
    } finally {
      busy.delete(who);
      depth--;
    }
  }

  for (let i = 0; i < 150; i++) step();
  folder.now += 30_000;
  const last = new QueueInstance(module, folder, random);
  for (const event of drained(last)) deliver(event);
  const order = [...delivered.keys()];
  for (const [event, when] of acknowledged) {
    const at = delivered.get(event);
    expect(at, `${event.trimEnd()} is lost`).toBeDefined();
    // Nothing that was begun after it was acknowledged came before it.
    for (const other of order) {
      if ((begun.get(other) as number) > when) expect(delivered.get(other)).toBeGreaterThan(at as number);
    }
  }
  expect(deliveries - delivered.size).toBeLessThanOrEqual(breaks);
  last.mostEvents = 1;
  expect(last.put("counted right")).toBe(COMMITTED);
}
