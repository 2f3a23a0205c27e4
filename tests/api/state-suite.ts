import { describe, expect, test } from "vitest";
import type { Answer } from "../hosts/host.ts";
import type { Subject } from "../hosts/subject.ts";

const stores = ["statestore", "memory"] as const;

/** Contract of the state block: dapr-http-api §1.2 and §4.2. */
export function stateSuite(on: Subject): void {
  const at = (store: string, key: string, query = "") =>
    `/v1.0/state/${store}/${encodeURIComponent(key)}${query}`;
  const save = (store: string, ...items: unknown[]) => on.post(`/v1.0/state/${store}`, items);
  const get = (store: string, key: string, query?: string) => on.fetch(at(store, key, query));
  const remove = (store: string, key: string, headers: Record<string, string> = {}, query = "") =>
    on.fetch(at(store, key, query), { method: "DELETE", headers });
  const etag = async (store: string, key: string): Promise<string> => {
    const found = (await get(store, key)).header("etag");
    if (found === undefined) throw new Error(`no ETag of ${key}`);
    return found;
  };
  const empty = (answer: Answer) => {
    expect([answer.status, answer.text, answer.header("content-type")]).toEqual([204, "", undefined]);
  };
  const fails = (answer: Answer, status: number, errorCode: string) => {
    expect([answer.status, answer.errorCode]).toEqual([status, errorCode]);
    expect(answer.header("content-type")).toMatch(/^application\/json/);
    expect(answer.message).toEqual(expect.any(String));
  };

  describe.each(stores)("%s", (store) => {
    test("saves and reads one item", async () => {
      const key = on.key();
      empty(await save(store, { key, value: { kind: "dog", name: "bono" } }));
      const answer = await get(store, key);
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual({ kind: "dog", name: "bono" });
      expect(answer.header("content-type")).toBe("application/json");
      expect(answer.header("etag")).toEqual(expect.stringMatching(/^[^"]+$/));
    });

    test("reads a missing key as 204 without an ETag", async () => {
      const answer = await get(store, on.key());
      empty(answer);
      expect(answer.header("etag")).toBeUndefined();
    });

    test.each([
      ["number", 42],
      ["string", 'text with \u00e9, \u{1F600} and "quotes"'],
      ["false", false],
      ["null", null],
      ["array", [1, [2, { three: 3 }]]],
      ["empty object", {}],
      ["empty string", ""],
    ])("keeps a %s", async (_, value) => {
      const key = on.key();
      empty(await save(store, { key, value }));
      const answer = await get(store, key);
      expect([answer.status, answer.text]).toEqual([200, JSON.stringify(value)]);
    });

    test("saves by PUT as by POST", async () => {
      const key = on.key();
      empty(await on.send("PUT", `/v1.0/state/${store}`, [{ key, value: 1 }]));
      expect((await get(store, key)).text).toBe("1");
    });

    test.each([
      ["12345678901234567890", "12345678901234567000"],
      ["1.0", "1"],
      ['{"b":1,  "a":2}', '{"a":2,"b":1}'],
      ['{"a":1,"a":2}', '{"a":2}'],
      ['"\\u0041\\/<&>"', '"A/\\u003c\\u0026\\u003e"'],
    ])("the value %s", async (written, reencoded) => {
      const key = on.key();
      empty(await on.post(`/v1.0/state/${store}`, `[{"key":"${key}","value":${written}}]`));
      const kept = on.expected("state.value-bytes") === "as it was written";
      expect((await get(store, key)).text).toBe(kept ? written : reencoded);
    });

    test("names of members may differ in case, null counts as absent, unknown ones are ignored", async () => {
      const key = on.key();
      const item = { Key: key, VALUE: 3, etag: null, metadata: null, options: null, other: 1 };
      empty(await save(store, item));
      expect((await get(store, key)).text).toBe("3");
    });

    test("keeps null for an item without a value", async () => {
      const key = on.key();
      empty(await save(store, { key }));
      expect((await get(store, key)).text).toBe("null");
    });

    test("an empty array changes nothing", async () => empty(await save(store)));

    test("of a list with one stale ETag, the other items are saved", async () => {
      const [a, b] = [on.key("a"), on.key("b")];
      await save(store, { key: b, value: 1 });
      const answer = await save(store, { key: a, value: 1 }, { key: b, value: 2, etag: "12345" });
      fails(answer, 409, "ERR_STATE_SAVE");
      expect([(await get(store, a)).text, (await get(store, b)).text]).toEqual(["1", "1"]);
    });

    test("saves several items at once", async () => {
      const [a, b] = [on.key(), on.key()];
      empty(await save(store, { key: a, value: 1 }, { key: b, value: 2 }));
      expect([(await get(store, a)).text, (await get(store, b)).text]).toEqual(["1", "2"]);
    });

    test("deletes, also what is not there", async () => {
      const key = on.key();
      await save(store, { key, value: 1 });
      empty(await remove(store, key));
      empty(await get(store, key));
      empty(await remove(store, key));
    });

    test.each([
      "a b",
      "a+b",
      "a/b",
      "ключ",
      "a%2Fb",
      "..",
      "__proto__",
      "constructor",
      "a|b",
      "a?b#c",
      "'\"<>",
    ])("takes the key %j as it is", async (name) => {
      const key = `${name}${on.key()}`;
      empty(await save(store, { key, value: name }));
      const answer = await get(store, key);
      expect([answer.status, answer.status === 200 ? answer.json : ""]).toEqual([200, name]);
    });

    test("decodes + in a path as a space", async () => {
      const key = `plus ${on.key()}`;
      await save(store, { key, value: 1 });
      expect((await on.fetch(`/v1.0/state/${store}/${key.replace(" ", "+")}`)).text).toBe("1");
    });

    describe("ETags", () => {
      test("changes with every write", async () => {
        const key = on.key();
        await save(store, { key, value: 1 });
        const first = await etag(store, key);
        await save(store, { key, value: 1 });
        expect(await etag(store, key)).not.toBe(first);
      });

      test("first-write: the current one is accepted, the same one again is 409", async () => {
        const key = on.key();
        await save(store, { key, value: 1 });
        const current = await etag(store, key);
        const options = { concurrency: "first-write" };
        empty(await save(store, { key, value: 2, etag: current, options }));
        fails(await save(store, { key, value: 3, etag: current, options }), 409, "ERR_STATE_SAVE");
        expect((await get(store, key)).text).toBe("2");
        empty(await save(store, { key, value: 4 }));
      });

      test("last-write: a stale one is 409 too", async () => {
        const key = on.key();
        await save(store, { key, value: 1 });
        const stale = await etag(store, key);
        await save(store, { key, value: 2 });
        fails(
          await save(store, { key, value: 3, etag: stale, options: { concurrency: "last-write" } }),
          409,
          "ERR_STATE_SAVE",
        );
        expect((await get(store, key)).text).toBe("2");
      });

      test("first-write without an ETag only creates", async () => {
        const key = on.key();
        const options = { concurrency: "first-write" };
        empty(await save(store, { key, value: 1, options }));
        fails(await save(store, { key, value: 2, options }), 409, "ERR_STATE_SAVE");
        expect((await get(store, key)).text).toBe("1");
      });

      test("one of 20 parallel writers with the same ETag wins", async () => {
        const key = on.key();
        await save(store, { key, value: -1 });
        const current = await etag(store, key);
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, value) => save(store, { key, value, etag: current })),
        );
        const won = answers.flatMap(({ status }, value) => (status === 204 ? [value] : []));
        expect(won).toHaveLength(1);
        expect(answers.filter(({ status }) => status === 409)).toHaveLength(19);
        expect((await get(store, key)).json).toBe(won[0]);
      });

      test("If-Match guards a delete", async () => {
        const key = on.key();
        await save(store, { key, value: 1 });
        const stale = await etag(store, key);
        await save(store, { key, value: 2 });
        fails(await remove(store, key, { "if-match": stale }), 409, "ERR_STATE_DELETE");
        expect((await get(store, key)).text).toBe("2");
        empty(await remove(store, key, { "if-match": await etag(store, key) }));
        empty(await get(store, key));
      });

      test("an ETag for a key that is not there does not match", async () => {
        const key = on.key();
        await save(store, { key, value: 1 });
        const gone = await etag(store, key);
        await remove(store, key);
        fails(await save(store, { key, value: 2, etag: gone }), 409, "ERR_STATE_SAVE");
        empty(await get(store, key));
      });
    });

    describe("TTL", () => {
      test("tells when an item expires", async () => {
        const key = on.key();
        empty(await save(store, { key, value: 1, metadata: { ttlInSeconds: "100" } }));
        const expires = Date.parse((await get(store, key)).header("metadata.ttlexpiretime") ?? "");
        expect(expires - Date.now()).toBeGreaterThan(95_000);
        expect(expires - Date.now()).toBeLessThan(105_000);
      });

      test("an expired item is gone", async () => {
        const key = on.key();
        await save(store, { key, value: 1, metadata: { ttlInSeconds: "2" } });
        expect((await get(store, key)).status).toBe(200);
        await expect.poll(async () => (await get(store, key)).status, { timeout: 8000 }).toBe(204);
      });

      test("the query's metadata override the item's", async () => {
        const key = on.key();
        const items = [{ key, value: 1, metadata: { ttlInSeconds: "10" } }];
        empty(await on.post(`/v1.0/state/${store}?metadata.ttlInSeconds=1000`, items));
        const expires = Date.parse((await get(store, key)).header("metadata.ttlexpiretime") ?? "");
        expect(expires - Date.now()).toBeGreaterThan(900_000);
      });

      test("of a metadata field given twice, the first counts", async () => {
        const key = on.key();
        const query = "?metadata.ttlInSeconds=100&metadata.ttlInSeconds=5000";
        empty(await on.post(`/v1.0/state/${store}${query}`, [{ key, value: 1 }]));
        const expires = Date.parse((await get(store, key)).header("metadata.ttlexpiretime") ?? "");
        expect(expires - Date.now()).toBeLessThan(105_000);
      });

      test("a negative one other than -1", async () => {
        const answer = await save(store, { key: on.key(), value: 1, metadata: { ttlInSeconds: "-5" } });
        if (store === "memory" && on.expected("state.negative-ttl") === 204) return empty(answer);
        fails(answer, 500, "ERR_STATE_SAVE");
      });

      test("a write without a TTL takes it away", async () => {
        const key = on.key();
        await save(store, { key, value: 1, metadata: { ttlInSeconds: "100" } });
        await save(store, { key, value: 2 });
        expect((await get(store, key)).header("metadata.ttlexpiretime")).toBeUndefined();
      });

      test("-1 means for ever", async () => {
        const key = on.key();
        empty(await save(store, { key, value: 1, metadata: { ttlInSeconds: "-1" } }));
        const answer = await get(store, key);
        expect([answer.status, answer.header("metadata.ttlexpiretime")]).toEqual([200, undefined]);
      });

      test.each(["soon", "1.5", ""])("refuses the TTL %j", async (ttlInSeconds) => {
        const key = on.key();
        const answer = await save(store, { key, value: 1, metadata: { ttlInSeconds } });
        expect(answer.status).toBe(ttlInSeconds === "" ? 204 : 500);
        if (ttlInSeconds !== "") fails(answer, 500, "ERR_STATE_SAVE");
      });
    });

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
        fails(await bulk(body), 400, "ERR_MALFORMED_REQUEST");
      });
    });

    describe("transaction", () => {
      const transact = (body: unknown, query = "") =>
        on.post(`/v1.0/state/${store}/transaction${query}`, body);
      const upsert = (request: unknown) => ({ operation: "upsert", request });

      test("applies upserts and deletes", async () => {
        const [a, b] = [on.key("a"), on.key("b")];
        await save(store, { key: b, value: 1 });
        empty(
          await transact({
            operations: [upsert({ key: a, value: { x: 1 } }), { operation: "delete", request: { key: b } }],
          }),
        );
        expect((await get(store, a)).json).toEqual({ x: 1 });
        empty(await get(store, b));
      });

      test("all or nothing: a stale ETag is 500 and nothing is written", async () => {
        const [a, b] = [on.key("a"), on.key("b")];
        await save(store, { key: b, value: 1 });
        const stale = await etag(store, b);
        await save(store, { key: b, value: 2 });
        const options = { concurrency: "first-write" };
        const operations = [upsert({ key: a, value: 1 }), upsert({ key: b, value: 9, etag: stale, options })];
        fails(await transact({ operations }), 500, "ERR_STATE_TRANSACTION");
        empty(await get(store, a));
        expect((await get(store, b)).text).toBe("2");
      });

      test("no operations: nothing to do", async () => {
        empty(await transact({ operations: [] }));
        empty(await transact({}));
      });

      test.each([
        ["an empty key", { operations: [{ operation: "upsert", request: { key: "", value: 1 } }] }],
        ["no request", { operations: [{ operation: "upsert" }] }],
        ["null", null],
      ])("%s", async (_, body) => {
        const answer = await transact(body);
        if (on.expected("state.transaction-without-key") === 204) return empty(answer);
        fails(answer, 400, "ERR_MALFORMED_REQUEST");
      });

      test("an unknown operation is refused and nothing is written", async () => {
        const key = on.key();
        const operations = [upsert({ key, value: 1 }), { operation: "increment", request: { key } }];
        fails(await transact({ operations }), 400, "ERR_NOT_SUPPORTED_STATE_OPERATION");
        empty(await get(store, key));
      });

      test("the query's metadata reach every operation", async () => {
        const key = on.key();
        empty(await transact({ operations: [upsert({ key, value: 1 })] }, "?metadata.ttlInSeconds=100"));
        expect((await get(store, key)).header("metadata.ttlexpiretime")).toEqual(expect.any(String));
      });

      test("the body's metadata do not", async () => {
        const key = on.key();
        empty(await transact({ operations: [upsert({ key, value: 1 })], metadata: { ttlInSeconds: "100" } }));
        expect((await get(store, key)).header("metadata.ttlexpiretime")).toBeUndefined();
      });

      test("the same key twice: the last one stays", async () => {
        const key = on.key();
        empty(await transact({ operations: [upsert({ key, value: 1 }), upsert({ key, value: 2 })] }));
        expect((await get(store, key)).text).toBe("2");
      });

      test.each(["[]", "{", '{"operations":{}}', "x"])("refuses %s", async (body) => {
        fails(await transact(body), 400, "ERR_MALFORMED_REQUEST");
      });
    });
  });

  describe("options", () => {
    test("concurrency and consistency are taken from body and query", async () => {
      const key = on.key();
      const options = { concurrency: "last-write", consistency: "strong" };
      empty(await save("statestore", { key, value: 1, options }));
      expect((await get("statestore", key, "?consistency=strong")).text).toBe("1");
      expect((await get("statestore", key, "?consistency=eventual")).text).toBe("1");
      empty(await remove("statestore", key, {}, "?concurrency=first-write&consistency=strong"));
    });

    test("names that Dapr does not know", async () => {
      const key = on.key();
      fails(
        await save("statestore", { key, value: 1, options: { concurrency: "sometimes" } }),
        500,
        "ERR_STATE_SAVE",
      );
    });

    test("the book's retryPolicy is ignored", async () => {
      const key = on.key();
      const options = { retryPolicy: { interval: 100, threshold: 3, pattern: "linear" } };
      empty(await save("statestore", { key, value: 1, options }));
    });
  });

  describe("keys belong to an app", () => {
    test("another app does not see them", async () => {
      const key = on.key();
      await save("statestore", { key, value: 1 });
      empty(await on.host.peer.fetch(at("statestore", key)));
    });

    test.runIf(on.has("persistent"))("keyPrefix none and name share them", async () => {
      for (const store of ["unprefixed", "named"]) {
        const key = on.key();
        empty(await save(store, { key, value: store }));
        const answer = await on.host.peer.fetch(at(store, key));
        expect([answer.status, answer.status === 200 ? answer.json : ""]).toEqual([200, store]);
        empty(await get("statestore", key));
      }
    });

    test("|| is not allowed in a key", async () => {
      const key = `a||${on.key()}`;
      fails(await save("statestore", { key, value: 1 }), 400, "ERR_MALFORMED_REQUEST");
      fails(await get("statestore", key), 400, "ERR_MALFORMED_REQUEST");
      fails(await remove("statestore", key), 400, "ERR_MALFORMED_REQUEST");
      fails(await on.post("/v1.0/state/statestore/bulk", { keys: [key] }), 400, "ERR_MALFORMED_REQUEST");
      const operations = [{ operation: "upsert", request: { key, value: 1 } }];
      fails(
        await on.post("/v1.0/state/statestore/transaction", { operations }),
        400,
        "ERR_MALFORMED_REQUEST",
      );
    });
  });

  describe("stores that are not there", () => {
    test.each(["nowhere", "foreign", "__proto__", "constructor", "messagebus"])("%s", async (store) => {
      const path = `/v1.0/state/${store}`;
      fails(await get(store, "k"), 400, "ERR_STATE_STORE_NOT_FOUND");
      fails(await on.post(path, [{ key: "k", value: 1 }]), 400, "ERR_STATE_STORE_NOT_FOUND");
      fails(await remove(store, "k"), 400, "ERR_STATE_STORE_NOT_FOUND");
      fails(await on.post(`${path}/bulk`, { keys: ["k"] }), 400, "ERR_STATE_STORE_NOT_FOUND");
      const transaction = { operations: [{ operation: "upsert", request: { key: "k", value: 1 } }] };
      fails(await on.post(`${path}/transaction`, transaction), 400, "ERR_STATE_STORE_NOT_FOUND");
    });

    test("the error tells which, in Dapr's rich form", async () => {
      const { json } = await get("nowhere", "k");
      expect(json).toEqual({
        errorCode: "ERR_STATE_STORE_NOT_FOUND",
        message: "state store nowhere is not found",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            domain: "dapr.io",
            reason: "DAPR_STATE_NOT_FOUND",
            metadata: { appID: on.host.appId },
          },
        ],
      });
    });
  });
}
