import { ComponentError } from "../../errors/component-error.ts";
import type { KeyedItem, QueryResult, Scalar, StateQuery } from "./query.ts";
import { compareScalars, compareText, isAsked, predicate, type Row, rowOf } from "./query-values.ts";

/** Where an item stands among the results of a query: what it is sorted by, and its key. */
export interface Position {
  readonly values: readonly (Scalar | undefined)[];
  readonly key: string;
}

/** Answers a query from all the items there are: what it means, for every store. Expired ones must be left out. */
export function evaluateQuery(query: StateQuery, items: Iterable<KeyedItem>): QueryResult {
  const found = new Map<Row, KeyedItem>();
  for (const item of items) {
    const row = isAsked(query, item.key) ? rowOf(item.key, item.value) : undefined;
    if (row !== undefined) found.set(row, item);
  }
  const { rows, token } = selectPage(query, found.keys());
  return { items: rows.map((row) => found.get(row) as KeyedItem), token };
}

/** One page of the rows that match, in order. Throws a ComponentError for a token that is not this query's. */
export function selectPage<R extends Row>(
  query: StateQuery,
  rows: Iterable<R>,
): { readonly rows: readonly R[]; readonly token: string | undefined } {
  const { sort, limit } = query;
  const matches = predicate(query.filter);
  const compare = ordering(query);
  const after = readToken(query);
  const found: { readonly row: R; readonly position: Position }[] = [];
  const settle = () => found.sort((a, b) => compare(a.position, b.position));
  const kept = limit === undefined ? Number.POSITIVE_INFINITY : limit + 1;
  let worst: Position | undefined;
  for (const row of rows) {
    if (!matches(row)) continue;
    const position = { values: sort.map(({ path }) => row.at(path)), key: row.key };
    if (after !== undefined && compare(after, position) >= 0) continue;
    if (worst !== undefined && compare(position, worst) >= 0) continue;
    found.push({ row, position });
    if (found.length <= 2 * kept) continue;
    // What no page can show any more need not be kept.
    settle().splice(kept);
    worst = found.at(-1)?.position;
  }
  const page = settle().slice(0, limit);
  const last = page.at(-1);
  const more = last !== undefined && page.length < found.length;
  return { rows: page.map(({ row }) => row), token: more ? writeToken(query, last.position) : undefined };
}

function ordering({ sort }: StateQuery): (a: Position, b: Position) => number {
  const directions = sort.map(({ order }) => (order === "DESC" ? -1 : 1));
  const [first = 1] = directions;
  return (a, b) => {
    for (const [i, direction] of directions.entries()) {
      const difference = compareScalars(a.values[i], b.values[i]);
      if (difference !== 0) return difference * direction;
    }
    return compareText(a.key, b.key) * first;
  };
}

/** The token of the page after the one that ends at `position`. */
export function writeToken(query: StateQuery, { values, key }: Position): string {
  const text = JSON.stringify([fingerprint(query), key, ...values.map(writeValue)]);
  return encodeURIComponent(text);
}

/** Where the page before ended; undefined for the first one. Throws a ComponentError for another query's token. */
export function readToken(query: StateQuery): Position | undefined {
  if (query.token === undefined) return undefined;
  try {
    const parts: unknown = JSON.parse(decodeURIComponent(query.token));
    if (Array.isArray(parts) && parts.length === query.sort.length + 2) {
      const [origin, key, ...values] = parts;
      if (origin === fingerprint(query) && typeof key === "string")
        return { key, values: values.map(readValue) };
    }
  } catch {
    // Said below.
  }
  throw new ComponentError(
    "INVALID_ARGUMENT",
    "page.token: expected the token that the page before was answered with, for the same filter and sort",
  );
}

/** JSON knows no infinite numbers, and they can be stored: 1e999 is one. */
function writeValue(value: Scalar | undefined): Scalar | readonly [string] {
  if (value === undefined) return null;
  return typeof value === "number" && !Number.isFinite(value) ? [String(value)] : value;
}

function readValue(value: unknown): Scalar | undefined {
  if (Array.isArray(value)) return Number(value[0]);
  if (value === null || ["number", "boolean", "string"].includes(typeof value)) return value as Scalar;
  throw new Error("no value of a token");
}

/** Tells one query's tokens from another's: a number of what decides which items come in which order (FNV-1a). */
function fingerprint({ keyPrefix, actors, filter, sort }: StateQuery): number {
  const text = JSON.stringify([keyPrefix, actors?.key ?? actors, filter, sort]);
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
