import type { Path, Scalar, StateQuery } from "../../host/components/state/query.ts";
import { type Position, readToken } from "../../host/components/state/query-page.ts";
import type { Plan, ValueRange } from "../../host/components/state/query-plan.ts";
import { placeOf, rankOf, rowOf } from "../../host/components/state/query-values.ts";
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
  return [[BY_KEY, 0, 0, name], ...paths.map((path): Entry => [nameOf(path), ...placed(row.at(path)), name])];
}

/** The entries that a plan leads to, a range of keys each. */
export function rangesOf({ path, ranges, order }: Plan, query: StateQuery): readonly IDBKeyRange[] {
  const name = nameOf(path);
  const position = readToken(query);
  return ranges.flatMap((range) => {
    // By key, all items have the one value that is no value.
    const wanted = path === undefined ? ({ op: "EQ", value: null } as const) : range;
    return after(within(name, wanted, query.keyPrefix), name, position, order) ?? [];
  });
}

/** What entries of a path are called; an item that is found by its key has one without a name. */
export function nameOf(path: Path | undefined): string {
  return path?.join(".") ?? BY_KEY;
}

function within(path: string, range: ValueRange, prefix: string): IDBKeyRange {
  if (range === undefined) return IDBKeyRange.bound([path], [path, LAST]);
  const [rank, value] = placed(range.value);
  const at = [path, rank, value];
  switch (range.op) {
    case "EQ": {
      // One whose last sign is the next one is above all keys with the prefix.
      const first = spelled(prefix);
      const last = first.length - 1;
      const end = last < 0 ? LAST : first.slice(0, last) + String.fromCharCode(first.charCodeAt(last) + 1);
      return IDBKeyRange.bound([...at, first], [...at, end], false, true);
    }
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

/** What of a range comes after a position; undefined: nothing. */
function after(
  range: IDBKeyRange,
  path: string,
  position: Position | undefined,
  order: Plan["order"],
): IDBKeyRange | undefined {
  if (position === undefined || order === undefined) return range;
  const { lower, upper, lowerOpen, upperOpen } = range;
  const at = [path, ...placed(position.values[0]), spelled(position.key)];
  if (order === "DESC") {
    return indexedDB.cmp(lower, at) < 0 ? IDBKeyRange.bound(lower, at, lowerOpen, true) : undefined;
  }
  return indexedDB.cmp(at, upper) < 0 ? IDBKeyRange.bound(at, upper, true, upperOpen) : undefined;
}
