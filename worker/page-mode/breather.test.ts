import { expect, it } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import { Breather } from "./breather.ts";

it("lets the page have its turn where calls follow on each other for long, and costs nothing else", async () => {
  const clock = new FakeClock();
  const breather = new Breather(clock);
  expect([breather.turn(), breather.turn()]).toEqual([undefined, undefined]);
  expect(clock.pending).toBe(1);
  // Busy for 20 ms: the clock goes on, and no timer runs.
  const now = clock.now();
  clock.now = () => now + 20;
  const turn = breather.turn();
  expect(turn).toBeInstanceOf(Promise);
  await clock.advance(0);
  await turn;
  expect(breather.turn()).toBeUndefined();
});
