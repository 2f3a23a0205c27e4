import { describe, expect, it } from "vitest";
import { Turnstile } from "./turnstile.ts";

describe("a turnstile", () => {
  it("lets so many through, the others in their order", async () => {
    const turnstile = new Turnstile(2);
    const order: number[] = [];
    expect([turnstile.enter(undefined), turnstile.enter(undefined)]).toEqual([undefined, undefined]);
    const waiting = [1, 2, 3].map((n) => turnstile.enter(undefined)?.then(() => order.push(n)));
    turnstile.leave();
    turnstile.leave();
    await Promise.all(waiting.slice(0, 2));
    expect(order).toEqual([1, 2]);
    turnstile.leave();
    await waiting[2];
    expect(order).toEqual([1, 2, 3]);
  });

  it("forgets who gives up", async () => {
    const turnstile = new Turnstile(1);
    turnstile.enter(undefined);
    const gone = new AbortController();
    const given = turnstile.enter(gone.signal);
    const next = turnstile.enter(undefined);
    gone.abort(new Error("gone"));
    await expect(given).rejects.toThrow("gone");
    turnstile.leave();
    await next;
    await expect(turnstile.enter(AbortSignal.abort(new Error("late")))).rejects.toThrow("late");
  });

  it("takes no more in than it may hold, and is open again once some have passed", async () => {
    const turnstile = new Turnstile(1, { most: 2, full: () => new Error("full") });
    turnstile.enter(undefined);
    const waiting = [turnstile.enter(undefined), turnstile.enter(undefined)];
    const refused = turnstile.enter(undefined);
    await expect(refused).rejects.toThrow("full");
    turnstile.leave();
    await waiting[0];
    const last = turnstile.enter(undefined);
    turnstile.leave();
    turnstile.leave();
    await Promise.all([waiting[1], last]);
  });
});
