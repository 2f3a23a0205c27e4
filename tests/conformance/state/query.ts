import type { KeyedItem, QueryResult, Sort, StateQuery } from "../../../host/components/state/query.ts";
import type { QueryableStore, Upsert } from "../../../host/components/state/store.ts";
import { ComponentError } from "../../../host/errors/component-error.ts";
import { check, type Use, upsert } from "./scenario.ts";

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

export const path = (text: string) => text.split(".");
export const eq = (at: string, value: string | number | boolean | null) =>
  ({ op: "EQ", path: path(at), value }) as const;
export const by = (at: string, order: "ASC" | "DESC" = "ASC"): Sort => ({ path: path(at), order });

export async function query(
  { store }: Pick<Use, "store">,
  asked: Partial<StateQuery> = {},
): Promise<QueryResult> {
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

export async function keys(use: Use, asked: Partial<StateQuery> = {}): Promise<readonly string[]> {
  return keysOf(await query(use, asked));
}

export const json = (key: string, value: unknown, more: Partial<Upsert> = {}) =>
  upsert(`app||${key}`, JSON.stringify(value), more);

export async function refused(
  use: Use,
  asked: Partial<StateQuery>,
  code: string,
  says: RegExp,
): Promise<void> {
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
export async function pages(
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

/** Sixty people of three organisations in seven cities. */
export const team = Array.from({ length: 60 }, (_, i) =>
  json(`p${String(i).padStart(2, "0")}`, {
    person: { org: ["Dev", "Ops", "Sales"][i % 3], id: 1000 - i },
    city: `c${i % 7}`,
  }),
);
