import { ComponentError } from "../../errors/component-error.ts";
import type { RemoteAnswer, RemoteSidecar } from "./remote-sidecar.ts";

/** `metadata.X=value` parameters, with a question mark where there are any. */
export function metadataQuery(metadata: ReadonlyMap<string, string>): string {
  const query = new URLSearchParams([...metadata].map(([name, value]) => [`metadata.${name}`, value]));
  return query.size === 0 ? "" : `?${query}`;
}

/** An answer that has to be a JSON object. Throws a ComponentError that repeats nothing of it. */
export function jsonObject(remote: RemoteSidecar, { body }: RemoteAnswer): ReadonlyMap<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
      return new Map(Object.entries(parsed));
    }
  } catch {
    // Said below.
  }
  throw unexpected(remote);
}

/** A JSON object of texts; nothing counts as an empty one. */
export function texts(remote: RemoteSidecar, value: unknown): ReadonlyMap<string, string> {
  const entries = Object.entries(typeof value === "object" && value !== null ? value : {});
  if (entries.every((entry): entry is [string, string] => typeof entry[1] === "string"))
    return new Map(entries);
  throw unexpected(remote);
}

function unexpected(remote: RemoteSidecar): ComponentError {
  return new ComponentError("UNKNOWN", `the sidecar at ${remote.url} did not answer as Dapr does`);
}
