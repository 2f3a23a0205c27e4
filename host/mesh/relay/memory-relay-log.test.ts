import { describe, expect, it } from "vitest";
import { MemorySockets } from "../../../tests/mesh/memory-sockets.ts";
import { delivery, encoder, text } from "../../../tests/mesh/relay-room.ts";
import { FakeClock } from "../../fake-clock.ts";
import { ByteBudget, MemoryRelayLog } from "./memory-relay-log.ts";

describe("what the relay keeps", () => {
  it("is refused above the bound while a consumer has not had it, and all of it arrives", async () => {
    const clock = new FakeClock();
    const sockets = new MemorySockets(clock);
    const platform = sockets.platform();
    const log = new MemoryRelayLog(platform, { maxWaiting: 5 });
    const got: string[] = [];
    const subscriber = {
      options: delivery,
      deliver: async (event: { data: Uint8Array }) => void got.push(text(event.data)),
    };
    const first = await log.subscribe("t", "c", subscriber);
    await first.leave();
    const publish = (n: number) =>
      log.publish("t", `k${n}`, { type: undefined, metadata: [], data: encoder.encode(String(n)) });
    for (let n = 0; n < 5; n++) await publish(n);
    await expect(publish(5)).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    await log.subscribe("t", "c", subscriber);
    await clock.advance(10);
    expect(got).toEqual(["0", "1", "2", "3", "4"]);
    await publish(5);
    await clock.advance(10);
    expect(got.at(-1)).toBe("5");
  });

  it("forgets a consumer that stays away for a day, and then takes events again", async () => {
    const clock = new FakeClock();
    const platform = new MemorySockets(clock).platform();
    const log = new MemoryRelayLog(platform, { maxWaiting: 1 });
    const subscription = await log.subscribe("t", "c", { options: delivery, deliver: async () => undefined });
    await subscription.leave();
    const publish = (n: number) =>
      log.publish("t", `k${n}`, { type: undefined, metadata: [], data: new Uint8Array(1) });
    await publish(1);
    await expect(publish(2)).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    await clock.advance(24 * 3600_000);
    await publish(2);
  });

  it("stays within the memory of the relay: what nobody waits for goes first, and what is waited for is refused", async () => {
    const clock = new FakeClock();
    const platform = new MemorySockets(clock).platform();
    const budget = new ByteBudget(10_000);
    const [one, two] = [new MemoryRelayLog(platform, { budget }), new MemoryRelayLog(platform, { budget })];
    const publish = (log: MemoryRelayLog, topic: string, n: number) =>
      log.publish(topic, `${topic}${n}`, { type: undefined, metadata: [], data: new Uint8Array(744) });
    for (let n = 0; n < 50; n++) await publish(one, "nobody", n);
    let consumed = 0;
    const subscriber = { options: delivery, deliver: async () => void consumed++ };
    const subscription = await two.subscribe("t", "c", subscriber);
    await subscription.leave();
    let kept = 0;
    const fill = async () => {
      for (let n = 0; n < 50; n++, kept++) await publish(two, "t", n);
    };
    await expect(fill()).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    expect(kept).toBeGreaterThan(0);
    await two.subscribe("t", "c", subscriber);
    await clock.advance(10);
    expect(consumed).toBe(kept);
    // All is given back: as much fits again.
    await one.close();
    await publish(two, "t", 100);
    await two.close();
    expect(budget.exceeded).toBe(false);
    for (let n = 0; n < 9; n++) await publish(one, "nobody", 1000 + n);
    expect(budget.exceeded).toBe(false);
  });

  it("counts names too, so that nobody fills the memory with topics and keys", async () => {
    const platform = new MemorySockets(new FakeClock()).platform();
    const budget = new ByteBudget(10_000);
    const log = new MemoryRelayLog(platform, { budget, maxHistory: 0 });
    const fill = async () => {
      for (let n = 0; n < 1_000; n++) {
        await log.publish(`t${n}`, `k${n}`, { type: undefined, metadata: [], data: new Uint8Array(0) });
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    await log.close();
    expect(budget.exceeded).toBe(false);
    await log.publish("t", "k", { type: undefined, metadata: [], data: new Uint8Array(0) });
  });

  it("is bounded for those who never came, the oldest going first", async () => {
    const clock = new FakeClock();
    const platform = new MemorySockets(clock).platform();
    const log = new MemoryRelayLog(platform, { maxHistory: 3 });
    for (let n = 0; n < 10; n++) {
      await log.publish("t", `k${n}`, { type: undefined, metadata: [], data: encoder.encode(String(n)) });
    }
    const got: string[] = [];
    await log.subscribe("t", "c", {
      options: delivery,
      deliver: async ({ data }) => void got.push(text(data)),
    });
    await clock.advance(10);
    expect(got).toEqual(["7", "8", "9"]);
  });
});
