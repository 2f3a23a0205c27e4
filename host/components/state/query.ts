import type { Item } from "./store.ts";

export type Scalar = string | number | boolean | null;

/** Names of members from the value's root. An array has no members. */
export type Path = readonly string[];

interface Comparison<Op extends string, Value> {
  readonly op: Op;
  readonly path: Path;
  readonly value: Value;
}

/**
 * The filter of a state query (dapr-http-api §1.2), checked. Values of different types are never equal and none is
 * above or below the other; what is no scalar at a path, or not there, matches NEQ alone.
 */
export type Filter =
  | Comparison<"EQ", Scalar>
  | Comparison<"NEQ", Scalar>
  | Comparison<"GT" | "GTE" | "LT" | "LTE", string | number>
  | { readonly op: "IN"; readonly path: Path; readonly values: readonly Scalar[] }
  | { readonly op: "AND" | "OR"; readonly filters: readonly Filter[] };

/**
 * Ascending: first what has no value or null there, then numbers, then false and true, then strings by code point.
 * Items that are equal are in the order of their keys by code point, in the direction of the first sort.
 */
export interface Sort {
  readonly path: Path;
  readonly order: "ASC" | "DESC";
}

export interface StateQuery {
  /** Only items whose stored key begins with it: the app's own, or those of one type of its actors. */
  readonly keyPrefix: string;
  /** Undefined: items of the API, whose keys have no separator after the prefix. Else those of actors, `id||key`. */
  readonly actors: ActorItems | undefined;
  /** `metadata.queryIndexName` of the request. */
  readonly indexName: string | undefined;
  readonly filter: Filter | undefined;
  readonly sort: readonly Sort[];
  /** Undefined: all. */
  readonly limit: number | undefined;
  /** Of the page before; made and read by `query-page.ts`. */
  readonly token: string | undefined;
}

export interface ActorItems {
  /** Only what the actors keep under this key; undefined: under any. */
  readonly key: string | undefined;
}

/** An item with its stored key, prefix included. A store that would have to ask for its time of expiry leaves that out. */
export interface KeyedItem extends Item {
  readonly key: string;
}

export interface QueryResult {
  readonly items: readonly KeyedItem[];
  /** Undefined after the last page. */
  readonly token: string | undefined;
}

/** The members that a dotted path names; undefined where one of them has no name. */
export function pathOf(text: string): Path | undefined {
  const path = text.split(".");
  return path.includes("") ? undefined : path;
}
