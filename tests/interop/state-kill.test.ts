import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Daprd } from "../hosts/daprd.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { killed, lastingStores, startStore } from "./killed-sidecar.ts";
import { temporaryFolder } from "./launch.ts";

/** How often the sidecar is killed, and how many writes are answered between two; STATE_KILLS and STATE_WRITES ask for more. */
const kills = Number(process.env.STATE_KILLS ?? 3);
const between = Number(process.env.STATE_WRITES ?? 40);

describeWithRedis("writes, while their sidecar is killed", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ appendfsync: "always" });
  });
  afterAll(() => server?.stop());

  describe.each(lastingStores)("%s", (type) => {
    const { folder, remove } = temporaryFolder();
    let sidecar: Daprd;
    beforeAll(async () => {
      sidecar = await startStore(type, server, folder);
    });
    afterAll(async () => {
      await sidecar?.stop();
      remove();
    });

    const post = (path: string, body: unknown) =>
      sidecar.fetch(`/v1.0/state/store${path}`, { method: "POST", body: JSON.stringify(body) });
    const get = (key: string) => sidecar.fetch(`/v1.0/state/store/${key}`);

    /** What is stored, by key. */
    async function read(keys: readonly string[]): Promise<Map<string, unknown>> {
      const answer = await post("/bulk", { keys });
      return new Map((answer.json as { key: string; data?: unknown }[]).map(({ key, data }) => [key, data]));
    }

    it(`${kills} × ${between}: none that was answered is lost`, async () => {
      const { answered, asked } = await killed(
        sidecar,
        kills,
        between,
        async (number) => (await post("", [{ key: `w-${number}`, value: number }])).status,
      );
      const stored = await read(Array.from({ length: asked }, (_, number) => `w-${number}`));
      expect([...answered].filter((number) => stored.get(`w-${number}`) !== number)).toEqual([]);
    }, 120_000);

    // The book's transaction: T38.
    it("a transaction is there as a whole or not at all", async () => {
      const upsert = (key: string, value: unknown, more: object = {}) => ({
        operation: "upsert",
        request: { key, value, ...more },
      });
      const { answered, asked } = await killed(sidecar, kills, between, async (number) => {
        const stale = { etag: "99", options: { concurrency: "first-write" } };
        const refused = await post("/transaction", {
          operations: [upsert(`t2-${number}`, 1), upsert(`key-2-${number}`, 2, stale)],
        });
        expect([0, 500]).toContain(refused.status);
        const whole = await post("/transaction", {
          operations: [upsert(`a-${number}`, number), upsert("last", number), upsert(`b-${number}`, number)],
        });
        return whole.status;
      });
      const all = Array.from({ length: asked }, (_, number) => number);
      const names = ["t2", "key-2", "a", "b"];
      const stored = await read(names.flatMap((name) => all.map((number) => `${name}-${number}`)));
      const has = (name: string, number: number) => stored.get(`${name}-${number}`) !== undefined;
      expect(all.filter((number) => has("t2", number) || has("key-2", number))).toEqual([]);
      expect(all.filter((number) => has("a", number) !== has("b", number))).toEqual([]);
      expect([...answered].filter((number) => !has("a", number))).toEqual([]);
      const last = (await get("last")).json as number;
      expect(has("a", last)).toBe(true);
    }, 120_000);
  });
});
