import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { StateQuery } from "../../host/components/state/query.ts";
import type { QueryableStore } from "../../host/components/state/store.ts";
import { systemClock } from "../../host/web-platform.ts";
import { put, remove, upsert } from "../../tests/conformance/state/scenario.ts";
import { openWith, testContext } from "../../tests/conformance/test-context.ts";
import { exportState } from "../storage/export-state.ts";
import { importState } from "../storage/import-state.ts";
import { indexedDbStore } from "./state-indexeddb.ts";

const databasePrefix = "daprlet:/:";
const context = testContext("statestore", systemClock);

const declare = (...keys: string[]) =>
  JSON.stringify([{ name: "i", indexes: keys.map((key) => ({ key, type: "TEXT" })) }]);

async function open(queryIndexes = "", appId = "app"): Promise<QueryableStore> {
  const definition = indexedDbStore({ databasePrefix, incarnation: undefined });
  return (await openWith(definition, { ...context, appId }, { queryIndexes })) as QueryableStore;
}

async function found(store: QueryableStore, name: string, value: string, more: Partial<StateQuery> = {}) {
  const { items } = await store.query({
    keyPrefix: "app||",
    actors: undefined,
    indexName: undefined,
    filter: { op: "EQ", path: [name], value },
    sort: [],
    limit: undefined,
    token: undefined,
    ...more,
  });
  return items.map(({ key }) => key);
}

const item = (key: string, value: object) => upsert(key, JSON.stringify(value));

describe("indexes of IndexedDB", () => {
  beforeEach(() => {
    vi.stubGlobal("indexedDB", new IDBFactory());
  });

  it("hold what was written before they were declared, however much it is", async () => {
    const before = await open();
    const many = Array.from({ length: 450 }, (_, i) => item(`app||${i}`, { a: `${i % 2}`, b: "x" }));
    await put(before, [...many, upsert("app||text", "no JSON")]);
    await before.close();
    const after = await open(declare("a"));
    expect(await found(after, "a", "1")).toHaveLength(225);
    await put(after, [remove("app||1"), item("app||new", { a: "1" })]);
    expect(await found(after, "a", "1")).toHaveLength(225);
    await after.close();
  });

  it("are made once, and again after they were not declared, or others were", async () => {
    const first = await open(declare("a"));
    await put(first, [item("app||k", { a: "1", b: "1" })]);
    expect(await found(first, "a", "1")).toEqual(["app||k"]);
    const puts = vi.spyOn(IDBObjectStore.prototype, "put");
    expect(await found(await open(declare("a")), "a", "1")).toEqual(["app||k"]);
    expect(puts).not.toHaveBeenCalled();
    puts.mockRestore();
    for (const between of ["", declare("b")]) {
      await put(await open(between), [item(`app||${between.length}`, { a: "1" })]);
      const keys = await found(await open(declare("a")), "a", "1");
      expect(keys).toContain(`app||${between.length}`);
    }
  });

  it("of one app stand beside those of another in the same database", async () => {
    const [a, b] = [await open(declare("a")), await open(declare("b"), "other")];
    await put(a, [item("app||k", { a: "1", b: "1" })]);
    await put(b, [item("other||k", { a: "1", b: "1" })]);
    for (let round = 0; round < 2; round++) {
      expect(await found(a, "a", "1")).toEqual(["app||k"]);
      expect(await found(b, "b", "1", { keyPrefix: "other||" })).toEqual(["other||k"]);
    }
    const plain = await open("", "third");
    await put(plain, [item("third||k", { a: "1" })]);
    expect(await found(a, "a", "1")).toEqual(["app||k"]);
  });

  it("hold what other apps write under a prefix that they share", async () => {
    const [a, b] = [await open(declare("a")), await open(declare("b"), "other")];
    const plain = await open("", "third");
    const shared = { keyPrefix: "shared||" };
    const value = { a: "1", b: "1" };
    await put(plain, [item("shared||1", value)]);
    expect(await found(a, "a", "1", shared)).toEqual(["shared||1"]);
    expect(await found(b, "b", "1", shared)).toEqual(["shared||1"]);
    await put(a, [item("shared||1", value), item("shared||a", value)]);
    await put(b, [item("shared||b", value)]);
    await put(plain, [item("shared||c", value)]);
    const all = ["shared||1", "shared||a", "shared||b", "shared||c"];
    expect(await found(a, "a", "1", shared)).toEqual(all);
    expect(await found(b, "b", "1", shared)).toEqual(all);
  });

  it("are no part of an export, and are made again after an import", async () => {
    const options = { databasePrefix, clock: systemClock, log: context.log };
    const store = await open(declare("a"));
    await put(store, [item("app||k", { a: "1" })]);
    expect(await found(store, "a", "1")).toEqual(["app||k"]);
    const file = await exportState(options);
    expect(await file.text()).not.toContain("entries");
    await put(store, [remove("app||k"), item("app||later", { a: "1" })]);
    await importState(file, options);
    expect(await found(store, "a", "1")).toEqual(["app||k"]);
  });

  it("are not asked where the component allows a scan", async () => {
    const definition = indexedDbStore({ databasePrefix, incarnation: undefined });
    const store = (await openWith(definition, context, { queryScan: "true" })) as QueryableStore;
    await put(store, [item("app||k", { a: { b: "1" } }), item("app||l", { a: "1" })]);
    expect(await found(store, "a", "1")).toEqual(["app||l"]);
  });
});
