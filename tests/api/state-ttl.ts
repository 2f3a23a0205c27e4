import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { isEmpty, isError } from "./answers.ts";
import { stateCalls } from "./state-calls.ts";

/** Items of several stores, whose time is waited for together. */
export function stateExpiry(on: Subject, stores: readonly string[]): void {
  const { get, save } = stateCalls(on);

  test("an expired item is gone", async () => {
    const key = on.key();
    const found = async () => await Promise.all(stores.map(async (store) => (await get(store, key)).status));
    const item = { key, value: 1, metadata: { ttlInSeconds: "2" } };
    await Promise.all(stores.map((store) => save(store, item)));
    expect(await found()).toEqual(stores.map(() => 200));
    await expect.poll(found, { timeout: 8000 }).toEqual(stores.map(() => 204));
  });
}

/** Times to live in one store. */
export function stateTtl(on: Subject, store: string): void {
  const { get, save } = stateCalls(on);

  describe("TTL", () => {
    test("tells when an item expires", async () => {
      const key = on.key();
      isEmpty(await save(store, { key, value: 1, metadata: { ttlInSeconds: "100" } }));
      const expires = Date.parse((await get(store, key)).header("metadata.ttlexpiretime") ?? "");
      expect(expires - Date.now()).toBeGreaterThan(95_000);
      expect(expires - Date.now()).toBeLessThan(105_000);
    });

    test("the query's metadata override the item's", async () => {
      const key = on.key();
      const items = [{ key, value: 1, metadata: { ttlInSeconds: "10" } }];
      isEmpty(await on.post(`/v1.0/state/${store}?metadata.ttlInSeconds=1000`, items));
      const expires = Date.parse((await get(store, key)).header("metadata.ttlexpiretime") ?? "");
      expect(expires - Date.now()).toBeGreaterThan(900_000);
    });

    test("of a metadata field given twice, the first counts", async () => {
      const key = on.key();
      const query = "?metadata.ttlInSeconds=100&metadata.ttlInSeconds=5000";
      isEmpty(await on.post(`/v1.0/state/${store}${query}`, [{ key, value: 1 }]));
      const expires = Date.parse((await get(store, key)).header("metadata.ttlexpiretime") ?? "");
      expect(expires - Date.now()).toBeLessThan(105_000);
    });

    test("a negative one other than -1", async () => {
      const answer = await save(store, { key: on.key(), value: 1, metadata: { ttlInSeconds: "-5" } });
      if (store === "memory" && on.expected("state.negative-ttl") === 204) return isEmpty(answer);
      isError(answer, 500, "ERR_STATE_SAVE");
    });

    test("a write without a TTL takes it away", async () => {
      const key = on.key();
      await save(store, { key, value: 1, metadata: { ttlInSeconds: "100" } });
      await save(store, { key, value: 2 });
      expect((await get(store, key)).header("metadata.ttlexpiretime")).toBeUndefined();
    });

    test("-1 means for ever", async () => {
      const key = on.key();
      isEmpty(await save(store, { key, value: 1, metadata: { ttlInSeconds: "-1" } }));
      const answer = await get(store, key);
      expect([answer.status, answer.header("metadata.ttlexpiretime")]).toEqual([200, undefined]);
    });

    test.each(["soon", "1.5", ""])("refuses the TTL %j", async (ttlInSeconds) => {
      const key = on.key();
      const answer = await save(store, { key, value: 1, metadata: { ttlInSeconds } });
      expect(answer.status).toBe(ttlInSeconds === "" ? 204 : 500);
      if (ttlInSeconds !== "") isError(answer, 500, "ERR_STATE_SAVE");
    });
  });
}
