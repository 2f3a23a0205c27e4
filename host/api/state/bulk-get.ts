import type { Item, Store } from "../../components/state/store.ts";
import type { Core } from "../../core/core.ts";
import { ComponentError } from "../../errors/component-error.ts";
import type { RuntimeResponse } from "../../http.ts";
import { joinBytes } from "../../join-bytes.ts";
import type { Call } from "../endpoint.ts";
import { addressedStore, storedKey } from "./addressed-store.ts";
import { expiryTime } from "./expiry-time.ts";
import { failure } from "./failure.ts";
import { malformed, requestBody } from "./request-body.ts";

const encoder = new TextEncoder();

/** What there is to answer for one key. */
type Found = Item | ComponentError | undefined;

/** POST|PUT /v1.0/state/{store}/bulk: an answer for each key in the order asked, the stored JSON spliced in. */
export async function bulkGetState(call: Call): Promise<RuntimeResponse> {
  const opened = addressedStore(call);
  const keys = requestedKeys(await requestBody(call, undefined));
  const stored = keys.map((key) => storedKey(opened, key));
  let items: readonly Found[];
  try {
    items = stored.length === 0 ? [] : await opened.component.bulkGet(stored);
  } catch (error) {
    if (!(error instanceof ComponentError && error.code === "DATA_LOSS")) {
      return failure("ERR_STATE_BULK_GET", {}, error);
    }
    items = await oneByOne(opened.component, stored);
  }
  return {
    status: 200,
    headers: ["content-type", "application/json"],
    body: render(keys, items, call.sidecar.core),
  };
}

/** `keys` of the body. `parallelism` and `metadata` are only held to their types: stores read in bulk at their own pace. */
function requestedKeys(body: Uint8Array): readonly string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw malformed('expected JSON of the form {"keys": ["a", "b"]}', undefined);
  }
  if (parsed === null) return [];
  if (typeof parsed !== "object" || Array.isArray(parsed)) throw malformed("expected an object", undefined);
  const members = new Map<string, unknown>(Object.entries(parsed));
  const { keys, parallelism, metadata } = {
    keys: members.get("keys") ?? [],
    parallelism: members.get("parallelism") ?? 0,
    metadata: members.get("metadata") ?? {},
  };
  if (!Number.isInteger(parallelism)) throw malformed("expected a whole number for parallelism", undefined);
  if (typeof metadata !== "object" || Array.isArray(metadata) || !isText(Object.values(metadata))) {
    throw malformed("expected an object of strings for metadata", undefined);
  }
  if (!Array.isArray(keys) || !isText(keys))
    throw malformed("expected an array of strings for keys", undefined);
  return keys;
}

/** A value that cannot be read does not hide the others. */
function oneByOne(store: Store, keys: readonly string[]): Promise<readonly Found[]> {
  return Promise.all(
    keys.map(async (key) => {
      try {
        return await store.get(key, undefined);
      } catch (error) {
        return ComponentError.from(error);
      }
    }),
  );
}

function isText(values: readonly unknown[]): values is readonly string[] {
  return values.every((value) => typeof value === "string");
}

function render(keys: readonly string[], items: readonly Found[], core: Core): Uint8Array {
  const parts: Uint8Array[] = [];
  let text = "[";
  for (const [i, key] of keys.entries()) {
    const item = items[i];
    text += `${i === 0 ? "" : ","}{"key":${JSON.stringify(key)}`;
    if (item instanceof ComponentError) {
      text += `,"error":${JSON.stringify(item.message)}`;
    } else if (item !== undefined) {
      if (core.isJson(item.value)) {
        parts.push(encoder.encode(`${text},"data":`), item.value);
        text = "";
      } else {
        text += ',"error":"the stored value is not JSON; read it by its key alone"';
      }
      if (item.etag !== undefined) text += `,"etag":${JSON.stringify(item.etag)}`;
      if (item.expiresAt !== undefined) {
        text += `,"metadata":{"ttlExpireTime":"${expiryTime(item.expiresAt)}"}`;
      }
    }
    text += "}";
  }
  parts.push(encoder.encode(`${text}]`));
  return joinBytes(parts);
}
