import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { isEmpty, isError } from "./answers.ts";
import { stateCalls } from "./state-calls.ts";

/** Bulk get from one store. */
export function stateBulkGet(on: Subject, store: string): void {
  const { etag, save } = stateCalls(on);

  describe("bulk get", () => {
    const bulk = (body: unknown) => on.post(`/v1.0/state/${store}/bulk`, body);

    test("answers for each key, found or not", async () => {
      const [a, b, c] = [on.key("a"), on.key("b"), on.key("c")];
      await save(store, { key: a, value: { n: 1 } }, { key: b, value: "two" });
      const answer = await bulk({ keys: [a, b, c], parallelism: 10 });
      expect([answer.status, answer.header("content-type")]).toEqual([200, "application/json"]);
      const items = answer.json as { key: string; data?: unknown; etag?: string }[];
      expect(items).toHaveLength(3);
      const byKey = new Map(items.map((item) => [item.key, item]));
      expect(byKey.get(a)).toEqual({ key: a, data: { n: 1 }, etag: await etag(store, a) });
      expect(byKey.get(b)).toMatchObject({ key: b, data: "two" });
      expect(byKey.get(c)).toEqual({ key: c });
    });

    test("no keys: an empty list", async () => {
      for (const body of [{ keys: [] }, { keys: null }, {}]) {
        const answer = await bulk(body);
        expect([answer.status, answer.json]).toEqual([200, []]);
      }
    });

    test("keys that objects have by nature", async () => {
      const answer = await bulk({ keys: ["__proto__", "constructor"] });
      expect([answer.status, answer.json]).toEqual([200, [{ key: "__proto__" }, { key: "constructor" }]]);
    });

    test("a key asked for twice is answered twice", async () => {
      const key = on.key();
      await save(store, { key, value: 1 });
      const items = (await bulk({ keys: [key, key] })).json as { key: string }[];
      const twice = store === "memory" || on.expected("state.bulk-twice") === "answered twice";
      expect(items.map((item) => item.key)).toEqual([key, twice ? key : ""]);
    });

    test("by PUT too", async () => {
      const key = on.key();
      await save(store, { key, value: 1 });
      const answer = await on.send("PUT", `/v1.0/state/${store}/bulk`, { keys: [key] });
      expect((answer.json as { data: unknown }[])[0]?.data).toBe(1);
    });

    test.each(["[]", '"x"', "{", '{"keys":"a"}', '{"keys":[1]}'])("refuses %s", async (body) => {
      isError(await bulk(body), 400, "ERR_MALFORMED_REQUEST");
    });
  });
}

/** Transactions of one store. */
export function stateTransactions(on: Subject, store: string): void {
  const { etag, get, save } = stateCalls(on);

  describe("transaction", () => {
    const transact = (body: unknown, query = "") => on.post(`/v1.0/state/${store}/transaction${query}`, body);
    const upsert = (request: unknown) => ({ operation: "upsert", request });

    test("applies upserts and deletes", async () => {
      const [a, b] = [on.key("a"), on.key("b")];
      await save(store, { key: b, value: 1 });
      isEmpty(
        await transact({
          operations: [upsert({ key: a, value: { x: 1 } }), { operation: "delete", request: { key: b } }],
        }),
      );
      expect((await get(store, a)).json).toEqual({ x: 1 });
      isEmpty(await get(store, b));
    });

    test("all or nothing: a stale ETag is 500 and nothing is written", async () => {
      const [a, b] = [on.key("a"), on.key("b")];
      await save(store, { key: b, value: 1 });
      const stale = await etag(store, b);
      await save(store, { key: b, value: 2 });
      const options = { concurrency: "first-write" };
      const operations = [upsert({ key: a, value: 1 }), upsert({ key: b, value: 9, etag: stale, options })];
      isError(await transact({ operations }), 500, "ERR_STATE_TRANSACTION");
      isEmpty(await get(store, a));
      expect((await get(store, b)).text).toBe("2");
    });

    test("no operations: nothing to do", async () => {
      isEmpty(await transact({ operations: [] }));
      isEmpty(await transact({}));
    });

    test.each([
      ["an empty key", { operations: [{ operation: "upsert", request: { key: "", value: 1 } }] }],
      ["no request", { operations: [{ operation: "upsert" }] }],
      ["null", null],
    ])("%s", async (_, body) => {
      const answer = await transact(body);
      if (on.expected("state.transaction-without-key") === 204) return isEmpty(answer);
      isError(answer, 400, "ERR_MALFORMED_REQUEST");
    });

    test("an unknown operation is refused and nothing is written", async () => {
      const key = on.key();
      const operations = [upsert({ key, value: 1 }), { operation: "increment", request: { key } }];
      isError(await transact({ operations }), 400, "ERR_NOT_SUPPORTED_STATE_OPERATION");
      isEmpty(await get(store, key));
    });

    test("the query's metadata reach every operation", async () => {
      const key = on.key();
      isEmpty(await transact({ operations: [upsert({ key, value: 1 })] }, "?metadata.ttlInSeconds=100"));
      expect((await get(store, key)).header("metadata.ttlexpiretime")).toEqual(expect.any(String));
    });

    test("the body's metadata do not", async () => {
      const key = on.key();
      isEmpty(await transact({ operations: [upsert({ key, value: 1 })], metadata: { ttlInSeconds: "100" } }));
      expect((await get(store, key)).header("metadata.ttlexpiretime")).toBeUndefined();
    });

    test("the same key twice: the last one stays", async () => {
      const key = on.key();
      isEmpty(await transact({ operations: [upsert({ key, value: 1 }), upsert({ key, value: 2 })] }));
      expect((await get(store, key)).text).toBe("2");
    });

    test.each(["[]", "{", '{"operations":{}}', "x"])("refuses %s", async (body) => {
      isError(await transact(body), 400, "ERR_MALFORMED_REQUEST");
    });
  });
}
