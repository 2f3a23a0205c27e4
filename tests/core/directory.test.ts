import { expect, test } from "vitest";
import { newCore } from "./core.ts";

const core = newCore();

const begins = () => expect.unreachable();

/** A directory of one type, whose actors are idle for a second. */
function newDirectory() {
  const directory = core.directory();
  directory.type(0, 1000);
  return directory;
}

test("an actor has one number while it is active", () => {
  const directory = newDirectory();
  directory.type(1, 1000);
  const a = directory.activate(0, "a", 0);
  expect(directory.activate(0, "a", 1)).toBe(a);
  const other = directory.activate(1, "a", 0);
  expect(other).not.toBe(a);
  expect([directory.find(0, "a"), directory.find(1, "a"), directory.find(0, "b")]).toEqual([a, other, -1]);
  expect([directory.id(a), directory.typeOf(other), directory.size, directory.count(0)]).toEqual([
    "a",
    1,
    2,
    1,
  ]);
  directory.remove(a);
  expect([directory.find(0, "a"), directory.find(1, "a"), directory.size]).toEqual([-1, other, 1]);
});

test("turns are first come, first served", () => {
  const directory = newDirectory();
  const actor = directory.activate(0, "a", 0);
  const enter = (chain?: string) => directory.enter(actor, chain, 2) as number;
  const [a, b, c, d] = [enter(), enter("x"), enter(), enter("x")];
  const begun: number[] = [];
  const begins = (ticket: number) => begun.push(ticket);
  expect([a, b, c, d].map((ticket) => directory.runs(ticket))).toEqual([true, false, false, false]);
  expect(directory.enter(actor, "x", 2)).toBe("too-deep");
  directory.leave(a, 5, begins);
  expect(begun).toEqual([b, d]);
  directory.leave(b, 5, begins);
  directory.leave(d, 5, begins);
  expect(begun).toEqual([b, d, c]);
  expect(directory.idle(9999, 9)).toEqual([]);
  directory.leave(c, 6, begins);
  expect([directory.nextIdle(), directory.idle(1005, 9), directory.idle(1006, 9)]).toEqual([
    1006,
    [],
    [actor],
  ]);
});

test("ids are any text of up to 64 KiB", () => {
  const directory = newDirectory();
  const longest = "é".repeat(32_768);
  const ids = ["", "a", "é", "\ufeffa", "a\0b", "💡", "a||b", "x".repeat(65_536), longest];
  const numbers = ids.map((id) => directory.activate(0, id, 0));
  expect(ids.map((id) => directory.find(0, id))).toEqual(numbers);
  expect(numbers.map((number) => directory.id(number))).toEqual(ids);
  const alone = directory.activate(0, "\ud800", 0);
  expect([directory.id(alone), directory.find(0, "\ufffd")]).toEqual(["\ufffd", alone]);
  for (const id of [`${longest}a`, "x".repeat(65_537), "💡".repeat(99_999)]) {
    expect(directory.find(0, id)).toBe(-1);
    expect(() => directory.activate(0, id, 0)).toThrow("longer than 64 KiB");
    expect(() => directory.enter(alone, id, 1)).toThrow("longer than 64 KiB");
  }
  expect([directory.size, directory.waiting(alone)]).toEqual([ids.length + 1, 0]);
});

test("what is not there is told, and changes nothing", () => {
  const directory = newDirectory();
  const actor = directory.activate(0, "a", 0);
  const ticket = Number(directory.enter(actor, undefined, 1));
  for (const number of [0, -1, actor + 1, 2048, 2 ** 31, Number.NaN]) {
    expect(() => directory.id(number)).toThrow(RangeError);
    expect(() => directory.typeOf(number)).toThrow(RangeError);
    expect(() => directory.waiting(number)).toThrow(RangeError);
    expect(() => directory.enter(number, "x", 1)).toThrow(RangeError);
    expect(() => directory.remove(number)).toThrow(RangeError);
  }
  for (const other of [0, -1, ticket + 1, ticket + 2 ** 21, 2 ** 31]) {
    expect(directory.runs(other)).toBe(false);
    expect(() => directory.leave(other, 0, begins)).toThrow("has ended already");
  }
  for (const type of [-1, 1, 1023, 1024]) {
    expect(() => directory.activate(type, "a", 0)).toThrow("not known");
    expect([directory.find(type, "a"), directory.count(type)]).toEqual([-1, 0]);
    directory.each(type, () => expect.unreachable());
  }
  for (const type of [-1, 1024]) expect(() => directory.type(type, 0)).toThrow("0 to 1023");
  for (const idleMs of [-1, Number.NaN]) expect(() => directory.type(0, idleMs)).toThrow("milliseconds");
  expect(() => directory.remove(actor)).toThrow("has calls");
  expect([directory.runs(ticket), directory.waiting(actor), directory.size]).toEqual([true, 1, 1]);
});

test("a call that ends while those after it are told is not told", () => {
  const directory = newDirectory();
  const actor = directory.activate(0, "a", 0);
  const enter = (chain?: string) => Number(directory.enter(actor, chain, 9));
  const [running, x1, x2, x3] = [enter(), enter("x"), enter("x"), enter("x")];
  const begun: number[] = [];
  directory.leave(running, 0, (ticket) => {
    begun.push(ticket);
    if (ticket === x1) directory.leave(x2 as number, 0, begins);
  });
  expect(begun).toEqual([x1, x3]);
});

test("depth is the calls of a chain at a time, whatever went before", () => {
  const directory = newDirectory();
  const actor = directory.activate(0, "a", 0);
  const enter = () => directory.enter(actor, "x", 32);
  const tickets = Array.from({ length: 32 }, () => Number(enter()));
  expect([enter(), enter(), directory.waiting(actor)]).toEqual(["too-deep", "too-deep", 32]);
  directory.leave(tickets.pop() as number, 0, begins);
  tickets.push(Number(enter()));
  for (const ticket of tickets) directory.leave(ticket, 7, begins);
  expect([directory.waiting(actor), directory.nextIdle()]).toEqual([0, 1007]);
  expect(directory.enter(actor, "x", Number.POSITIVE_INFINITY)).toBeGreaterThan(0);
});

test("a timeout may change, or be none", () => {
  const directory = newDirectory();
  const actor = directory.activate(0, "a", 5);
  directory.type(0, Number.POSITIVE_INFINITY);
  expect([directory.nextIdle(), directory.idle(1e15, 9)]).toEqual([undefined, []]);
  directory.type(0, 10);
  expect([directory.nextIdle(), directory.idle(14, 9), directory.idle(15, Number.POSITIVE_INFINITY)]).toEqual(
    [15, [], [actor]],
  );
});

test("directories share nothing", () => {
  const [one, other] = [newDirectory(), newDirectory()];
  const actor = one.activate(0, "a", 0);
  expect([other.size, other.find(0, "a")]).toEqual([0, -1]);
  other.activate(0, "b", 0);
  expect(one.id(actor)).toBe("a");
});
