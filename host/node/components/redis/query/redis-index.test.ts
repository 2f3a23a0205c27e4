import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { upsert, write } from "../../../../../tests/conformance/state/scenario.ts";
import { openWith, testContext } from "../../../../../tests/conformance/test-context.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../../../../../tests/redis-server.ts";
import type { Filter, StateQuery } from "../../../../components/state/query.ts";
import { evaluateQuery } from "../../../../components/state/query-page.ts";
import type { QueryableStore } from "../../../../components/state/store.ts";
import { systemClock } from "../../../../web-platform.ts";
import { redisStore } from "../../state-redis.ts";

const indexes = (...keys: string[]) =>
  JSON.stringify([{ name: "all", indexes: keys.map((key) => ({ key, type: "TEXT" })) }]);

describeWithRedis("an index in Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  const opened: QueryableStore[] = [];
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await server.flush();
  });

  const open = async (more: Readonly<Record<string, string>>): Promise<QueryableStore> => {
    const metadata = { redisHost: server.address, ...more };
    const store = (await openWith(redisStore, testContext("s", systemClock), metadata)) as QueryableStore;
    opened.push(store);
    return store;
  };
  const put = async (store: QueryableStore, key: string, value: unknown) =>
    await write(store, [upsert(key, JSON.stringify(value))]);
  const keys = async (store: QueryableStore, more: Partial<StateQuery> = {}) => {
    const { items } = await store.query({
      keyPrefix: "app||",
      actors: undefined,
      indexName: undefined,
      filter: undefined,
      sort: [],
      limit: undefined,
      token: undefined,
      ...more,
    });
    return items.map(({ key }) => key);
  };
  const eq = (value: string | number): Filter => ({ op: "EQ", path: ["v"], value });
  const others = (key: string, value: unknown, version = 1) =>
    server.client.hset(key, { data: JSON.stringify(value), version });

  it("has what other programs wrote before its first query, and what they changed or removed since it was made", async () => {
    const first = await open({ queryIndexes: indexes("v") });
    await put(first, "app||changed", { v: 1 });
    await put(first, "app||removed", { v: 1 });
    await put(first, "app||kept", { v: 1 });
    await others("app||theirs", { v: 1 });
    await others("else||theirs", { v: 1 });
    await others("app||changed", { v: 2 }, 2);
    await server.client.del("app||removed");
    expect(await keys(first, { filter: eq(1) })).toEqual(["app||kept", "app||theirs"]);
    expect(await keys(first, { filter: eq(2) })).toEqual(["app||changed"]);
    await others("app||theirs", { v: 3 }, 2);
    expect(await keys(first, { filter: eq(1) })).toEqual(["app||kept"]);
    const second = await open({ queryIndexes: indexes("v") });
    expect(await keys(second, { filter: eq(3) })).toEqual(["app||theirs"]);
  });

  it("follows writes, deletions and refusals of every store that has it", async () => {
    const [a, b] = [await open({ queryIndexes: indexes("v") }), await open({ queryIndexes: indexes("v") })];
    expect(await keys(a)).toEqual([]);
    expect(await keys(b)).toEqual([]);
    await put(a, "app||k", { v: 1 });
    expect(await keys(b, { filter: eq(1) })).toEqual(["app||k"]);
    const refused = upsert("app||k", '{"v":2}', { etag: "99" });
    await write(b, [upsert("app||l", '{"v":2}'), refused], { atomic: true });
    expect(await keys(a, { filter: eq(2) })).toEqual([]);
    await put(b, "app||k", { v: 2 });
    expect([await keys(a, { filter: eq(1) }), await keys(a, { filter: eq(2) })]).toEqual([[], ["app||k"]]);
    await write(a, [{ kind: "delete", key: "app||k", etag: undefined, concurrency: undefined }]);
    expect(await keys(b)).toEqual([]);
    expect(await server.client.keys("||daprlet||index*")).toEqual([]);
  });

  it("lets go of items that expired when it comes by them", async () => {
    const store = await open({ queryIndexes: indexes("v") });
    await put(store, "app||k", { v: 1 });
    await server.client.pexpire("app||k", 1);
    await expect.poll(() => server.client.exists("app||k"), { timeout: 10_000 }).toBe(0);
    expect(await keys(store, { filter: eq(1) })).toEqual([]);
    expect(await server.client.keys("||daprlet||index*")).toEqual([]);
  });

  it("is made anew for members that are declared later", async () => {
    const before = await open({ queryIndexes: indexes("v") });
    await put(before, "app||a", { v: 1, w: 2 });
    const after = await open({ queryIndexes: indexes("v", "w") });
    const filter: Filter = { op: "EQ", path: ["w"], value: 2 };
    expect(await keys(after, { filter })).toEqual(["app||a"]);
  });

  it("finds more items than one step reads, in pages too", async () => {
    const store = await open({ queryIndexes: indexes("v") });
    const operations = Array.from({ length: 1300 }, (_, i) => upsert(`app||k${i}`, `{"v":${i % 2}}`));
    await write(store, operations);
    expect((await keys(store, { filter: eq(1) })).length).toBe(650);
    expect((await keys(store)).length).toBe(1300);
    const found: string[] = [];
    let token: string | undefined;
    do {
      const page = await store.query({
        ...{ keyPrefix: "app||", actors: undefined, indexName: undefined, filter: eq(0) },
        ...{ sort: [{ path: ["v"], order: "ASC" as const }], limit: 200, token },
      });
      found.push(...page.items.map(({ key }) => key));
      token = page.token;
    } while (token !== undefined);
    expect([found.length, new Set(found).size]).toEqual([650, 650]);
  });

  it("leads through pages in the order of every evaluation, whatever the values are", async () => {
    const begins = "x".repeat(128);
    const value = fc.constantFrom(
      ...[undefined, null, {}, [1], false, true, -1.5, 0, 2, 1e300, "", "\0", "a", "\uffee", "\u{1F600}"],
      ...[begins, `${begins}a`, `${begins}b`, `${begins}\u{1F600}`],
    );
    const scalar = fc.constantFrom(null, true, 0, 2, "a", begins, `${begins}a`);
    const filter: fc.Arbitrary<Filter | undefined> = fc.oneof(
      fc.constant(undefined),
      scalar.map((asked): Filter => ({ op: "NEQ", path: ["v"], value: asked })),
      fc
        .tuple(fc.constantFrom("GT", "GTE", "LT", "LTE"), fc.constantFrom(0, "a", `${begins}a`))
        .map(([op, asked]) => ({ op, path: ["v"], value: asked }) as Filter),
      scalar.map((asked): Filter => ({ op: "EQ", path: ["w"], value: asked })),
    );
    const order = fc.constantFrom("ASC" as const, "DESC" as const);
    const sort = fc.tuple(order, order).map(([v, w]) => [
      { path: ["v"], order: v },
      { path: ["w"], order: w },
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(value, value), { minLength: 150, maxLength: 250 }),
        fc.array(fc.tuple(filter, sort, fc.integer({ min: 20, max: 90 })), { minLength: 4, maxLength: 4 }),
        async (values, queries) => {
          await server.flush();
          const store = await open({ queryIndexes: indexes("v", "w") });
          const items = values.map(([v, w], i) => ({ key: `app||${i}`, value: JSON.stringify({ v, w }) }));
          await write(
            store,
            items.map((item) => upsert(item.key, item.value)),
          );
          const encoded = items.map((item) => ({
            ...{ key: item.key, value: new TextEncoder().encode(item.value) },
            ...{ etag: undefined, expiresAt: undefined },
          }));
          for (const [asked, by, limit] of queries) {
            const query: StateQuery = {
              ...{ keyPrefix: "app||", actors: undefined, indexName: undefined },
              ...{ filter: asked, sort: by, limit: undefined, token: undefined },
            };
            const expected = evaluateQuery(query, encoded).items.map(({ key }) => key);
            const found: string[] = [];
            let token: string | undefined;
            do {
              const page = await store.query({ ...query, limit, token });
              found.push(...page.items.map(({ key }) => key));
              token = page.token;
            } while (token !== undefined && found.length <= expected.length);
            expect(found).toEqual(expected);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it("is not needed where a scan is allowed: every hash of the app is read, whatever its key looks like", async () => {
    const store = await open({ queryScan: "true" });
    await put(store, "a[p*?||k", { v: 1 });
    await put(store, "app||k", { v: 1 });
    await others("app||theirs", { v: 1 });
    await server.client.set("app||text", "1");
    expect(await keys(store, { filter: eq(1) })).toEqual(["app||k", "app||theirs"]);
    expect(await keys(store, { keyPrefix: "a[p*?||" })).toEqual(["a[p*?||k"]);
  });
});
