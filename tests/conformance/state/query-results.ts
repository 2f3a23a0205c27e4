import type { StateQuery } from "../../../host/components/state/query.ts";
import { by, eq, json, keys, pages, query, refused, team } from "./query.ts";
import { type Case, check, equal, etag, put, remove, upsert } from "./scenario.ts";

/** What becomes of it: values, expiry, prefixes, and pages. */
export const queryResults: readonly Case[] = [
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
      const { expiresAt } = (await query(use, { filter: eq("v", 1) })).items[1] ?? {};
      check(expiresAt === undefined || expiresAt === use.clock.now() + 5_000, "no other time of expiry");
      await use.clock.advance(6_000);
      equal(await keys(use, { filter: eq("v", 1) }), ["kept"], "after");
      equal(await keys(use), ["kept"], "of all");
      equal(await keys(use, { filter: { op: "NEQ", path: ["v"], value: 2 } }), ["kept"], "by NEQ");
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
];
