import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DifferenceId, expectedOn } from "../api/differences.ts";
import { daprd } from "../hosts/daprd.ts";
import { describeWithRedis } from "../redis-server.ts";
import { OnOneRedis, type Side } from "./on-one-redis.ts";

if (daprd.missing !== undefined) console.warn(`a Redis shared with daprd is not tested: ${daprd.missing}`);

const first = { concurrency: "first-write" };
const sides = ["daprd", "daprlet"] as const;

describeWithRedis("a Redis shared with daprd", () => {
  describe.skipIf(daprd.missing !== undefined)("under one app id", () => {
    let both: OnOneRedis;
    beforeAll(async () => {
      both = await OnOneRedis.start();
    });
    afterAll(() => both?.stop());

    it("the same calls leave the same hashes, field by field", async () => {
      const left = async (side: Side) => {
        const [plain, mortal, created] = [`plain-${side}`, `mortal-${side}`, `created-${side}`];
        const seen: unknown[] = [];
        const look = async (key: string) =>
          seen.push([await both.fields(key), await both.server.client.ttl(`both||${key}`)]);
        await both.save(side, { key: plain, value: { a: "\u00e9" } });
        await look(plain);
        const { etag } = await both.get(side, plain);
        await both.save(side, { key: plain, value: [1], etag, options: first });
        await look(plain);
        await both.save(side, { key: mortal, value: "text", metadata: { ttlInSeconds: "100" } });
        await look(mortal);
        await both.save(side, { key: created, value: 1, options: first });
        const { version, ...rest } = await both.fields(created);
        expect(Number(version)).toBeGreaterThan(0);
        return [...seen, rest, etag];
      };
      const theirs = await left("daprd");
      expect(theirs[0]).toEqual([{ data: '{"a":"\u00e9"}', version: "1" }, -1]);
      expect(await left("daprlet")).toEqual(theirs);
    });

    it.each([
      ["daprd", "daprlet"],
      ["daprlet", "daprd"],
    ] as const)("what %s writes, %s reads, guards, deletes and expires", async (writer, reader) => {
      const key = `from-${writer}`;
      expect(await both.save(writer, { key, value: { a: ["\u00e9", 2] } })).toBe(204);
      const [there, here] = [await both.get(writer, key), await both.get(reader, key)];
      expect(here).toEqual(there);
      expect([here.status, here.text]).toEqual([200, '{"a":["\u00e9",2]}']);
      expect(await both.save(reader, { key, value: 2, etag: here.etag })).toBe(204);
      expect(await both.save(writer, { key, value: 3, etag: here.etag })).toBe(409);
      expect(await both.erase(writer, key, here.etag)).toBe(409);
      expect((await both.get(writer, key)).text).toBe("2");
      expect(await both.erase(reader, key, (await both.get(writer, key)).etag)).toBe(204);
      expect((await both.get(writer, key)).status).toBe(204);
      const mortal = { key: `mortal-from-${writer}`, value: 1, metadata: { ttlInSeconds: "2" } };
      expect(await both.save(writer, mortal)).toBe(204);
      const { expires } = await both.get("daprlet", mortal.key);
      expect(Math.abs(Date.parse(expires ?? "") - Date.now() - 2000)).toBeLessThan(2000);
      await expect
        .poll(async () => (await both.get(reader, mortal.key)).status, { timeout: 15_000 })
        .toBe(204);
      expect(await both.save(reader, { ...mortal, value: 2, options: first })).toBe(204);
    });

    it.each([
      ["daprd", "daprlet"],
      ["daprlet", "daprd"],
    ] as const)("what %s writes in a transaction, %s reads in bulk", async (writer, reader) => {
      const [a, b] = [`tx-a-${writer}`, `tx-b-${writer}`];
      expect(await both.transact(writer, { key: a, value: { n: 1 } }, { key: b, value: "two" })).toBe(204);
      const found = JSON.parse((await both.ask(reader, "/bulk", "POST", { keys: [a, b] })).text);
      expect((found as { key: string }[]).sort((x, y) => (x.key < y.key ? -1 : 1))).toEqual([
        { key: a, data: { n: 1 }, etag: expect.any(String) },
        { key: b, data: "two", etag: expect.any(String) },
      ]);
    });

    it.each(["first writes", "writes with one ETag"])("of 100 parallel %s one wins", async (kind) => {
      const key = kind.replaceAll(" ", "-");
      let guard: object = { options: first };
      if (kind !== "first writes") {
        await both.save("daprd", { key, value: "before" });
        guard = { etag: (await both.get("daprlet", key)).etag };
      }
      const statuses = await Promise.all(
        Array.from({ length: 100 }, (_, i) => both.save(sides[i % 2] as Side, { key, value: i, ...guard })),
      );
      expect(statuses.filter((status) => status === 204)).toHaveLength(1);
      const winner = String(statuses.indexOf(204));
      expect([(await both.get("daprd", key)).text, (await both.get("daprlet", key)).text]).toEqual([
        winner,
        winner,
      ]);
    });

    describe.each(sides)("differs where differences.ts says so: %s", (side) => {
      const differs = (id: DifferenceId, run: (key: string) => Promise<unknown>) =>
        it(id, async () => {
          expect(await run(`${id}-${side}`)).toBe(expectedOn(side, id));
        });
      const save = (...items: unknown[]) => both.save(side, ...items);

      differs("state.redis.missing-etag", (key) => save({ key, value: 1, etag: "5" }));
      differs("state.redis.last-write-etag", async (key) => {
        await save({ key, value: 1 });
        return await save({ key, value: 2, etag: "99", options: { concurrency: "last-write" } });
      });
      differs("state.redis.first-write-existing", async (key) => {
        await save({ key, value: 1 });
        return await save({ key, value: 2, options: first });
      });
      differs("state.redis.first-write-mark", async (key) => {
        await save({ key, value: 1, options: first });
        return await save({ key, value: 2 });
      });
      differs("state.redis.transaction", async (key) => {
        await save({ key, value: 1 });
        const other = `${key}-other`;
        expect(await both.transact(side, { key: other, value: 1 }, { key, value: 2, etag: "99" })).toBe(500);
        return (await both.get(side, other)).status === 204 ? "nothing" : "what comes before the failure";
      });
      differs("state.redis.ttl-stays", async (key) => {
        await save({ key, value: 1, metadata: { ttlInSeconds: "100" } });
        await save({ key, value: 2 });
        return (await both.server.client.ttl(`both||${key}`)) > 0 ? "it still expires" : "it stays";
      });
      differs("state.redis.expiry-told", async (key) => {
        await save({ key, value: 1, metadata: { ttlInSeconds: "100" } });
        return (await both.get(side, key)).expires === undefined ? "absent" : "told";
      });
      differs("state.redis.version-again", async (key) => {
        await save({ key, value: 1 });
        const before = (await both.get(side, key)).etag;
        await both.erase(side, key);
        await save({ key, value: 1 });
        return (await both.get(side, key)).etag === before ? "the same" : "another";
      });
    });
  });
});
