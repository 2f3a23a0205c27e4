import type { OpenedStore } from "../../components/open-component.ts";
import { KEY_SEPARATOR } from "../../components/state/key-prefix.ts";
import type { QueryResult, StateQuery } from "../../components/state/query.ts";
import type { QueryableStore, Store } from "../../components/state/store.ts";
import { ApiError } from "../../errors/api-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import { noContent, type RuntimeResponse } from "../../http.ts";
import { joinBytes } from "../../join-bytes.ts";
import type { Call } from "../endpoint.ts";
import { queryMetadata } from "../query-metadata.ts";
import { addressedStore } from "./addressed-store.ts";
import { failure } from "./failure.ts";
import { parseQuery, type QueryBody } from "./query-body.ts";
import { requestBody } from "./request-body.ts";

const encoder = new TextEncoder();

/** What the keys in an answer leave out of the stored ones, and which of those are asked for. */
type Scope = Pick<StateQuery, "keyPrefix" | "actors"> & { readonly hidden: string };

/**
 * POST|PUT /v1.0-alpha1/state/{store}/query: the items that match, the stored JSON spliced in. With
 * `metadata.actorType` those of the app's actors of that type, none of whom is called for it; with `metadata.keyPrefix`
 * only those whose keys begin so.
 */
export async function queryState(call: Call): Promise<RuntimeResponse> {
  const opened = addressedStore(call);
  const { name } = opened.resource;
  const store = queryable(opened);
  const body = await queryBody(call, name);
  const metadata = queryMetadata(call.request.query);
  const { hidden, ...scope } = scopeOf(call, opened, metadata);
  try {
    const answer = await store.query({ ...body, ...scope, indexName: metadata.get("queryIndexName") });
    if (answer.items.length === 0) return noContent;
    return {
      status: 200,
      headers: ["content-type", "application/json"],
      body: render(answer, hidden.length),
    };
  } catch (error) {
    return failure("ERR_STATE_QUERY", { name }, error);
  }
}

function queryable({ resource, definition, component }: OpenedStore): QueryableStore {
  const { name, metadata, secretKeyRefs } = resource;
  const fields = [...metadata.keys(), ...secretKeyRefs.map(({ field }) => field)];
  if (fields.some((field) => field.toLowerCase() === "primaryencryptionkey")) {
    throw new ApiError("ERR_STATE_QUERY", { name, cause: "cannot query encrypted store" });
  }
  if (definition.features.includes("QUERY_API")) return component as Store as QueryableStore;
  throw new ApiError(
    "ERR_STATE_QUERY_NOT_SUPPORTED",
    { name },
    { wireCode: "ERR_STATE_STORE_NOT_SUPPORTED" },
  );
}

async function queryBody(call: Call, name: string): Promise<QueryBody> {
  const body = await requestBody(call, undefined);
  try {
    return parseQuery(body);
  } catch (error) {
    const cause = `failed to parse JSON query body: ${reasonOf(error)}`;
    throw new ApiError("ERR_STATE_QUERY", { name, cause });
  }
}

function scopeOf({ sidecar }: Call, opened: OpenedStore, metadata: ReadonlyMap<string, string>): Scope {
  const { name } = opened.resource;
  const [type, key] = [metadata.get("actorType"), metadata.get("actorKey")];
  if (type === undefined && key === undefined) {
    const begin = metadata.get("keyPrefix") ?? "";
    // With a bar it would reach into keys of actors; stores count up the last sign of a prefix.
    if (/\||[\ud800-\udfff]$/.test(begin)) {
      const cause = "metadata.keyPrefix: expected what keys begin with, without '|' and an emoji at its end";
      throw new ApiError("ERR_STATE_QUERY", { name, cause });
    }
    return { keyPrefix: opened.keyPrefix + begin, actors: undefined, hidden: opened.keyPrefix };
  }
  if (!type || type.includes(KEY_SEPARATOR)) {
    const cause = `metadata.actorType: expected the type of an actor, without '${KEY_SEPARATOR}'`;
    throw new ApiError("ERR_STATE_QUERY", { name, cause });
  }
  const own = sidecar.appId + KEY_SEPARATOR;
  return { keyPrefix: own + type + KEY_SEPARATOR, actors: { key }, hidden: own };
}

function render({ items, token }: QueryResult, hidden: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let text = '{"results":[';
  for (const [i, { key, value, etag }] of items.entries()) {
    text += `${i === 0 ? "" : ","}{"key":${JSON.stringify(key.slice(hidden))},"data":`;
    parts.push(encoder.encode(text), value);
    text = etag === undefined ? "}" : `,"etag":${JSON.stringify(etag)}}`;
  }
  text += token === undefined ? "]}" : `],"token":${JSON.stringify(token)}}`;
  parts.push(encoder.encode(text));
  return joinBytes(parts);
}
