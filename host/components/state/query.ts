import type { Item } from "./store.ts";

export type Scalar = string | number | boolean | null;

/** Names of members from the value's root. */
export type Path = readonly string[];

/** The filter of a state query (dapr-http-api §1.2), checked. An item whose value has nothing at a path matches NEQ alone. */
export type Filter =
  | { readonly op: "EQ" | "NEQ" | "GT" | "GTE" | "LT" | "LTE"; readonly path: Path; readonly value: Scalar }
  | { readonly op: "IN"; readonly path: Path; readonly values: readonly Scalar[] }
  | { readonly op: "AND" | "OR"; readonly filters: readonly Filter[] };

export interface StateQuery {
  /** Only items whose stored key begins with it: the app's own. */
  readonly keyPrefix: string;
  /** `metadata.queryIndexName` of the request. */
  readonly indexName: string | undefined;
  readonly filter: Filter | undefined;
  readonly sort: readonly { readonly path: Path; readonly order: "ASC" | "DESC" }[];
  /** Undefined: all. */
  readonly limit: number | undefined;
  /** Of the page before; opaque to all but the store. */
  readonly token: string | undefined;
}

export interface QueryResult {
  /** With the stored key, prefix included. */
  readonly items: readonly (Item & { readonly key: string })[];
  /** Undefined after the last page. */
  readonly token: string | undefined;
}
