import { beforeAll, describe, expect, it } from "vitest";
import { compileEngine } from "./compile-engine.ts";
import { FakeFolder, type Intrusion, Killed } from "./fake-folder.ts";
import { COMMITTED, cheapRandom, DOUBTFUL, REMOVED, StoreInstance } from "./store-instance.ts";

/** Random histories: few in a test run, as many as you like by hand. */
const HISTORIES = Number(process.env.STATE_HISTORIES ?? 12);
const FIRST = Number(process.env.STATE_SEED ?? 1);

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileEngine("assembly/gateway/store/testing.ts");
}, 60_000);

describe("a store in a folder", () => {
  it("keeps what was committed, for other instances too", () => {
    const folder = new FakeFolder();
    const one = new StoreInstance(module, folder);
    expect(one.commit([{ key: "a", value: "1" }])).toBe(COMMITTED);
    expect(new StoreInstance(module, folder, cheapRandom(2)).get("a")?.value).toBe("1");
    expect(one.get("b")).toBeUndefined();
  });

  it("reads a log to its end, however little its host hands out at once", () => {
    const folder = new FakeFolder();
    const one = new StoreInstance(module, folder);
    for (let i = 0; i < 150; i++) one.commit([{ key: `k${i}`, value: "x".repeat(1000) }]);
    const fresh = new StoreInstance(module, folder, cheapRandom(2));
    expect(fresh.get("k149")?.value).toHaveLength(1000);
    expect(fresh.commit([{ key: "k149", value: "y", expected: fresh.get("k149")?.version }])).toBe(COMMITTED);
    expect(one.get("k149")?.value).toBe("y");
  });

  it("lets one of those win who read the same version", () => {
    const folder = new FakeFolder();
    const [one, two] = [new StoreInstance(module, folder), new StoreInstance(module, folder, cheapRandom(2))];
    one.commit([{ key: "a", value: "1" }]);
    const version = two.get("a")?.version;
    expect(one.commit([{ key: "a", value: "2", expected: version }])).toBe(COMMITTED);
    expect(two.commit([{ key: "a", value: "3", expected: version }])).toBe(0);
    expect(two.get("a")?.value).toBe("2");
    expect(two.commit([{ key: "a", value: "x", expected: 0n }])).toBe(0);
    expect(two.commit([{ key: "new", value: "x", expected: 0n }])).toBe(COMMITTED);
  });

  it("does all of a batch or nothing, and each operation sees those before it", () => {
    const one = new StoreInstance(module);
    expect(
      one.commit([
        { key: "a", value: "1" },
        { key: "b", value: "1", expected: 7n },
      ]),
    ).toBe(1);
    expect(one.get("a")).toBeUndefined();
    expect(one.commit([{ key: "a", value: "1" }, { key: "a" }, { key: "a", value: "2", expected: 0n }])).toBe(
      COMMITTED,
    );
    expect(one.get("a")?.value).toBe("2");
  });

  it("forgets what is past its time, and takes it for absent", () => {
    const folder = new FakeFolder();
    const one = new StoreInstance(module, folder);
    one.commit([{ key: "a", value: "1", expires: folder.now + 5 }]);
    expect(one.get("a")?.value).toBe("1");
    folder.now += 5;
    expect(one.get("a")).toBeUndefined();
    expect(one.commit([{ key: "a", value: "2", expected: 0n }])).toBe(COMMITTED);
  });

  it("folds its log into runs, keeps versions, and drops what was deleted", () => {
    const folder = new FakeFolder();
    const one = new StoreInstance(module, folder);
    for (let i = 0; i < 300; i++) one.commit([{ key: `k${i}`, value: `v${i}` }]);
    one.commit([{ key: "k7" }]);
    const before = one.get("k8");
    expect(one.fold()).toBe(0);
    expect(one.epoch).toBe(1);
    expect(one.get("k8")).toEqual(before);
    expect(one.get("k7")).toBeUndefined();
    expect(one.commit([{ key: "k8", value: "w", expected: before?.version }])).toBe(COMMITTED);
    expect(one.commit([{ key: "k8", value: "w", expected: before?.version }])).toBe(0);
    one.commit([{ key: "k9" }]);
    expect(one.fold()).toBe(0);
    expect(one.get("k9")).toBeUndefined();
    const fresh = new StoreInstance(module, folder, cheapRandom(5));
    for (let i = 0; i < 300; i++) {
      expect(fresh.get(`k${i}`)?.value).toBe(i === 7 || i === 9 ? undefined : i === 8 ? "w" : `v${i}`);
    }
  });

  it("stays small on the disk, however often the same is written", () => {
    const folder = new FakeFolder();
    const one = new StoreInstance(module, folder);
    const value = "x".repeat(10_000);
    for (let i = 0; i < 400; i++) expect(one.commit([{ key: `k${i % 10}`, value }])).toBe(COMMITTED);
    let bytes = 0;
    for (const file of new Set(folder.files.values())) bytes += file.bytes.length;
    expect(one.epoch).toBeGreaterThan(5);
    expect(bytes).toBeLessThan(1_500_000);
    expect(folder.files.size).toBeLessThan(12);
  });

  it("is not confused by what a killed writer left, nor by a value that looks like a record", () => {
    const folder = new FakeFolder();
    const one = new StoreInstance(module, folder);
    one.commit([{ key: "a", value: "1" }]);
    const log = folder.files.get("log") as { bytes: Uint8Array };
    const record = log.bytes.slice(40);
    for (const cut of [1, 7, 16, 39, 60]) {
      const dying = new StoreInstance(module, folder, cheapRandom(cut), {
        before() {},
        cut: () => cut,
      });
      expect(() => dying.commit([{ key: "a", value: `lost ${cut}` }])).toThrow(Killed);
      expect(
        one.commit([{ key: `b${cut}`, value: String.fromCharCode(...record.map((b) => b & 127)) }]),
      ).toBe(COMMITTED);
      expect(new StoreInstance(module, folder, cheapRandom(9)).get("a")?.value).toBe("1");
      expect(one.get("a")?.value).toBe("1");
    }
  });

  it("keeps values that are longer than one write, and takes their files away once they are folded", () => {
    const folder = new FakeFolder();
    const one = new StoreInstance(module, folder);
    const value = "y".repeat(500_000);
    for (let i = 0; i < 3; i++) expect(one.commit([{ key: "large", value: value + i }])).toBe(COMMITTED);
    const version = one.get("large")?.version;
    expect(one.commit([{ key: "large", value, expected: 1n }])).toBe(0);
    const fresh = new StoreInstance(module, folder, cheapRandom(2));
    expect(fresh.get("large")).toEqual({ value: `${value}2`, version });
    expect([one.fold(), one.fold()]).toEqual([0, 0]);
    expect(fresh.get("large")).toEqual({ value: `${value}2`, version });
    expect(
      [...new Set(folder.files.values())].reduce((sum, { bytes }) => sum + bytes.length, 0),
    ).toBeLessThan(1_200_000);
  });

  it("refuses what would be written to files that were taken away", () => {
    const folder = new FakeFolder();
    const one = new StoreInstance(module, folder);
    expect(one.commit([{ key: "a", value: "1" }])).toBe(COMMITTED);
    folder.files.clear();
    expect(one.commit([{ key: "a", value: "2" }])).toBe(REMOVED);
    expect(one.commit([{ key: "a", value: "3" }])).toBe(COMMITTED);
    expect(new StoreInstance(module, folder, cheapRandom(2)).get("a")?.value).toBe("3");
  });

  it("survives a log whose successor nobody named", () => {
    const folder = new FakeFolder();
    const one = new StoreInstance(module, folder);
    one.commit([{ key: "a", value: "1" }]);
    let renames = 0;
    const dying = new StoreInstance(module, folder, cheapRandom(3), {
      before(call) {
        if (call === "rename" && renames++ === 0) throw new Killed();
      },
      cut: () => undefined,
    });
    expect(() => dying.fold()).toThrow(Killed);
    expect(one.get("a")?.value).toBe("1");
    expect(one.epoch).toBe(1);
    expect(one.commit([{ key: "a", value: "2" }])).toBe(COMMITTED);
    expect(new StoreInstance(module, folder, cheapRandom(4)).get("a")?.value).toBe("2");
  });

  it(`holds for ${HISTORIES} histories of instances that interrupt each other and are killed`, () => {
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
 * Counters, each raised by a compare-and-set, and pairs of accounts between which transactions move money. Every call of
 * the host may be interrupted by whole operations of other instances, or be the last of its instance.
 */
function history(seed: number): void {
  const random = cheapRandom(seed);
  const chance = (n: number) => Number(BigInt.asUintN(32, random() >> 13n)) % n === 0;
  const pick = (n: number) => Number(BigInt.asUintN(32, random() >> 17n) % BigInt(n));
  const folder = new FakeFolder();
  const instances: (StoreInstance | undefined)[] = [];
  let depth = 0;
  const sure = new Map<string, number>();
  const unsure = new Map<string, number>();
  const add = (to: Map<string, number>, key: string) => to.set(key, (to.get(key) ?? 0) + 1);
  const busy = new Set<number>();

  const intrusion: Intrusion = {
    before() {
      if (depth < 3 && chance(12)) step();
      if (chance(150)) throw new Killed();
    },
    cut: (length) => (chance(60) ? pick(length + 1) : undefined),
  };
  const create = () => new StoreInstance(module, folder, random, intrusion);

  function step(): void {
    const who = pick(4);
    if (busy.has(who)) return;
    busy.add(who);
    depth++;
    const key = `count ${pick(5)}`;
    const kind = pick(8);
    let writing = false;
    try {
      instances[who] ??= create();
      const store = instances[who];
      if (kind === 0) store.fold();
      else if (kind < 4) {
        const [from, to] = [`account ${pick(3)}`, `account ${3 + pick(3)}`];
        const [a, b] = [store.get(from), store.get(to)];
        store.commit([
          { key: from, value: `${Number(a?.value ?? 0) - 1}`, expected: a?.version ?? 0n },
          { key: to, value: `${Number(b?.value ?? 0) + 1}`, expected: b?.version ?? 0n },
        ]);
      } else {
        const item = store.get(key);
        writing = true;
        // Some of them longer than one write can be.
        const value = `${Number(item?.value ?? 0) + 1}`.padEnd(chance(12) ? 70_000 : 1);
        const outcome = store.commit([{ key, value, expected: item?.version ?? 0n }]);
        writing = false;
        if (outcome === COMMITTED) add(sure, key);
        else if (outcome === DOUBTFUL) add(unsure, key);
        else if (outcome < COMMITTED) throw new Error(`fault ${outcome}`);
      }
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      instances[who] = undefined;
      if (writing) add(unsure, key);
    } finally {
      busy.delete(who);
      depth--;
    }
  }

  for (let i = 0; i < 120; i++) step();
  const last = new StoreInstance(module, folder, random);
  let money = 0;
  for (let i = 0; i < 6; i++) money += Number(last.get(`account ${i}`)?.value ?? 0);
  expect(money).toBe(0);
  for (let i = 0; i < 5; i++) {
    const key = `count ${i}`;
    const value = Number(last.get(key)?.value ?? 0);
    expect(value).toBeGreaterThanOrEqual(sure.get(key) ?? 0);
    expect(value).toBeLessThanOrEqual((sure.get(key) ?? 0) + (unsure.get(key) ?? 0));
  }
}
