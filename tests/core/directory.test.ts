import { expect, test } from "vitest";
import { newCore } from "./core.ts";

const core = newCore();

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
