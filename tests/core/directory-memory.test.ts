import { expect, test } from "vitest";
import { bindDirectory } from "../../host/core/directory.ts";
import { instantiate } from "../../host/core/exports.ts";
import { coreBytes, coreModule, encode, newCore } from "./core.ts";

const churns = Number(process.env.FUZZ_RUNS ?? 100_000);

const hashes = newCore();

/** A directory whose memory can be measured. */
function measured(module = coreModule) {
  const exports = instantiate(module);
  const directory = bindDirectory(exports);
  directory.type(0, 1000);
  directory.type(1, 1000);
  return { directory, bytes: () => exports.memory.buffer.byteLength };
}

/** The shipped binary with a memory that cannot be larger. */
function coreOf(mostPages: number): WebAssembly.Module {
  const head = 8;
  let at = head;
  while (coreBytes[at] !== 5) at += 2 + length(at + 1);
  // One memory, without a most: `05 03 01 00 least`.
  const least = coreBytes[at + 4] as number;
  expect([...coreBytes.subarray(at, at + 4)]).toEqual([5, 3, 1, 0]);
  const limited = [5, 5, 1, 1, least, (mostPages & 0x7f) | 0x80, mostPages >> 7];
  return new WebAssembly.Module(
    new Uint8Array([...coreBytes.subarray(0, at), ...limited, ...coreBytes.subarray(at + 5)]),
  );

  /** The length of a section, and of the bytes that say it beyond the first. */
  function length(from: number): number {
    let value = 0;
    for (let i = 0; ; i++) {
      const byte = coreBytes[from + i] as number;
      value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value + i;
    }
  }
}

/** Ids of 1 to 80 bytes, all different. */
const idOf = (i: number) => `${i}`.padEnd(1 + ((i * 31) % 80), "-");

test("100,000 actors take at most 80 bytes each beside their names", () => {
  const { directory, bytes } = measured();
  const before = bytes();
  const numbers: number[] = [];
  let names = 0;
  for (let i = 0; i < 100_000; i++) {
    const id = idOf(i);
    names += id.length;
    numbers.push(directory.activate(i & 1, id, i));
  }
  const each = (bytes() - before - names) / numbers.length;
  console.log(`${each.toFixed(1)} bytes an actor`);
  expect(each).toBeLessThanOrEqual(80);
  expect([directory.size, directory.count(0), new Set(numbers).size]).toEqual([100_000, 50_000, 100_000]);
  // Nobody is lost or taken for another, neither by growing nor where others are taken out.
  const found = (i: number) => directory.find(i & 1, idOf(i));
  for (const [i, number] of numbers.entries()) if (i % 3 === 0) directory.remove(number);
  const wrong = numbers.filter((number, i) => found(i) !== (i % 3 === 0 ? -1 : number));
  expect(wrong).toEqual([]);
  expect(numbers.filter((number, i) => i % 3 !== 0 && directory.id(number) !== idOf(i))).toEqual([]);
  expect(numbers.filter((_, i) => directory.find(1 - (i & 1), idOf(i)) !== -1)).toEqual([]);
});

test("memory does not grow while as many come as go, whatever their ids' lengths", () => {
  const { directory, bytes } = measured();
  const alive = 10_000;
  const numbers: number[] = [];
  const idOf = (i: number) => `${i}`.padEnd(60 + (i % 4) * 20, "-");
  for (let i = 0; i < alive; i++) numbers.push(directory.activate(0, idOf(i), i));
  // A page more for each length of names, and what is asked of the engine at once.
  const after = bytes() + 12 * 65536;
  for (let i = alive, chance = 7; i < churns; i++) {
    chance = (Math.imul(chance, 1_103_515_245) + 12_345) >>> 0;
    const place = (chance >>> 8) % alive;
    directory.remove(numbers[place] as number);
    numbers[place] = directory.activate(0, idOf(i), i);
  }
  expect(directory.size).toBe(alive);
  expect(bytes()).toBeLessThanOrEqual(after);
});

test("names of one length leave their room to those of another", () => {
  const { directory, bytes } = measured();
  const size = 20_000;
  const round = (length: number) => {
    for (let i = 0; i < size; i++) directory.activate(0, `${i}`.padEnd(length, "x"), 0);
    const grown = bytes();
    for (const actor of directory.idle(2000, 1e9)) directory.remove(actor);
    for (const actor of directory.idle(2000, 1e9)) directory.remove(actor);
    return [directory.size, grown];
  };
  const [, grown] = round(100);
  for (const length of [20, 60, 99, 90, 30]) expect(round(length)).toEqual([0, grown]);
});

test("calls that wait in their thousands begin in order, and leave no room behind", () => {
  const { directory, bytes } = measured();
  const actor = directory.activate(0, "hot", 0);
  const waiters = 20_000;
  const round = () => {
    const tickets = Array.from({ length: waiters }, (_, i) =>
      Number(directory.enter(actor, i % 2 === 0 ? `${i}` : undefined, 1)),
    );
    for (let i = 1; i < waiters; i += 3) directory.leave(tickets[i] as number, 0, () => expect.unreachable());
    const left = tickets.filter((_, i) => i % 3 !== 1);
    const begun = [left[0]];
    for (const ticket of left) directory.leave(ticket, 0, (next) => begun.push(next));
    expect(begun).toEqual(left);
    return bytes();
  };
  const grown = round();
  expect([round(), round()]).toEqual([grown, grown]);
});

test("where memory cannot grow, nobody is added and nobody is lost", () => {
  const { directory } = measured(coreOf(40));
  const all: number[] = [];
  expect(() => {
    for (let i = 0; ; i++) all.push(directory.activate(0, idOf(i), 0));
  }).toThrow(RangeError);
  expect(all.length).toBeGreaterThan(5000);
  expect([directory.size, directory.count(0)]).toEqual([all.length, all.length]);
  expect(all.filter((number, i) => directory.find(0, idOf(i)) !== number)).toEqual([]);
  const tickets: number[] = [];
  expect(() => {
    for (;;) tickets.push(Number(directory.enter(all[0] as number, undefined, 1)));
  }).toThrow(RangeError);
  expect(tickets.length).toBeGreaterThan(1000);
  expect(directory.waiting(all[0] as number)).toBe(tickets.length);
  const begun: number[] = [];
  for (const ticket of tickets) directory.leave(ticket, 0, (next) => begun.push(next));
  expect(begun).toEqual(tickets.slice(1));
  for (const number of all) directory.remove(number);
  for (const i of all.keys()) directory.activate(0, idOf(i), 0);
  expect(directory.size).toBe(all.length);
});

test("where only the index cannot grow, it is filled further, and divided once there is room", () => {
  const { directory } = measured(coreOf(100));
  // Records for as many as two segments hold, of whom those come again that belong into the first.
  for (let i = 0; i < 24_000; i++) directory.activate(0, `${i}`, 0);
  for (let left = 24_000; left > 0; left = directory.size) {
    for (const actor of directory.idle(1000, left)) directory.remove(actor);
  }
  const ids: string[] = [];
  for (let i = 0; ids.length < 17_000; i++) {
    const mixed = (hashes.xxhash64(encode(`${i}`)) ^ 1n) * 0x9e3779b97f4a7c15n;
    if ((mixed & (1n << 63n)) === 0n) ids.push(`${i}`);
  }
  const large: number[] = [];
  expect(() => {
    for (let i = 0; ; i++) large.push(directory.activate(1, `${i}`.padEnd(60_000, "x"), 0));
  }).toThrow(RangeError);
  // One page goes to a name twice, and then to the index.
  const refused: number[] = [];
  for (const [i, id] of ids.entries()) {
    try {
      directory.activate(0, id, 0);
    } catch {
      refused.push(i);
      directory.remove(large.pop() as number);
      directory.activate(0, id, 0);
    }
  }
  expect(refused.slice(0, 2)).toEqual([0, 8190]);
  expect(refused[2]).toBeGreaterThan(15_000);
  expect(refused[2]).toBeLessThan(16_000);
  expect([directory.count(0), directory.count(1)]).toEqual([ids.length, large.length]);
  expect(ids.filter((id) => directory.id(directory.find(0, id)) !== id)).toEqual([]);
});

test("a memory without room for an empty directory is told", () => {
  expect(() => measured(coreOf(6))).toThrow(RangeError);
});
