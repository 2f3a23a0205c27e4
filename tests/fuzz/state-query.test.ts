import "fake-indexeddb/auto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseQuery } from "../../host/api/state/query-body.ts";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import type { Filter, KeyedItem, QueryResult, StateQuery } from "../../host/components/state/query.ts";
import { evaluateQuery } from "../../host/components/state/query-page.ts";
import type { QueryableStore } from "../../host/components/state/store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { sqliteStore } from "../../host/node/components/state-sqlite.ts";
import { indexedDbStore } from "../../worker/components/state-indexeddb.ts";
import { put, remove, upsert } from "../conformance/state/scenario.ts";
import { openWith, testContext } from "../conformance/test-context.ts";

/** Random documents and queries: every store answers what the evaluator answers. */

const numRuns = Number(process.env.FUZZ_RUNS ?? 100);
const paths = ["a", "b.c", "__proto__", "\u{1F600}"] as const;
const indexes = JSON.stringify([{ name: "all", indexes: paths.map((key) => ({ key, type: "TEXT" })) }]);

/** Any text but halves of characters, which UTF-8 cannot hold; few texts, so that they meet. */
const text = fc.oneof(
  fc.constantFrom("", "a", "b", "ab", "\0", "a\0", "\uffee", "\u{1F600}", "10", "9", "true", "null"),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const number = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 0.5, 10, 9, 2 ** 53, 2 ** 63, -(2 ** 63), 1e300, 1e-300),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.integer(),
  fc.double({ noNaN: true }),
);
const scalar = fc.oneof(text, number, fc.boolean(), fc.constant(null));
const json = (value: unknown): string =>
  typeof value === "number" && !Number.isFinite(value)
    ? `${value < 0 ? "-" : ""}1e999`
    : Array.isArray(value)
      ? `[${value.map(json).join()}]`
      : typeof value === "object" && value !== null
        ? `{${Object.entries(value)
            .map(([name, member]) => `${JSON.stringify(name)}:${json(member)}`)
            .join()}}`
        : JSON.stringify(value);

const member = (name: string, value: fc.Arbitrary<unknown>) =>
  fc.option(
    value.map((found) => `${JSON.stringify(name)}:${json(found)}`),
    { nil: "", freq: 3 },
  );
const nested = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 2 }),
  fc.dictionary(fc.constantFrom("c", "d"), scalar),
);
const value = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(
        member("a", nested),
        member("b", nested),
        member("__proto__", scalar),
        member("\u{1F600}", scalar),
      )
      .map((members) => `{${members.filter((one) => one !== "").join()}}`),
  },
  { weight: 1, arbitrary: nested.map(json) },
  { weight: 1, arbitrary: fc.constantFrom("no JSON", "", "\ufeff{}", "{a:1}", '{"a":1}x', "\0") },
);
const key = fc.oneof(
  fc.constantFrom(
    "app||1",
    "app||2",
    "app||Car||1||speed",
    "app||Car||2||speed",
    "app||Car||1||owner",
    "other||1",
    "plain",
  ),
  text.map((end) => `app||${end.replaceAll("|", "")}`),
);
const items = fc.uniqueArray(fc.record({ key, value }), { maxLength: 25, selector: (item) => item.key });

const path = fc.constantFrom(...paths).map((one) => one.split("."));
const comparable = fc.oneof(text, number);
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ op: fc.constantFrom("EQ", "NEQ"), path, value: scalar }),
    fc.record({
      op: fc.constantFrom(...(["GT", "GTE", "LT", "LTE"] as const)),
      path,
      value: comparable,
    }),
    fc.record({ op: fc.constant("IN" as const), path, values: fc.array(scalar, { maxLength: 3 }) }),
    fc.record({
      op: fc.constantFrom(...(["AND", "OR"] as const)),
      filters: fc.array(tie("filter"), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));
const query: fc.Arbitrary<StateQuery> = fc.record({
  keyPrefix: fc.constantFrom("app||", "app||", "app||Car||", "", "other||"),
  actors: fc.constantFrom(undefined, undefined, { key: undefined }, { key: "speed" }),
  indexName: fc.constantFrom(undefined, "all"),
  filter: fc.option(filter, { nil: undefined }),
  sort: fc.uniqueArray(fc.record({ path, order: fc.constantFrom(...(["ASC", "DESC"] as const)) }), {
    maxLength: 2,
    selector: (one) => one.path.join("."),
  }),
  limit: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
  token: fc.constant(undefined),
});

async function allPages(first: StateQuery, ask: (query: StateQuery) => QueryResult | Promise<QueryResult>) {
  const pages: string[][] = [];
  let token: string | undefined;
  do {
    const result = await ask({ ...first, token });
    pages.push(result.items.map((item) => item.key));
    token = result.token;
  } while (token !== undefined && pages.length < 100);
  return pages;
}

const clock = new FakeClock();
const memory = () => openWith(inMemoryStore, testContext("s", clock), { queryIndexes: indexes });
const sqlite = (metadata: Readonly<Record<string, string>>) => () =>
  openWith(sqliteStore, testContext("s", clock), { connectionString: ":memory:", ...metadata });
let databases = 0;
const indexedDb = (metadata: Readonly<Record<string, string>>) => () =>
  openWith(
    indexedDbStore({ databasePrefix: "fuzz:", incarnation: undefined }),
    testContext(`s${++databases}`, clock),
    metadata,
  );

describe.each([
  ["state.in-memory", memory, numRuns],
  ["state.sqlite", sqlite({ queryIndexes: indexes }), numRuns],
  ["state.sqlite without an index", sqlite({ queryScan: "true" }), numRuns],
  ["state.indexeddb", indexedDb({ queryIndexes: indexes }), Math.ceil(numRuns / 3)],
] as const)("random queries of %s", (_name, open, runs) => {
  it("find what the evaluator finds, page by page", async () => {
    await fc.assert(
      fc.asyncProperty(
        items,
        items,
        fc.array(query, { minLength: 1, maxLength: 6 }),
        async (earlier, later, queries) => {
          const store = (await open()) as QueryableStore;
          const indexed = queries.map((one) =>
            _name.includes("without") ? { ...one, indexName: undefined } : one,
          );
          try {
            await put(
              store,
              earlier.map((one) => upsert(one.key, one.value)),
            );
            await put(
              store,
              earlier.filter((_, i) => i % 3 === 0).map((one) => remove(one.key)),
            );
            await put(
              store,
              later.map((one) => upsert(one.key, one.value)),
            );
            const kept = new Map(earlier.filter((_, i) => i % 3 !== 0).map((one) => [one.key, one.value]));
            for (const one of later) kept.set(one.key, one.value);
            const all = [...kept].map(([of, stored]): KeyedItem => {
              return {
                key: of,
                value: new TextEncoder().encode(stored),
                etag: undefined,
                expiresAt: undefined,
              };
            });
            for (const one of indexed) {
              const expected = await allPages(one, (asked) => evaluateQuery(asked, all));
              expect(await allPages(one, (asked) => store.query(asked))).toEqual(expected);
            }
          } finally {
            await store.close();
          }
        },
      ),
      { numRuns: runs },
    );
  }, 120_000);
});

describe("random bodies of queries", () => {
  const word = fc.constantFrom(
    "filter",
    "sort",
    "page",
    "EQ",
    "AND",
    "IN",
    "key",
    "order",
    "limit",
    "token",
    "a",
    "__proto__",
    "",
  );
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .letrec<{ any: unknown }>((tie) => ({
        any: fc.oneof(
          { maxDepth: 6 },
          fc.oneof(scalar, word),
          fc.array(tie("any"), { maxLength: 3 }),
          fc
            .array(fc.tuple(word, tie("any")), { maxLength: 3 })
            .map((members) => Object.fromEntries(members)),
        ),
      }))
      .any.map((one) => JSON.stringify(one)),
  );

  it("are read or refused with what was expected", () => {
    fc.assert(
      fc.property(body, (one) => {
        try {
          parseQuery(new TextEncoder().encode(one));
        } catch (error) {
          expect((error as Error).message).toMatch(/expected/);
        }
      }),
      { numRuns: numRuns * 10 },
    );
  });
});
