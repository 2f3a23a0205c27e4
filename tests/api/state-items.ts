import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { isEmpty, isError } from "./answers.ts";
import { stateCalls } from "./state-calls.ts";

/** Saving, reading and deleting in one store. */
export function stateItems(on: Subject, store: string): void {
  const { get, remove, save } = stateCalls(on);

  test("saves and reads one item", async () => {
    const key = on.key();
    isEmpty(await save(store, { key, value: { kind: "dog", name: "bono" } }));
    const answer = await get(store, key);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ kind: "dog", name: "bono" });
    expect(answer.header("content-type")).toBe("application/json");
    expect(answer.header("etag")).toEqual(expect.stringMatching(/^[^"]+$/));
  });

  test("reads a missing key as 204 without an ETag", async () => {
    const answer = await get(store, on.key());
    isEmpty(answer);
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
    isEmpty(await save(store, { key, value }));
    const answer = await get(store, key);
    expect([answer.status, answer.text]).toEqual([200, JSON.stringify(value)]);
  });

  test("saves by PUT as by POST", async () => {
    const key = on.key();
    isEmpty(await on.send("PUT", `/v1.0/state/${store}`, [{ key, value: 1 }]));
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
    isEmpty(await on.post(`/v1.0/state/${store}`, `[{"key":"${key}","value":${written}}]`));
    const kept = on.expected("state.value-bytes") === "as it was written";
    expect((await get(store, key)).text).toBe(kept ? written : reencoded);
  });

  test("names of members may differ in case, null counts as absent, unknown ones are ignored", async () => {
    const key = on.key();
    const item = { Key: key, VALUE: 3, etag: null, metadata: null, options: null, other: 1 };
    isEmpty(await save(store, item));
    expect((await get(store, key)).text).toBe("3");
  });

  test("keeps null for an item without a value", async () => {
    const key = on.key();
    isEmpty(await save(store, { key }));
    expect((await get(store, key)).text).toBe("null");
  });

  test("an empty array changes nothing", async () => isEmpty(await save(store)));

  test("of a list with one stale ETag, the other items are saved", async () => {
    const [a, b] = [on.key("a"), on.key("b")];
    await save(store, { key: b, value: 1 });
    const answer = await save(store, { key: a, value: 1 }, { key: b, value: 2, etag: "12345" });
    isError(answer, 409, "ERR_STATE_SAVE");
    expect([(await get(store, a)).text, (await get(store, b)).text]).toEqual(["1", "1"]);
  });

  test("saves several items at once", async () => {
    const [a, b] = [on.key(), on.key()];
    isEmpty(await save(store, { key: a, value: 1 }, { key: b, value: 2 }));
    expect([(await get(store, a)).text, (await get(store, b)).text]).toEqual(["1", "2"]);
  });

  test("deletes, also what is not there", async () => {
    const key = on.key();
    await save(store, { key, value: 1 });
    isEmpty(await remove(store, key));
    isEmpty(await get(store, key));
    isEmpty(await remove(store, key));
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
    isEmpty(await save(store, { key, value: name }));
    const answer = await get(store, key);
    expect([answer.status, answer.status === 200 ? answer.json : ""]).toEqual([200, name]);
  });

  test("decodes + in a path as a space", async () => {
    const key = `plus ${on.key()}`;
    await save(store, { key, value: 1 });
    expect((await on.fetch(`/v1.0/state/${store}/${key.replace(" ", "+")}`)).text).toBe("1");
  });
}

/** ETags of one store. */
export function stateETags(on: Subject, store: string): void {
  const { etag, get, remove, save } = stateCalls(on);

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
      isEmpty(await save(store, { key, value: 2, etag: current, options }));
      isError(await save(store, { key, value: 3, etag: current, options }), 409, "ERR_STATE_SAVE");
      expect((await get(store, key)).text).toBe("2");
      isEmpty(await save(store, { key, value: 4 }));
    });

    test("last-write: a stale one is 409 too", async () => {
      const key = on.key();
      await save(store, { key, value: 1 });
      const stale = await etag(store, key);
      await save(store, { key, value: 2 });
      isError(
        await save(store, { key, value: 3, etag: stale, options: { concurrency: "last-write" } }),
        409,
        "ERR_STATE_SAVE",
      );
      expect((await get(store, key)).text).toBe("2");
    });

    test("first-write without an ETag only creates", async () => {
      const key = on.key();
      const options = { concurrency: "first-write" };
      isEmpty(await save(store, { key, value: 1, options }));
      isError(await save(store, { key, value: 2, options }), 409, "ERR_STATE_SAVE");
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
      isError(await remove(store, key, { "if-match": stale }), 409, "ERR_STATE_DELETE");
      expect((await get(store, key)).text).toBe("2");
      isEmpty(await remove(store, key, { "if-match": await etag(store, key) }));
      isEmpty(await get(store, key));
    });

    test("an ETag for a key that is not there does not match", async () => {
      const key = on.key();
      await save(store, { key, value: 1 });
      const gone = await etag(store, key);
      await remove(store, key);
      isError(await save(store, { key, value: 2, etag: gone }), 409, "ERR_STATE_SAVE");
      isEmpty(await get(store, key));
    });
  });
}
