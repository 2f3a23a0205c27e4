import type { OpenedLockStore } from "../components/open-component.ts";
import { KEY_SEPARATOR } from "../components/state/key-prefix.ts";
import { ApiError } from "../errors/api-error.ts";
import { ComponentError } from "../errors/component-error.ts";
import { json, type RuntimeResponse } from "../http.ts";
import type { Call, Endpoint } from "./endpoint.ts";
import { outcomeId } from "./outcome-id.ts";
import { protoMessage } from "./proto-json.ts";

/** Before every resource, so that a lock never meets the state of a store on the same server. */
const LOCKS = `lock${KEY_SEPARATOR}`;

const text = { storeName: "string", resourceId: "string", lockOwner: "string" } as const;

function refused(message: string, name: string): ApiError {
  return new ApiError("ERR_MALFORMED_REQUEST", { name }, { message });
}

/** What both calls need, in Dapr's order: the first thing that is wrong is told. */
function addressed(
  { sidecar: { components }, params: [name = ""] }: Call,
  { resourceId, lockOwner }: { readonly resourceId: string; readonly lockOwner: string },
): OpenedLockStore {
  if (components.lock.size === 0) throw new ApiError("ERR_LOCK_STORE_NOT_CONFIGURED");
  if (resourceId === "") throw refused("ResourceId is empty in lock store {name}", name);
  if (lockOwner === "") throw refused("LockOwner is empty in lock store {name}", name);
  const opened = components.lock.get(name);
  if (opened === undefined) throw new ApiError("ERR_LOCK_STORE_NOT_FOUND", { name });
  return opened;
}

function lockKey({ keyPrefix }: OpenedLockStore, resourceId: string): string {
  if (!resourceId.includes(KEY_SEPARATOR)) return LOCKS + keyPrefix + resourceId;
  const message = `input key/keyPrefix '${resourceId}' can't contain '${KEY_SEPARATOR}'`;
  throw new ComponentError("INVALID_ARGUMENT", message);
}

async function lock(call: Call): Promise<RuntimeResponse> {
  const { body, message } = await protoMessage(call, { ...text, expiryInSeconds: "int32" });
  const { resourceId, lockOwner, expiryInSeconds } = message;
  if (expiryInSeconds <= 0) {
    throw refused("ExpiryInSeconds is not positive in lock store {name}", call.params[0] ?? "");
  }
  const opened = addressed(call, message);
  try {
    const success = await opened.component.tryLock({
      resourceId: lockKey(opened, resourceId),
      lockOwner,
      expiryInSeconds,
      requestId: outcomeId(call, body),
    });
    return json({ success });
  } catch (error) {
    throw new ApiError("ERR_TRY_LOCK", { cause: ComponentError.from(error).message });
  }
}

async function unlock(call: Call): Promise<RuntimeResponse> {
  const { body, message } = await protoMessage(call, text);
  const { resourceId, lockOwner } = message;
  const opened = addressed(call, message);
  try {
    const status = await opened.component.unlock({
      resourceId: lockKey(opened, resourceId),
      lockOwner,
      requestId: outcomeId(call, body),
    });
    return json({ status });
  } catch (error) {
    throw new ApiError("ERR_UNLOCK", { cause: ComponentError.from(error).message });
  }
}

/** Dapr's distributed locks: dapr-http-api §1.8. */
export const locks: readonly Endpoint[] = [
  { name: "lock.lock", methods: ["POST"], paths: ["/v1.0-alpha1/lock/{store}"], handle: lock },
  { name: "unlock.unlock", methods: ["POST"], paths: ["/v1.0-alpha1/unlock/{store}"], handle: unlock },
];
