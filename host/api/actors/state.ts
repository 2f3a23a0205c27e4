import { stateKey, usableStateKey } from "../../actors/actor-keys.ts";
import { type ActorStore, FencedError } from "../../actors/actor-store.ts";
import { NotOwnedError } from "../../actors/hosted-actors.ts";
import type { LocalActors } from "../../actors/local-actors.ts";
import type { Operation } from "../../components/state/store.ts";
import { ScanError, type ScannedOperation } from "../../core/core.ts";
import { ApiError, apiError } from "../../errors/api-error.ts";
import { ComponentError, ETagError } from "../../errors/component-error.ts";
import { noContent, type RuntimeResponse } from "../../http.ts";
import { joinBytes } from "../../join-bytes.ts";
import type { Call } from "../endpoint.ts";
import { expiryTime } from "../state/expiry-time.ts";
import { operationOf } from "../state/write-options.ts";

const encoder = new TextEncoder();
const before = encoder.encode('{"operations":');
const after = encoder.encode("}");
const noMetadata: ReadonlyMap<string, string> = new Map();

function storeOf(actors: LocalActors): ActorStore {
  const { store } = actors;
  if (store === undefined) throw new ApiError("ERR_ACTOR_RUNTIME_NOT_FOUND");
  return store;
}

function checkKey(key: string): void {
  if (usableStateKey(key)) return;
  const cause =
    key === ""
      ? "a key of an actor's state must not be empty"
      : "a key of an actor's state must not begin with | or hold ||";
  throw new ApiError("ERR_BAD_REQUEST", { cause });
}

/** GET …/state/{key}: the stored bytes as they are. The actor need not be active, as in Dapr. */
export async function getActorState(
  store: Pick<ActorStore, "get"> | undefined,
  appId: string,
  [type = "", id = "", key = ""]: Call["params"],
): Promise<RuntimeResponse> {
  if (store === undefined) throw new ApiError("ERR_ACTOR_RUNTIME_NOT_FOUND");
  checkKey(key);
  try {
    const item = await store.get(stateKey(appId, type, id, key));
    if (item === undefined || item.value.byteLength === 0) return noContent;
    const headers = ["content-type", "application/json"];
    if (item.expiresAt !== undefined) headers.push("metadata.ttlexpiretime", expiryTime(item.expiresAt));
    return { status: 200, headers, body: item.value };
  } catch (error) {
    if (!(error instanceof ComponentError)) throw error;
    return apiError("ERR_ACTOR_STATE_GET", { cause: error.message });
  }
}

/** POST|PUT …/state: upserts and deletes of an actor that is active here, all of them or none. */
export async function transactActorState(
  actors: LocalActors,
  [type = "", id = ""]: Call["params"],
  body: Uint8Array,
  takesTtl: boolean,
): Promise<RuntimeResponse> {
  const store = storeOf(actors);
  const asked = scannedOperations(actors, body);
  try {
    const operations = asked.map((each) => operation(actors, type, id, each, takesTtl));
    if (operations.length === 0 && actors.host.active(type, id)) return noContent;
    await actors.host.commit(type, id, () => store.commit(operations));
    return noContent;
  } catch (error) {
    if (error instanceof NotOwnedError) return apiError("ERR_ACTOR_INSTANCE_MISSING");
    const failed =
      error instanceof ComponentError || error instanceof ETagError || error instanceof FencedError;
    if (!failed) throw error;
    return apiError("ERR_ACTOR_STATE_TRANSACTION_SAVE", { cause: error.message });
  }
}

function scannedOperations(
  { options: { core } }: LocalActors,
  body: Uint8Array,
): readonly ScannedOperation[] {
  try {
    if (body.byteLength === 0) throw new ScanError("expected an array of operations", 0);
    return core.scanTransaction(joinBytes([before, body, after])).operations;
  } catch (error) {
    if (!(error instanceof ScanError)) throw error;
    throw new ApiError("ERR_MALFORMED_REQUEST", { cause: error.message });
  }
}

function operation(
  { options: { appId } }: LocalActors,
  type: string,
  id: string,
  { operation: kind, request }: ScannedOperation,
  takesTtl: boolean,
): Operation {
  if (kind !== "upsert" && kind !== "delete") {
    throw new ComponentError("INVALID_ARGUMENT", `operation type ${kind} not supported`);
  }
  checkKey(request.key);
  if (!takesTtl && request.metadata?.has("ttlInSeconds")) {
    throw new ComponentError(
      "INVALID_ARGUMENT",
      "ttlInSeconds is not supported without the ActorStateTTL feature enabled",
    );
  }
  return operationOf(kind, request, stateKey(appId, type, id, request.key), noMetadata);
}
