import type { OpenedStore } from "../../components/open-component.ts";
import { KEY_SEPARATOR } from "../../components/state/key-prefix.ts";
import { ApiError } from "../../errors/api-error.ts";
import type { Call } from "../endpoint.ts";

/** The store that the path names: its first parameter. Throws Dapr's errors for none at all and for an unknown one. */
export function addressedStore({ sidecar, params }: Call): OpenedStore {
  const name = params[0] as string;
  const { state } = sidecar.components;
  const opened = state.get(name);
  if (opened !== undefined) return opened;
  const code = state.size === 0 ? "ERR_STATE_STORE_NOT_CONFIGURED" : "ERR_STATE_STORE_NOT_FOUND";
  throw new ApiError(code, { name }, { metadata: { appID: sidecar.appId } });
}

/** The key under which a store keeps the app's `key`. Throws for a key that contains the separator. */
export function storedKey({ keyPrefix, resource }: OpenedStore, key: string): string {
  if (!key.includes(KEY_SEPARATOR)) return keyPrefix + key;
  throw new ApiError(
    "ERR_STATE_ILLEGAL_KEY",
    { key, name: resource.name },
    { wireCode: "ERR_MALFORMED_REQUEST", field: key },
  );
}
