import { describe, expect, it } from "vitest";
import { HeldEvents } from "./held-events.ts";

const grant = (id: string, size = 100) => ({
  event: { id, data: new Uint8Array(size), contentType: undefined, metadata: new Map(), lane: undefined },
  before: 0,
});

describe("what a subscription holds", () => {
  it("is bounded in number", () => {
    const held = new HeldEvents(4, 2);
    const all = ["a", "b", "c", "d"].map((id) => held.add(grant(id)) ?? expect.fail(id));
    expect(held.add(grant("a"))).toBeUndefined();
    expect(held.room).toBe(0);
    // Those in back-off make room, but for a bounded number.
    expect(all.map((one) => held.start(one) && held.wait(one))).toEqual([true, true, false, false]);
    expect(held.room).toBe(2);
    held.drop("c");
    held.drop("c");
    expect(held.room).toBe(3);
    expect(held.counts("idle")).toEqual([
      ["a", 1],
      ["b", 1],
    ]);
    expect(held.counts("all")).toHaveLength(3);
  });

  it("is bounded in size, and one more is always fetched where nothing else is to be done", async () => {
    const held = new HeldEvents(50, 100);
    const large = 4 << 20;
    const fetched: string[] = [];
    for (let n = 0; n < 100 && held.room > 0; n++) {
      held.add(grant(String(n), large));
      fetched.push(String(n));
    }
    expect(fetched.length).toBeLessThanOrEqual(50);
    for (const id of fetched) held.drop(id);
    for (let n = 0; n < 40; n++) held.drop(String(held.add(grant(`more ${n}`, large))?.event.id));
    expect(held.room).toBe(4);
    const one = held.add(grant("huge", 64 << 20)) ?? expect.fail();
    expect(held.room).toBeLessThanOrEqual(0);
    let woken = false;
    void held.untilRoom().then(() => {
      woken = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(woken).toBe(false);
    expect(held.start(one) && held.wait(one)).toBe(false);
    held.drop("huge");
    expect(held.room).toBeGreaterThanOrEqual(1);
  });

  it("knows one that was lost and came again for another", () => {
    const held = new HeldEvents(4, 2);
    const lost = held.add(grant("a")) ?? expect.fail();
    held.drop("a");
    const again = held.add(grant("a")) ?? expect.fail();
    expect(held.start(lost)).toBe(false);
    expect(held.start(again)).toBe(true);
    expect(held.wait(lost)).toBe(false);
  });

  it("wakes who waits once it is half empty, or told to stop", async () => {
    const held = new HeldEvents(2, 2);
    held.add(grant("a"));
    held.add(grant("b"));
    let woken = false;
    const waiting = held.untilRoom().then(() => {
      woken = true;
    });
    await Promise.resolve();
    expect(woken).toBe(false);
    held.drop("a");
    await waiting;
    held.add(grant("c"));
    const stopped = held.untilRoom();
    held.stopWaiting();
    await stopped;
  });
});
