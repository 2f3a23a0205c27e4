import { ComponentError } from "../../errors/component-error.ts";
import { rawMembers, rawObject } from "../../raw-members.ts";
import type { Filter, KeyedItem, QueryResult, StateQuery } from "../state/query.ts";
import { localName } from "./remote-name.ts";
import type { RemoteSidecar } from "./remote-sidecar.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The items of a store of another sidecar that match, page by page until there are as many as asked for: what has
 * another prefix than ours is left out, and every page is asked for no more than is still wanted.
 */
export async function queryItems(remote: RemoteSidecar, query: StateQuery): Promise<QueryResult> {
  if (query.actors !== undefined) {
    throw new ComponentError(
      "UNIMPLEMENTED",
      "actors of another sidecar cannot be queried; ask that sidecar",
    );
  }
  const { keyPrefix, limit } = query;
  const items: KeyedItem[] = [];
  let { token } = query;
  do {
    const page = await onePage(remote, query, limit && limit - items.length, token);
    items.push(...page.items.filter(({ key }) => isOwn(key, keyPrefix)));
    token = page.token;
  } while (token !== undefined && items.length < (limit ?? Number.POSITIVE_INFINITY));
  return { items, token };
}

/** Whether it is an item of the API: with the prefix, and no actor's. */
function isOwn(key: string, prefix: string): boolean {
  return key.startsWith(prefix) && !key.includes("||", prefix.length);
}

async function onePage(
  remote: RemoteSidecar,
  { indexName, filter, sort }: StateQuery,
  limit: number | undefined,
  token: string | undefined,
): Promise<QueryResult> {
  const body = {
    filter: filter && filterJson(filter),
    sort: sort.map(({ path, order }) => ({ key: path.join("."), order })),
    page: { limit, token },
  };
  const index = indexName === undefined ? "" : `?metadata.queryIndexName=${encodeURIComponent(indexName)}`;
  const answer = await remote.call({
    method: "POST",
    path: `/v1.0-alpha1/state/${remote.component}/query${index}`,
    body: encoder.encode(JSON.stringify(body)),
  });
  if (answer.status === 204) return { items: [], token: undefined };
  const members = rawObject(decoder.decode(answer.body));
  const items = rawMembers(members.get("results") ?? "[]").flatMap((result): KeyedItem[] => {
    const [key, data, etag] = ["key", "data", "etag"].map((name) => result.get(name));
    if (key === undefined || data === undefined) return [];
    const value = encoder.encode(data);
    return [{ key: localName(text(key)), value, etag: etag && text(etag), expiresAt: undefined }];
  });
  const next = members.get("token");
  return { items, token: next === undefined || text(next) === "" ? undefined : text(next) };
}

const text = (json: string): string => String(JSON.parse(json));

/** A filter as the API takes it. */
function filterJson(filter: Filter): unknown {
  switch (filter.op) {
    case "AND":
    case "OR":
      return { [filter.op]: filter.filters.map(filterJson) };
    case "IN":
      return { IN: single(filter.path, filter.values) };
    default:
      return { [filter.op]: single(filter.path, filter.value) };
  }
}

/** An own member whatever its name is. */
function single(path: readonly string[], value: unknown): object {
  return Object.fromEntries([[path.join("."), value]]);
}
