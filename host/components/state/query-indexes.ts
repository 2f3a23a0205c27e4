import { ComponentError } from "../../errors/component-error.ts";
import { type Decoded, field, flag } from "../metadata-schema.ts";
import { type Filter, type Path, pathOf, type StateQuery } from "./query.ts";

/** One index of a component's `queryIndexes`. */
export interface QueryIndex {
  readonly name: string;
  /** Dapr's types of its search engine; a store of values by their own types needs none of them. */
  readonly paths: readonly { readonly path: Path; readonly type: string }[];
}

const form =
  'expected JSON of the form [{"name": "people", "indexes": [{"key": "person.org", "type": "TEXT"}]}]';
const types = ["TEXT", "NUMERIC", "TAG"];

function decode(text: string): readonly QueryIndex[] {
  if (text.trim() === "") return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error(form);
  }
  if (!Array.isArray(parsed)) throw new Error(form);
  const names = new Set<string>();
  return parsed.map((entry: unknown) => {
    const { name, indexes } = members(entry);
    if (typeof name !== "string" || name === "" || !Array.isArray(indexes) || indexes.length === 0)
      throw new Error(form);
    if (names.has(name)) throw new Error(`expected one index of the name ${name}`);
    names.add(name);
    const paths = indexes.map((index: unknown) => {
      const { key, type } = members(index);
      const path = typeof key === "string" ? pathOf(key) : undefined;
      if (path === undefined) throw new Error(form);
      if (typeof type !== "string" || !types.includes(type.toUpperCase())) {
        throw new Error(`expected one of ${types.join(", ")} for the type of ${key}`);
      }
      return { path, type: type.toUpperCase() };
    });
    return { name, paths };
  });
}

function members(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new Error(form);
  return value as Record<string, unknown>;
}

/** The metadata of every store that has the feature QUERY_API. */
export const queryMetadata = {
  queryIndexes: field(decode)(
    "Dapr's JSON of the indexes that queries may use: their names, and the members that they cover.",
    [],
  ),
  queryScan: flag("Answer queries that no index covers too, by reading every item of the app.", false),
};

/** What {@link queryMetadata} are decoded to. */
export type QueryOptions = Decoded<typeof queryMetadata>;

/** Every path that is declared, once. */
export function indexedPaths(indexes: readonly QueryIndex[]): readonly Path[] {
  const all = indexes.flatMap(({ paths }) => paths.map(({ path }) => path));
  return [...new Map(all.map((path) => [path.join("."), path])).values()];
}

/** Paths of the query's filter and sort. */
function pathsOf({ filter, sort }: StateQuery): readonly Path[] {
  const ofFilter = (one: Filter): readonly Path[] =>
    "filters" in one ? one.filters.flatMap(ofFilter) : [one.path];
  return [...(filter === undefined ? [] : ofFilter(filter)), ...sort.map(({ path }) => path)];
}

/**
 * Whether an index covers the query: the one that the request names, or else any. False: it has to be answered by a
 * scan, which `queryScan` allows. Throws a ComponentError where nothing may answer it.
 */
export function isCovered(
  component: string,
  query: StateQuery,
  { queryIndexes, queryScan }: QueryOptions,
): boolean {
  const { indexName } = query;
  const candidates =
    indexName === undefined ? queryIndexes : queryIndexes.filter(({ name }) => name === indexName);
  if (indexName !== undefined && candidates.length === 0) {
    const names = queryIndexes.map(({ name }) => name).join(", ") || "none";
    throw new ComponentError(
      "INVALID_ARGUMENT",
      `metadata.queryIndexName: expected an index of component ${component} (${names})`,
    );
  }
  let missing: string | undefined;
  for (const { paths } of candidates) {
    const covered = new Set(paths.map(({ path }) => path.join(".")));
    const uncovered = pathsOf(query).find((path) => !covered.has(path.join(".")));
    if (uncovered === undefined) return true;
    missing ??= `${uncovered.join(".")} is not in ${
      candidates.length === 1 ? `the index ${candidates[0]?.name}` : "one index with the query's other paths"
    }`;
  }
  if (queryScan) return false;
  throw new ComponentError(
    "FAILED_PRECONDITION",
    `${missing ?? "no index is declared"}: declare it in the metadata field queryIndexes of component ${component}, or allow queries to read every item with queryScan`,
  );
}
