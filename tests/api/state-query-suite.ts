import { describe, expect, test } from "vitest";
import type { Answer } from "../hosts/host.ts";
import type { Subject } from "../hosts/subject.ts";
import { isEmpty, isError } from "./answers.ts";
import { stateCalls } from "./state-calls.ts";

interface Results {
  readonly results: readonly { readonly key: string; readonly data: unknown; readonly etag?: string }[];
  readonly token?: string;
}

const malformed: readonly (readonly [body: string, expected: string])[] = [
  ["", "expected JSON"],
  ["{", "expected JSON"],
  ["{} x", "expected JSON"],
  ["[]", "a query: expected an object"],
  ['"x"', "a query: expected an object"],
  ['{"filter":3}', "filter: expected an object"],
  ['{"Filter":[]}', "filter: expected an object"],
  ['{"filter":{"LIKE":{"a":1}}}', "unsupported filter; expected EQ"],
  ['{"filter":{"eq":{"a":1}}}', "unsupported filter; expected EQ"],
  ['{"filter":{"EQ":{"a":1},"NEQ":{"b":1}}}', "filter: expected an object of one member"],
  ['{"filter":{"EQ":3}}', "filter.EQ: expected an object"],
  ['{"filter":{"EQ":{}}}', "filter.EQ: expected an object of one member"],
  ['{"filter":{"EQ":{"a":1,"b":2}}}', "filter.EQ: expected an object of one member"],
  ['{"filter":{"EQ":{"a":{}}}}', "filter.EQ.a: expected a string, a number, a boolean or null"],
  ['{"filter":{"EQ":{"":1}}}', "filter.EQ: expected the path of a member"],
  ['{"filter":{"EQ":{"a..b":1}}}', "filter.EQ: expected the path of a member"],
  ['{"filter":{"GT":{"a":true}}}', "filter.GT.a: expected a number or a string"],
  ['{"filter":{"IN":{"a":1}}}', "filter.IN.a: expected an array"],
  ['{"filter":{"IN":{"a":[[]]}}}', "filter.IN.a: expected a string"],
  ['{"filter":{"AND":{}}}', "filter.AND: expected an array"],
  ['{"filter":{"AND":[{"EQ":{"a":1}}]}}', "filter.AND: expected two filters or more"],
  ['{"filter":{"OR":[{"EQ":{"a":1}},1]}}', "filter.OR[1]: expected an object"],
  ['{"sort":{}}', "sort: expected an array"],
  ['{"sort":[null]}', "sort[0]: expected an object"],
  ['{"sort":[{"order":"ASC"}]}', "sort[0].key: expected the path of a member"],
  ['{"sort":[{"key":"a","order":"up"}]}', "sort[0].order: expected ASC or DESC"],
  ['{"page":3}', "page: expected an object"],
  ['{"page":{"limit":"3"}}', "page.limit: expected a whole number"],
  ['{"page":{"limit":1.5}}', "page.limit: expected a whole number"],
  ['{"page":{"limit":-1}}', "page.limit: expected a whole number"],
  ['{"page":{"token":3}}', "page.token: expected a string"],
  ['{"page":{"token":"x"}}', "page.token: expected the token"],
];

/** Contract of the query of state: dapr-http-api §1.2, its last row. */
export function stateQuerySuite(on: Subject): void {
  const path = (store: string, query = "") => `/v1.0-alpha1/state/${store}/query${query}`;
  const ask = (store: string, body: unknown, query?: string) => on.post(path(store, query), body);
  const served = on.expected("state.query").startsWith("answered");
  const stores = on.has("folder") ? ["memory"] : ["statestore", "memory"];

  test("a store that is not there", async () => {
    isError(await ask("nowhere", {}), 400, "ERR_STATE_STORE_NOT_FOUND");
  });

  test("metadata say which stores take one", async () => {
    const { components } = (await on.fetch("/v1.0/metadata")).json as {
      components: { name: string; capabilities?: string[] }[];
    };
    const queried = (name: string) =>
      components.find((component) => component.name === name)?.capabilities?.includes("QUERY_API");
    expect(stores.map(queried)).toEqual(stores.map(() => served));
    // Of what another sidecar has, its name alone is known.
    if (on.has("sidecar")) expect(queried("encrypted")).toBe(false);
  });

  test("of an encrypted store", async () => {
    isError(await ask("encrypted", {}), 500, on.expected("state.query-encrypted"));
  });

  test.skipIf(served)("of a store that takes none", async () => {
    const answer = await ask("memory", {});
    isError(answer, 500, "ERR_STATE_STORE_NOT_SUPPORTED");
    expect(answer.json).toMatchObject({ message: "state store does not support querying" });
    expect(JSON.stringify(answer.json)).toContain('"reason":"DAPR_STATE_QUERYING_NOT_SUPPORTED"');
  });

  describe.skipIf(!served).each(stores)("%s", (store) => {
    const { etag, save } = stateCalls(on);
    const found = (answer: Answer): Results => {
      expect([answer.status, answer.header("content-type")]).toEqual([200, "application/json"]);
      return answer.json as Results;
    };

    /** Five people of one mark, and the keys of them. */
    async function people(): Promise<{ mark: string; keys: readonly string[] }> {
      const mark = on.key("mark");
      const keys = Array.from({ length: 5 }, (_, i) => `${mark}-${i}`);
      const orgs = ["Dev", "Ops", "Dev", "Sales", "Dev"];
      isEmpty(
        await save(
          store,
          ...keys.map((key, i) => ({ key, value: { mark, person: { org: orgs[i], id: 100 - i } } })),
        ),
      );
      return { mark, keys };
    }

    test("answers keys, values and ETags", async () => {
      const { mark, keys } = await people();
      const filter = { AND: [{ EQ: { mark } }, { IN: { "person.org": ["Ops", "Sales"] } }] };
      const { results, ...rest } = found(await ask(store, { filter, sort: [{ key: "person.id" }] }));
      expect(rest).toEqual({});
      expect(results).toEqual([
        {
          key: keys[3],
          data: { mark, person: { org: "Sales", id: 97 } },
          etag: await etag(store, keys[3] as string),
        },
        {
          key: keys[1],
          data: { mark, person: { org: "Ops", id: 99 } },
          etag: await etag(store, keys[1] as string),
        },
      ]);
    });

    test("answers values as they were written", async () => {
      const key = on.key();
      await on.post(`/v1.0/state/${store}`, `[{"key":"${key}","value":{"mark": "${key}" ,"n":1.0e1}}]`);
      expect((await ask(store, { filter: { EQ: { mark: key } } })).text).toContain(
        `"data":{"mark": "${key}" ,"n":1.0e1}`,
      );
    });

    test("no hits: nothing", async () => {
      isEmpty(await ask(store, { filter: { EQ: { mark: on.key("nobody") } } }));
    });

    test("sorts and pages, by PUT too", async () => {
      const { mark, keys } = await people();
      const query = { filter: { EQ: { mark } }, sort: [{ key: "person.id", order: "DESC" }] };
      const pages: (readonly string[])[] = [];
      let token: string | undefined;
      do {
        const body = { ...query, page: { limit: 2, ...(token !== undefined && { token }) } };
        const page = found(await on.send("PUT", path(store), body));
        pages.push(page.results.map(({ key }) => key));
        token = page.token;
      } while (token !== undefined && pages.length < 9);
      expect(pages).toEqual([keys.slice(0, 2), keys.slice(2, 4), keys.slice(4)]);
    });

    test("an empty filter, and none, find everything of the app", async () => {
      const { keys } = await people();
      for (const body of ["null", "{}", '{"filter":{}}', '{"filter":null,"sort":null,"page":null}']) {
        const all = new Set(found(await ask(store, body)).results.map(({ key }) => key));
        expect(keys.filter((key) => !all.has(key))).toEqual([]);
      }
    });

    test("another app's items are not found", async () => {
      const { mark } = await people();
      const options = {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ filter: { EQ: { mark } } }),
      };
      isEmpty(await on.host.peer.fetch(path(store), options));
    });

    test("by the index that is named", async () => {
      const { mark } = await people();
      const filter = { EQ: { mark } };
      const by = (name: string) => `?metadata.queryIndexName=${name}`;
      expect(found(await ask(store, { filter }, by("people"))).results).toHaveLength(5);
      const sort = [{ key: "person.id" }];
      isError(await ask(store, { filter, sort }, by("others")), 500, "ERR_STATE_QUERY");
      isError(await ask(store, { filter }, by("nobody")), 500, "ERR_STATE_QUERY");
    });

    test("of a member that no index covers", async () => {
      const answer = await ask(store, { filter: { EQ: { "person.name": "x" } } });
      isError(answer, 500, "ERR_STATE_QUERY");
      expect(answer.message).toMatch(/^state store \w+ query failed: person\.name .*queryIndexes.*queryScan/);
      expect(JSON.stringify(answer.json)).toContain('"reason":"DAPR_STATE_QUERY_FAILED"');
    });

    test.each(malformed)("refuses %s", async (body, expected) => {
      const answer = await ask(store, body);
      isError(answer, 500, "ERR_STATE_QUERY");
      expect(answer.message).toContain(expected);
    });

    test("refuses a filter beyond measure", async () => {
      let deep: unknown = { EQ: { mark: 1 } };
      for (let i = 0; i < 40; i++) deep = { AND: [deep, { EQ: { mark: 1 } }] };
      const wide = { IN: { mark: Array.from({ length: 2000 }, (_, i) => i) } };
      for (const filter of [deep, wide]) isError(await ask(store, { filter }), 500, "ERR_STATE_QUERY");
    });

    test("of actors: only what is theirs", async () => {
      isEmpty(await ask(store, {}, "?metadata.actorType=Nobody"));
      isEmpty(await ask(store, {}, "?metadata.actorType=Nobody&metadata.actorKey=speed"));
      isError(await ask(store, {}, "?metadata.actorKey=speed"), 500, "ERR_STATE_QUERY");
      isError(await ask(store, {}, "?metadata.actorType=a%7C%7Cb"), 500, "ERR_STATE_QUERY");
    });
  });
}
