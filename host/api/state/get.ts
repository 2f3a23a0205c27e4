import type { Item } from "../../components/state/store.ts";
import { noContent, type RuntimeResponse } from "../../http.ts";
import type { Call } from "../endpoint.ts";
import { queryValue } from "../query-value.ts";
import { addressedStore, storedKey } from "./addressed-store.ts";
import { expiryTime } from "./expiry-time.ts";
import { failure } from "./failure.ts";

/** GET /v1.0/state/{store}/{key}: the stored bytes as they are. Answers at once where the store does. */
export function getState(call: Call): RuntimeResponse | Promise<RuntimeResponse> {
  const opened = addressedStore(call);
  const key = call.params[1] as string;
  const stored = storedKey(opened, key);
  const asked = queryValue(call.request.query, "consistency");
  const consistency = asked === "strong" || asked === "eventual" ? asked : undefined;
  const failed = (error: unknown) => failure("ERR_STATE_GET", { key, name: opened.resource.name }, error);
  try {
    const item = opened.component.get(stored, consistency);
    return item instanceof Promise ? item.then(found, failed) : found(item);
  } catch (error) {
    return failed(error);
  }
}

function found(item: Item | undefined): RuntimeResponse {
  if (item === undefined) return noContent;
  const headers = ["content-type", "application/json"];
  if (item.etag !== undefined) headers.push("etag", item.etag);
  if (item.expiresAt !== undefined) headers.push("metadata.ttlexpiretime", expiryTime(item.expiresAt));
  return { status: 200, headers, body: item.value };
}
