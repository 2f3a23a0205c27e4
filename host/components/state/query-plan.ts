import type { Filter, Path, Scalar, StateQuery } from "./query.ts";

/** Of the items in the order of one path, those with one value, or above or below one of its type; undefined: all. */
export type ValueRange =
  | { readonly op: "EQ"; readonly value: Scalar }
  | { readonly op: "GT" | "GTE" | "LT" | "LTE"; readonly value: string | number }
  | undefined;

/** Where an index that has its items in order finds all that a query asks for, and perhaps more. */
export interface Plan {
  /** Undefined: by their keys. */
  readonly path: Path | undefined;
  readonly ranges: readonly ValueRange[];
  /** That of the results, so that a page is full with its first matches. Undefined: any, because all must be seen. */
  readonly order: "ASC" | "DESC" | undefined;
}

/** The shortest way to a query's items: by values that are asked for, in the order of its sort, or past all of them. */
export function planOf({ filter, sort, limit }: StateQuery): Plan {
  const filters = conjuncts(filter);
  for (const one of filters) {
    if (one.op !== "EQ" && one.op !== "IN") continue;
    const values = one.op === "EQ" ? [one.value] : [...new Set(one.values)];
    return { path: one.path, ranges: values.map((value) => ({ op: "EQ", value })), order: undefined };
  }
  const ranges = filters.flatMap((one) =>
    "filters" in one || one.op === "NEQ" || one.op === "EQ" || one.op === "IN" ? [] : [one],
  );
  const [first] = sort;
  if (limit === undefined || sort.length > 1) {
    return { path: ranges[0]?.path, ranges: [ranges[0]], order: undefined };
  }
  const name = first?.path.join(".");
  const range = ranges.find(({ path }) => path.join(".") === name);
  return { path: first?.path, ranges: [range], order: first?.order ?? "ASC" };
}

/** Filters that must all match for the whole one to match. */
export function conjuncts(filter: Filter | undefined): readonly Filter[] {
  if (filter === undefined) return [];
  return filter.op === "AND" ? filter.filters.flatMap(conjuncts) : [filter];
}
