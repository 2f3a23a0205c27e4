import type { Filter, Path, Scalar, StateQuery } from "../../host/components/state/query.ts";
import { type Position, readToken } from "../../host/components/state/query-page.ts";
import { conjuncts, placeOf, rankOf, rowOf } from "../../host/components/state/query-values.ts";
import type { Entry } from "./state-layout.ts";

/** Under this path, which is no member's, every item stands by its key alone. */
const BY_KEY = "";

/** Above every string in the order of keys. */
const LAST: readonly never[] = [];

/** IndexedDB orders text by UTF-16 units; in this spelling that is the order of code points. */
function spelled(text: string): string {
  return text.replace(/[\ud800-\uffff]/g, (unit) => String.fromCharCode(placeOf(unit.charCodeAt(0))));
}

function placed(value: Scalar | undefined): readonly [rank: number, value: number | string] {
  const rank = rankOf(value);
  return [rank, typeof value === "string" ? spelled(value) : rank === 0 ? 0 : Number(value)];
}

/** What an item is found by; undefined for a value that is not JSON. */
export function entriesOf(
  key: string,
  value: Uint8Array,
  paths: readonly Path[],
): readonly Entry[] | undefined {
  const row = rowOf(key, value);
  if (row === undefined) return undefined;
  const name = spelled(key);
  return [
    [BY_KEY, 0, 0, name],
    ...paths.map((path): Entry => [path.join("."), ...placed(row.at(path)), name]),
  ];
}

/** Entries that hold what a query asks for, and perhaps more. */
export interface Plan {
  readonly path: string;
  readonly ranges: readonly IDBKeyRange[];
  /** Undefined: in any order. Else that of the results, so that a page is full with its first matches. */
  readonly direction: "next" | "prev" | undefined;
}

/** The shortest way to a query's items: by values that are asked for, in the order of its sort, or all of them. */
export function planOf(query: StateQuery): Plan {
  const { sort, limit, keyPrefix } = query;
  const filters = conjuncts(query.filter);
  for (const one of filters) {
    if (one.op !== "EQ" && one.op !== "IN") continue;
    const path = one.path.join(".");
    const values = one.op === "EQ" ? [one.value] : [...new Set(one.values)];
    return {
      path,
      ranges: values.map((value) => keysAt(path, placed(value), keyPrefix)),
      direction: undefined,
    };
  }
  const [first] = sort;
  if (limit !== undefined && sort.length <= 1) {
    const path = first?.path.join(".") ?? BY_KEY;
    const range = first === undefined ? keysAt(path, [0, 0], keyPrefix) : within(path, filters);
    const direction = first?.order === "DESC" ? "prev" : "next";
    const rest = after(range, path, readToken(query), direction);
    return { path, ranges: rest === undefined ? [] : [rest], direction };
  }
  const bounded = filters.find((one) => "value" in one && one.op !== "NEQ");
  const path = bounded !== undefined && "path" in bounded ? bounded.path.join(".") : BY_KEY;
  const range = path === BY_KEY ? keysAt(path, [0, 0], keyPrefix) : within(path, filters);
  return { path, ranges: [range], direction: undefined };
}

/** The items with one value whose keys begin with `prefix`, which ends in a separator. */
function keysAt(path: string, place: ReturnType<typeof placed>, prefix: string): IDBKeyRange {
  const first = spelled(prefix);
  const last = first.length - 1;
  const end = last < 0 ? LAST : first.slice(0, last) + String.fromCharCode(first.charCodeAt(last) + 1);
  return IDBKeyRange.bound([path, ...place, first], [path, ...place, end], false, true);
}

/** What one of the filters leaves of a path. */
function within(path: string, filters: readonly Filter[]): IDBKeyRange {
  for (const one of filters) {
    if (!("value" in one) || one.op === "EQ" || one.op === "NEQ" || one.path.join(".") !== path) continue;
    const [rank, value] = placed(one.value);
    const at = [path, rank, value];
    switch (one.op) {
      case "GT":
        return IDBKeyRange.bound([...at, LAST], [path, rank, LAST]);
      case "GTE":
        return IDBKeyRange.bound(at, [path, rank, LAST]);
      case "LT":
        return IDBKeyRange.bound([path, rank], at);
      case "LTE":
        return IDBKeyRange.bound([path, rank], [...at, LAST]);
    }
  }
  return IDBKeyRange.bound([path], [path, LAST]);
}

/** What of a range comes after a position; undefined: nothing. */
function after(
  range: IDBKeyRange,
  path: string,
  position: Position | undefined,
  direction: "next" | "prev",
): IDBKeyRange | undefined {
  if (position === undefined) return range;
  const { lower, upper, lowerOpen, upperOpen } = range;
  const at = [path, ...placed(position.values[0]), spelled(position.key)];
  if (direction === "prev") {
    return indexedDB.cmp(lower, at) < 0 ? IDBKeyRange.bound(lower, at, lowerOpen, true) : undefined;
  }
  return indexedDB.cmp(at, upper) < 0 ? IDBKeyRange.bound(at, upper, true, upperOpen) : undefined;
}
