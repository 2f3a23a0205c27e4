import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PlacementTables } from "../../host/actors/placement/membership.ts";
import { Election } from "../../host/node/machine/election.ts";
import { MachineMembership } from "../../host/node/machine/machine-membership.ts";
import { nodePlatform } from "../../host/node/node-platform.ts";
import { consoleLog } from "../../host/web-platform.ts";

let folder: string;
const members: MachineMembership[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dl-"));
});
afterEach(async () => {
  await Promise.all(members.splice(0).map((member) => member.leave()));
  rmSync(folder, { recursive: true });
});

const platform = nodePlatform(consoleLog("error", "test"));

/** An instance that hosts `Cat`, and whose table the test can wait for. */
async function hosting(name: string) {
  const membership = new MachineMembership(folder, { name, appId: "app", namespace: "default" }, platform);
  members.push(membership);
  const tables: PlacementTables[] = [];
  const waiting: (() => void)[] = [];
  await membership.join(
    { name, appId: "app", namespace: "default", types: ["Cat"] },
    {
      lock: async () => undefined,
      update: async (given) => void tables.push(given),
      unlock: async () => {
        for (const wake of waiting.splice(0)) wake();
      },
      lost: async () => void tables.splice(0),
    },
  );
  const hosts = () => (tables.at(-1)?.types.get("Cat") ?? []).map((host) => host.name).sort();
  return {
    membership,
    hosts,
    tables,
    async until(expected: readonly string[]) {
      while (JSON.stringify(hosts()) !== JSON.stringify(expected)) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          setTimeout(resolve, 50);
        });
      }
    },
  };
}

describe("placement on one machine", () => {
  it("is settled at once by one alone, and by all with those who come", async () => {
    const a = await hosting("a");
    const began = performance.now();
    await a.until(["a"]);
    expect(performance.now() - began).toBeLessThan(2_000);
    const b = await hosting("b");
    const c = await hosting("c");
    for (const each of [a, b, c]) await each.until(["a", "b", "c"]);
    await b.membership.leave();
    for (const each of [a, c]) await each.until(["a", "c"]);
  });

  it("outlives the one that coordinated: the others go on, and have a greater term", async () => {
    const a = await hosting("a");
    const b = await hosting("b");
    const c = await hosting("c");
    for (const each of [a, b, c]) await each.until(["a", "b", "c"]);
    const term = b.tables.at(-1)?.term ?? 0;
    await a.membership.leave();
    expect([b.membership.valid, c.membership.valid]).toEqual([true, true]);
    for (const each of [b, c]) await each.until(["b", "c"]);
    expect(b.tables.at(-1)?.term).toBeGreaterThan(term);
    expect(b.tables.at(-1)?.term).toBe(c.tables.at(-1)?.term);
    // Nobody had to halt on the way: a loss would have begun its tables anew.
    expect(b.tables.length).toBeGreaterThan(1);
  }, 15_000);
});

describe("an election", () => {
  it("has one winner, whoever stands after the same one, and none who was held up", () => {
    const election = new Election(join(folder, "e"));
    const paths = ["x", "y", "z"].map((name) => election.candidate(name));
    for (const path of paths) writeFileSync(path, "");
    const [x, y, z] = paths as [string, string, string];
    expect([election.stand(x, undefined), election.stand(y, undefined)]).toEqual([1, undefined]);
    expect(election.stand(y, 1)).toBe(2);
    election.sweep(2);
    // One that still believes in the beginning finds its number free, and is not fooled.
    expect([election.stand(z, undefined), election.highest()]).toEqual([undefined, 2]);
    expect(election.term(5)).toBe(5);
    expect(election.term(1)).toBe(6);
  });

  it("knows when somebody was last allowed to work on", () => {
    const election = new Election(join(folder, "e"));
    election.candidate("x");
    expect(election.grantedAgo(1_000)).toBeUndefined();
    election.grant(1_000_000);
    expect(election.grantedAgo(1_002_500)).toBe(2_500);
    election.grant(1_002_500);
    expect(election.grantedAgo(1_002_500)).toBe(0);
  });
});
