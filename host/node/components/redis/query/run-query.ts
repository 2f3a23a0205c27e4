import type { KeyedItem, QueryResult, StateQuery } from "../../../../components/state/query.ts";
import { selectPage } from "../../../../components/state/query-page.ts";
import { isAsked, type Row, rowOf } from "../../../../components/state/query-values.ts";
import type { Item } from "../../../../components/state/store.ts";
import type { Walk } from "./walk.ts";

/** A row beside what it was read from. */
interface ItemRow extends Row {
  readonly item: KeyedItem;
}

/**
 * One page of the items that a walk comes by. Keeps no more of them than the page needs. `gone` is told of keys that have
 * no item.
 */
export async function runQuery(
  query: StateQuery,
  walk: Walk,
  read: (keys: readonly string[]) => Promise<readonly (Item | undefined)[]>,
  gone: (keys: readonly string[]) => Promise<void>,
): Promise<QueryResult> {
  // One more than the page tells whether another one follows.
  const kept: StateQuery = { ...query, limit: query.limit === undefined ? undefined : query.limit + 1 };
  let rows: readonly ItemRow[] = [];
  for await (const part of walk.parts) {
    const keys = part.filter((key) => isAsked(query, key));
    const items = await read(keys);
    const missing = keys.filter((_, i) => items[i] === undefined);
    if (missing.length > 0) await gone(missing);
    const found = keys.flatMap((key, i) => itemRow(key, items[i]) ?? []);
    rows = selectPage(kept, [...rows, ...found]).rows;
    const last = rows.at(-1);
    if (rows.length === kept.limit && last !== undefined && walk.isPast(last)) break;
  }
  const page = selectPage(query, rows);
  return { items: page.rows.map(({ item }) => item), token: page.token };
}

function itemRow(key: string, item: Item | undefined): ItemRow | undefined {
  const row = item && rowOf(key, item.value);
  return row && { key, at: (path) => row.at(path), item: { ...(item as Item), key } };
}
