import type {
  Filter,
  KeyedItem,
  QueryResult,
  Sort,
  StateQuery,
} from "../../../host/components/state/query.ts";
import type { QueryableStore, Upsert } from "../../../host/components/state/store.ts";
import { ComponentError } from "../../../host/errors/component-error.ts";
import { type Case, check, equal, etag, put, remove, type Use, upsert } from "./scenario.ts";

/** Metadata of every store that the group runs on. */
export const queryIndexes = JSON.stringify([
  {
    name: "people",
    indexes: [
      { key: "person.org", type: "TEXT" },
      { key: "person.id", type: "NUMERIC" },
      { key: "city", type: "TEXT" },
    ],
  },
  {
    name: "odd",
    indexes: ["v", "__proto__", 'quo"te', "back\\slash", "it's", "\u{1F600}"].map((key) => ({
      key,
      type: "TEXT",
    })),
  },
]);

const path = (text: string) => text.split(".");
const eq = (at: string, value: string | number | boolean | null) =>
  ({ op: "EQ", path: path(at), value }) as const;
const by = (at: string, order: "ASC" | "DESC" = "ASC"): Sort => ({ path: path(at), order });

async function query({ store }: Pick<Use, "store">, asked: Partial<StateQuery> = {}): Promise<QueryResult> {
  return await (store as QueryableStore).query({
    keyPrefix: "app||",
    actors: undefined,
    indexName: undefined,
    filter: undefined,
    sort: [],
    limit: undefined,
    token: undefined,
    ...asked,
  });
}

const keysOf = ({ items }: { readonly items: readonly KeyedItem[] }) => items.map(({ key }) => key.slice(5));

async function keys(use: Use, asked: Partial<StateQuery> = {}): Promise<readonly string[]> {
  return keysOf(await query(use, asked));
}

const json = (key: string, value: unknown, more: Partial<Upsert> = {}) =>
  upsert(`app||${key}`, JSON.stringify(value), more);

async function refused(use: Use, asked: Partial<StateQuery>, code: string, says: RegExp): Promise<void> {
  const error = await query(use, asked).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  check(
    error instanceof ComponentError && error.code === code,
    `the query fails with ${code}, not ${String(error)}`,
  );
  check(says.test(error.message), `the error says ${says}, not ${error.message}`);
}

/** Every page's keys, the next one asked for as long as there is a token. */
async function pages(
  use: Use,
  asked: Partial<StateQuery>,
  between = async (_page: number) => undefined as unknown,
) {
  const found: (readonly string[])[] = [];
  let token: string | undefined;
  do {
    const result = await query(use, { ...asked, token });
    found.push(keysOf(result));
    check(found.length < 1000, "the pages come to an end");
    token = result.token;
    await between(found.length);
  } while (token !== undefined);
  return found;
}

/** One item for every kind of value, in the order in which a sort has them. */
const ascending: readonly (readonly [key: string, value: unknown])[] = [
  ["0-missing", {}],
  ["1-null", { v: null }],
  ["2-object", { v: { v: 1 } }],
  ["3-array", { v: [1] }],
  ["4-scalar", 7],
  ["5-list", [{ v: 1 }]],
  ["a", { v: -1e300 }],
  ["b", { v: -2 }],
  ["c", { v: 0 }],
  ["d", { v: 1.5 }],
  ["e", { v: 10 }],
  ["f", { v: 1e300 }],
  ["g", { v: false }],
  ["h", { v: true }],
  ["i", { v: "" }],
  ["j", { v: "\0" }],
  ["k", { v: "-2" }],
  ["l", { v: "10" }],
  ["m", { v: "9" }],
  ["n", { v: "Z" }],
  ["o", { v: "a" }],
  ["p", { v: "a\0" }],
  ["q", { v: "a'b\"c\\d%_" }],
  ["r", { v: "\u00e9" }],
  ["s", { v: "\uffee" }],
  ["t", { v: "\u{1F600}" }],
];

const team = Array.from({ length: 60 }, (_, i) =>
  json(`p${String(i).padStart(2, "0")}`, {
    person: { org: ["Dev", "Ops", "Sales"][i % 3], id: 1000 - i },
    city: `c${i % 7}`,
  }),
);

const comparisons: readonly (readonly [Filter, string])[] = [
  [eq("v", 10), "e"],
  [eq("v", "10"), "l"],
  [eq("v", 1), ""],
  [eq("v", true), "h"],
  [eq("v", false), "g"],
  [eq("v", null), "1-null"],
  [eq("v", ""), "i"],
  [eq("v", "a\0"), "p"],
  [eq("v", "\u{1F600}"), "t"],
  [{ op: "GT", path: ["v"], value: 0 }, "d e f"],
  [{ op: "GTE", path: ["v"], value: 0 }, "c d e f"],
  [{ op: "LT", path: ["v"], value: 0 }, "a b"],
  [{ op: "LTE", path: ["v"], value: 0 }, "a b c"],
  [{ op: "GT", path: ["v"], value: "a" }, "p q r s t"],
  [{ op: "GTE", path: ["v"], value: "\uffee" }, "s t"],
  [{ op: "LT", path: ["v"], value: "10" }, "i j k"],
  [{ op: "LTE", path: ["v"], value: "" }, "i"],
  [{ op: "IN", path: ["v"], values: [] }, ""],
  [{ op: "IN", path: ["v"], values: ["9", 9, 1.5, true, null] }, "1-null d h m"],
  [
    {
      op: "AND",
      filters: [
        { op: "GT", path: ["v"], value: -2 },
        { op: "LT", path: ["v"], value: 10 },
      ],
    },
    "c d",
  ],
  [{ op: "OR", filters: [eq("v", "Z"), { op: "GT", path: ["v"], value: 10 }] }, "f n"],
];

export const queries: readonly Case[] = [
  {
    name: "finds by every operator, each type of value for itself",
    needs: ["QUERY_API"],
    async run(use) {
      await put(use.store, ascending.map(([key, value]) => json(key, value)).reverse());
      await use.again();
      for (const [filter, expected] of comparisons) {
        equal((await keys(use, { filter })).join(" "), expected, JSON.stringify(filter));
      }
      const all = ascending.map(([key]) => key);
      for (const value of [10, "Z", true, null, "nobody"]) {
        const [hit] = await keys(use, { filter: eq("v", value) });
        const rest = all.filter((key) => key !== hit);
        equal(await keys(use, { filter: { op: "NEQ", path: ["v"], value } }), rest, `NEQ ${String(value)}`);
      }
    },
  },
  {
    name: "sorts what is no value first, then numbers, booleans and strings, and in reverse",
    needs: ["QUERY_API"],
    async run(use) {
      await put(
        use.store,
        [...ascending].reverse().map(([key, value]) => json(key, value)),
      );
      await use.again();
      const all = ascending.map(([key]) => key);
      equal(await keys(use, { sort: [by("v")] }), all, "ascending");
      equal(await keys(use, { sort: [by("v", "DESC")] }), [...all].reverse(), "descending");
      for (const limit of [1, 4, 7]) {
        equal((await pages(use, { sort: [by("v")], limit })).flat(), all, `in pages of ${limit}`);
        const reverse = (await pages(use, { sort: [by("v", "DESC")], limit })).flat();
        equal(reverse, [...all].reverse(), `in reverse, in pages of ${limit}`);
      }
    },
  },
  {
    name: "combines filters, sorts by several members and pages through the results",
    needs: ["QUERY_API"],
    async run(use) {
      await put(use.store, team);
      await use.again();
      const filter: Filter = {
        op: "OR",
        filters: [
          {
            op: "AND",
            filters: [eq("person.org", "Dev"), { op: "IN", path: ["city"], values: ["c0", "c3"] }],
          },
          { op: "LTE", path: ["person", "id"], value: 942 },
        ],
      };
      const sort = [by("city", "DESC"), by("person.id")];
      const found = ["p59", "p45", "p24", "p03", "p58", "p42", "p21", "p00"];
      equal(await keys(use, { filter, sort }), found, "at once");
      equal(
        await pages(use, { filter, sort, limit: 3 }),
        [found.slice(0, 3), found.slice(3, 6), found.slice(6)],
        "in pages",
      );
      equal(await pages(use, { filter, sort, limit: 8 }), [found], "a page that is just full is the last");
      equal(
        (await query(use, { filter, sort, limit: 2, indexName: "people" })).items.length,
        2,
        "of a named index",
      );
    },
  },
  {
    name: "answers values and ETags as they are read by key",
    needs: ["QUERY_API", "ETAG"],
    async run(use) {
      await put(use.store, [upsert("app||k", '{ "v" : 1.0e1,\n"w":"\\u00e9" }'), json("l", { v: 11 })]);
      await use.again();
      const { items } = await query(use, { filter: eq("v", 10) });
      equal(
        items.map(({ key, value, etag: found }) => ({ key, value, etag: found })),
        [
          {
            key: "app||k",
            value: (await use.store.get("app||k", undefined))?.value,
            etag: await etag(use.store, "app||k"),
          },
        ],
        "the item",
      );
      items[0]?.value.fill(0);
      await put(use.store, [json("k", { v: 12 }, { etag: items[0]?.etag })]);
      equal(await keys(use, { filter: eq("v", 10) }), [], "by its former value");
      equal(await keys(use, { filter: eq("v", 12) }), ["k"], "by its new value");
    },
  },
  {
    name: "follows writes, deletes and transactions that fail",
    needs: ["QUERY_API", "TRANSACTIONAL", "ETAG"],
    async run(use) {
      await put(use.store, [json("a", { v: 1 }), json("b", { v: 1 }), json("c", { v: 1 })]);
      await put(use.store, [json("a", { v: 2 }), remove("app||b")], { atomic: true });
      await use.store.write({
        operations: [json("c", { v: 2 }), remove("app||a"), json("d", { v: 2 }, { etag: "no-such-etag" })],
        atomic: true,
        consistency: undefined,
        requestId: undefined,
      });
      await use.again();
      equal(
        [await keys(use, { filter: eq("v", 1) }), await keys(use, { filter: eq("v", 2) })],
        [["c"], ["a"]],
        "found",
      );
      await put(use.store, [upsert("app||c", "no JSON"), upsert("app||a", Uint8Array.of(0xff, 1))]);
      equal(await keys(use), [], "what is no JSON");
    },
  },
  {
    name: "never shows what is no JSON, nor what has expired",
    needs: ["QUERY_API", "TTL"],
    async run(use) {
      await put(use.store, [
        json("kept", { v: 1 }),
        json("short", { v: 1 }, { ttlInSeconds: 5 }),
        upsert("app||text", "plain"),
        upsert("app||bom", '\ufeff{"v":1}'),
        upsert("app||bytes", Uint8Array.of(0xff, 0xfe)),
        upsert("app||nothing", ""),
        upsert("app||lax", "{v:1}"),
      ]);
      await use.again();
      equal(await keys(use, { filter: eq("v", 1) }), ["kept", "short"], "before");
      equal(
        (await query(use, { filter: eq("v", 1) })).items[1]?.expiresAt !== undefined,
        true,
        "a time of expiry",
      );
      await use.clock.advance(6_000);
      equal(await keys(use, { filter: eq("v", 1) }), ["kept"], "after");
      equal(await keys(use), ["kept"], "of all");
      equal(await keys(use, { filter: { op: "NEQ", path: ["v"], value: 2 } }), ["kept"], "by NEQ");
    },
  },
  {
    name: "takes any name of a member, and reads own members only",
    needs: ["QUERY_API"],
    async run(use) {
      const names = ["__proto__", 'quo"te', "back\\slash", "it's", "\u{1F600}"];
      await put(
        use.store,
        names.map((name, i) =>
          upsert(`app||${i}`, `{${JSON.stringify(name)}:"here","${name === "v" ? "w" : "v"}":${i}}`),
        ),
      );
      await use.again();
      for (const [i, name] of names.entries()) {
        equal(await keys(use, { filter: eq(name, "here") }), [String(i)], name);
        equal(
          await keys(use, { filter: { op: "NEQ", path: [name], value: "here" }, limit: 2 }).then(
            (k) => k.length,
          ),
          2,
          name,
        );
      }
    },
  },
  {
    name: "finds under its prefix only, and of actors their own items",
    needs: ["QUERY_API"],
    async run(use) {
      const value = { v: 1 };
      const stored = [
        "app||a",
        "app||b",
        "app2||a",
        "a",
        "ap",
        "app||Car||1||speed",
        "app||Car||2||speed",
        "app||Car||2||owner",
        "app||Carx||3||speed",
      ];
      await put(
        use.store,
        stored.map((key) => upsert(key, JSON.stringify(value))),
      );
      await use.again();
      const found = async (asked: Partial<StateQuery>) =>
        (await query(use, { filter: eq("v", 1), ...asked })).items.map(({ key }) => key);
      equal(await found({}), ["app||a", "app||b"], "of the app");
      equal(await found({ keyPrefix: "" }), ["a", "ap"], "without a prefix");
      const cars = { keyPrefix: "app||Car||", actors: { key: undefined } };
      equal(
        await found(cars),
        ["app||Car||1||speed", "app||Car||2||owner", "app||Car||2||speed"],
        "of actors",
      );
      equal(
        await found({ ...cars, actors: { key: "speed" } }),
        ["app||Car||1||speed", "app||Car||2||speed"],
        "of one key",
      );
      equal(await found({ ...cars, actors: { key: "%" } }), [], "of a key that is no pattern");
    },
  },
  {
    name: "pages on while others write: what stays as it was comes once",
    needs: ["QUERY_API"],
    async run(use) {
      await put(use.store, team);
      const stays = team.map(({ key }) => key.slice(5)).filter((_, i) => i % 4 !== 0);
      const between = async (page: number) => {
        await put(use.store, [
          remove(`app||p${String(page * 4).padStart(2, "0")}`),
          json(`p${String(60 - page * 4).padStart(2, "0")}`, { person: { id: page % 2 === 0 ? 0 : 5000 } }),
          json(`new${page}`, { person: { id: 970 } }),
        ]);
        await use.again();
      };
      const found = (await pages(use, { sort: [by("person.id")], limit: 7 }, between)).flat();
      equal(
        stays.map((key) => found.filter((one) => one === key).length),
        stays.map(() => 1),
        "how often each came that was left alone",
      );
    },
  },
  {
    name: "a token is for its own query",
    needs: ["QUERY_API"],
    async run(use) {
      await put(use.store, team);
      const asked = { filter: eq("person.org", "Dev"), sort: [by("city")], limit: 2 };
      const { token } = await query(use, asked);
      check(token !== undefined, "there is a next page");
      await use.again();
      equal((await query(use, { ...asked, limit: 5, token })).items.length, 5, "a page of another size");
      const others: Partial<StateQuery>[] = [
        { filter: eq("person.org", "Ops") },
        { sort: [by("city", "DESC")] },
        { sort: [] },
        { keyPrefix: "another||" },
        { token: `${token}x` },
        { token: "%" },
        { token: "1" },
      ];
      for (const other of others) {
        await refused(use, { ...asked, token, ...other }, "INVALID_ARGUMENT", /token of|token that/);
      }
    },
  },
  {
    name: "is refused where no one index covers its members",
    needs: ["QUERY_API"],
    async run(use) {
      await put(use.store, team);
      const code = "FAILED_PRECONDITION";
      await refused(use, { filter: eq("person.name", "x") }, code, /person\.name .*queryIndexes.*queryScan/);
      await refused(use, { filter: eq("city", "c1"), sort: [by("v")] }, code, /v is not/);
      await refused(use, { sort: [by("person")] }, code, /person is not/);
      await refused(
        use,
        { filter: eq("city", "c1"), indexName: "odd" },
        code,
        /city is not in the index odd/,
      );
      await refused(use, { indexName: "nobody" }, "INVALID_ARGUMENT", /queryIndexName.*people, odd/);
    },
  },
  {
    name: "takes a filter of a thousand comparisons",
    needs: ["QUERY_API"],
    async run(use) {
      await put(use.store, team);
      const filters = Array.from({ length: 1000 }, (_, i) => eq("person.id", 2 * i));
      equal((await keys(use, { filter: { op: "OR", filters } })).length, 30, "of one of them");
      const others = filters.map(({ path, value }): Filter => ({ op: "NEQ", path, value }));
      equal((await keys(use, { filter: { op: "AND", filters: others } })).length, 30, "of none of them");
      const values = Array.from({ length: 1000 }, (_, i) => 2 * i);
      equal(
        (await keys(use, { filter: { op: "IN", path: path("person.id"), values } })).length,
        30,
        "in a list",
      );
    },
  },
  {
    name: "finds a few among a thousand",
    needs: ["QUERY_API"],
    async run(use) {
      const many = Array.from({ length: 1000 }, (_, i) =>
        json(`${i}`, { city: `c${i % 100}`, person: { id: i } }),
      );
      await put(use.store, many);
      await use.again();
      equal((await keys(use, { filter: eq("city", "c7") })).length, 10, "by a value");
      const last = await keys(use, { sort: [by("person.id", "DESC")], limit: 3 });
      equal(last, ["999", "998", "997"], "the last by a member");
      equal(
        (await pages(use, { limit: 300 })).map((page) => page.length),
        [300, 300, 300, 100],
        "all, in pages",
      );
    },
  },
];
