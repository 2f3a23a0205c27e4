import type { Filter } from "../../../host/components/state/query.ts";
import { by, eq, json, keys, pages, path, query, refused, team } from "./query.ts";
import { type Case, equal, put, upsert } from "./scenario.ts";

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

/** What is found, and in which order. */
export const queryFilters: readonly Case[] = [
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
    name: "compares texts of any length",
    needs: ["QUERY_API"],
    async run(use) {
      const long = "x".repeat(1_000_000);
      await put(use.store, [
        json("long", { v: long }),
        json("longer", { v: `${long}y` }),
        json("short", { v: "x" }),
      ]);
      await use.again();
      equal(await keys(use, { filter: eq("v", long) }), ["long"], "equal");
      equal(await keys(use, { filter: { op: "GT", path: ["v"], value: long } }), ["longer"], "above");
      equal(
        (await pages(use, { sort: [by("v")], limit: 1 })).flat(),
        ["short", "long", "longer"],
        "in pages",
      );
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
