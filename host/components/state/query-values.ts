import { KEY_SEPARATOR } from "./key-prefix.ts";
import type { Filter, Path, Scalar, StateQuery } from "./query.ts";

/** What a query sees of an item. */
export interface Row {
  readonly key: string;
  /** Undefined: no scalar there, or nothing at all. */
  at(path: Path): Scalar | undefined;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A stored value as a query sees it; undefined for one that is not JSON, which no query finds. */
export function rowOf(key: string, value: Uint8Array): Row | undefined {
  let document: unknown;
  try {
    document = JSON.parse(decoder.decode(value));
  } catch {
    return undefined;
  }
  return { key, at: (path) => scalarAt(document, path) };
}

export function scalarAt(document: unknown, path: Path): Scalar | undefined {
  let found = document;
  for (const name of path) {
    if (typeof found !== "object" || found === null || Array.isArray(found) || !Object.hasOwn(found, name)) {
      return undefined;
    }
    found = (found as Record<string, unknown>)[name];
  }
  return typeof found === "object" && found !== null ? undefined : (found as Scalar);
}

/** Whether an item is one of those the query is about, by its stored key. */
export function isAsked({ keyPrefix, actors }: StateQuery, key: string): boolean {
  if (!key.startsWith(keyPrefix)) return false;
  const separator = key.indexOf(KEY_SEPARATOR, keyPrefix.length);
  if (actors === undefined) return separator === -1;
  if (separator === -1) return false;
  return actors.key === undefined || key.slice(separator + KEY_SEPARATOR.length) === actors.key;
}

/** A filter as a function. */
export function predicate(filter: Filter | undefined): (row: Row) => boolean {
  if (filter === undefined) return () => true;
  switch (filter.op) {
    case "AND": {
      const all = filter.filters.map(predicate);
      return (row) => all.every((one) => one(row));
    }
    case "OR": {
      const any = filter.filters.map(predicate);
      return (row) => any.some((one) => one(row));
    }
    case "IN": {
      const values = new Set<Scalar | undefined>(filter.values);
      return (row) => values.has(row.at(filter.path));
    }
    case "EQ":
      return (row) => row.at(filter.path) === filter.value;
    case "NEQ":
      return (row) => row.at(filter.path) !== filter.value;
  }
  const { op, path, value } = filter;
  return (row) => {
    const found = row.at(path);
    if (typeof found !== typeof value) return false;
    const difference = compareScalars(found, value);
    switch (op) {
      case "GT":
        return difference > 0;
      case "GTE":
        return difference >= 0;
      case "LT":
        return difference < 0;
      case "LTE":
        return difference <= 0;
    }
  };
}

/** The place of a type in the order of values. */
export function rankOf(value: Scalar | undefined): number {
  return ["number", "boolean", "string"].indexOf(typeof value) + 1;
}

/** The order of a sort, ascending. Values of rank 0 are equal. */
export function compareScalars(a: Scalar | undefined, b: Scalar | undefined): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  const ranks = rankOf(a) - rankOf(b);
  if (ranks !== 0 || a === null || a === undefined || b === null || b === undefined) return ranks;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By code point, as UTF-8 is ordered; `<` would put what lies beyond the basic plane before the end of it. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return placeOf(x) - placeOf(y);
  }
  return a.length - b.length;
}

/** A UTF-16 unit with the surrogates moved behind all others. */
export function placeOf(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
