import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { Permits } from "./permits.ts";

describe("permits", () => {
  let clock: FakeClock;
  let published: string[];
  let permits: Permits;
  beforeEach(() => {
    clock = new FakeClock();
    published = [];
    permits = new Permits({
      clock,
      uuid: () => `${published.length + 1}`,
      leaseMs: 1_000,
      publish: async (ticket) => void published.push(ticket),
    });
  });

  it("are as many as there are places, but no more than the topic should hold", async () => {
    await permits.refill(3);
    await permits.refill(3);
    expect(published).toHaveLength(3);
    await permits.refill(1_000);
    expect(published).toHaveLength(32);
  });

  it("are made up for once they are taken, and not while they come back", async () => {
    await permits.refill(2);
    permits.taken("1");
    permits.returned("1");
    await permits.refill(2);
    expect(published).toHaveLength(2);
    permits.taken("1");
    permits.spent("2");
    await permits.refill(2);
    expect(published).toHaveLength(4);
  });

  it("that nobody issued, or that are spent, do not come back", async () => {
    await permits.refill(1);
    permits.taken("1");
    permits.spent("1");
    for (const ticket of ["1", "made-up", "another"]) permits.returned(ticket);
    await permits.refill(1);
    expect(published).toHaveLength(2);
  });

  it("that do not move are thought lost, ever more rarely", async () => {
    const publishedBy = async (seconds: number) => {
      for (let i = 0; i < seconds; i++) {
        await clock.advance(1_000);
        await permits.refill(1);
      }
      return published.length;
    };
    await permits.refill(1);
    expect(await publishedBy(2)).toBe(1);
    expect(await publishedBy(1)).toBe(2);
    expect(await publishedBy(30)).toBe(4);
  });
});
