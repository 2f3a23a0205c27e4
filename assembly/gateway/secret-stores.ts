/**
 * `/v1.0/secrets`: variables of the environment whose names begin with a store's prefix, or what a package tells. Of a caller that is known by a
 * token of its own, only those that go on with its name (`SENSOR_1__`): no caller reads another's.
 */
import { escape, GROWTH } from "../json/escape";
import { Call } from "./call";
import { secretOfGuest, secretsOfGuest } from "./capability/guest-secrets";
import { callersVariables, callersVariablesLength } from "./door/caller";
import {
  ERR_PERMISSION_DENIED,
  ERR_SECRET_STORE_NOT_FOUND,
  ERR_SECRET_STORES_NOT_CONFIGURED,
} from "./errors.gen";
import { allocate } from "./memory";
import { SECRETS_BULK, SECRETS_GET } from "./operations.gen";
import { SecretStore } from "./records.gen";
import { fail, parameter, reply } from "./reply";
import { spanLength, takeSpan } from "./route-spans";
import { head } from "./table";
import { copy, put, same } from "./text";
import { HAS_PACKAGES } from "./variant";
import { readEnvironment, variableAt, variableCount, variableOf } from "./wasi/environment";

export function isSecrets(operation: i32): bool {
  return operation == SECRETS_GET || operation == SECRETS_BULK;
}

/** Answers the operation of the last route. */
export function serveSecrets(call: Call, operation: i32): void {
  const table = head();
  if (table.secretStoresCount == 0) return fail(call, ERR_SECRET_STORES_NOT_CONFIGURED);
  const nameLength = spanLength(1);
  const name = takeSpan(1);
  const store = find(name, nameLength);
  parameter(0, name, nameLength);
  if (store == null) return fail(call, ERR_SECRET_STORE_NOT_FOUND);
  const isGuest = HAS_PACKAGES ? store.guestsCount != 0 : false;
  if (!isGuest) readEnvironment();
  if (operation == SECRETS_BULK) return HAS_PACKAGES && isGuest ? secretsOfGuest(call, store) : bulk(call, store);
  const keyLength = spanLength(2);
  const key = takeSpan(2);
  parameter(0, key, keyLength);
  parameter(1, name, nameLength);
  // Before the environment is looked at, so that nobody learns what there is.
  if (!mayRead(store, key, keyLength)) return fail(call, ERR_PERMISSION_DENIED);
  if (HAS_PACKAGES && isGuest) secretOfGuest(call, store, key, keyLength);
  else get(call, store, key, keyLength);
}

function find(name: usize, length: i32): SecretStore | null {
  const table = head();
  for (let i: u32 = 0; i < table.secretStoresCount; i++) {
    const store = table.secretStore(i);
    if (same(store.name, store.nameLength, name, length)) return store;
  }
  return null;
}

export function mayRead(store: SecretStore, key: usize, length: i32): bool {
  for (let i: u32 = 0; i < store.allowedNamesCount; i++) {
    const name = store.allowedName(i);
    if (same(name.text, name.textLength, key, length)) return true;
  }
  if (store.allowedNamesCount) return false;
  for (let i: u32 = 0; i < store.deniedNamesCount; i++) {
    const name = store.deniedName(i);
    if (same(name.text, name.textLength, key, length)) return false;
  }
  return store.open != 0;
}

/** What stands before a caller's keys in the names of variables. */
function prefixOf(store: SecretStore, to: usize): usize {
  return copy(copy(to, store.prefix, store.prefixLength), callersVariables(), callersVariablesLength());
}

/** `{"key":"value"}`, of a variable that is not there with an empty value, as Dapr has it. */
function get(call: Call, store: SecretStore, key: usize, length: i32): void {
  const prefix = allocate(store.prefixLength + callersVariablesLength() + length);
  const end = copy(prefixOf(store, prefix), key, length);
  const found = variableOf(prefix, <i32>(end - prefix));
  const size = found == null ? 0 : found.valueLength;
  const body = allocate((length + size) * GROWTH + 16);
  const last = putPair(put(body, "{"), key, length, found == null ? 0 : found.value, size);
  reply(call, 200, "application/json", body, <i32>(put(last, "}") - body));
}

/** `"key":"value"` */
function putPair(to: usize, key: usize, length: i32, value: usize, size: i32): usize {
  let end = put(to, '"');
  end += escape(key, length, end, true);
  end = put(end, '":"');
  end += escape(value, size, end, true);
  return put(end, '"');
}

/** `{"key":{"key":"value"},…}` of all that the caller may read. */
function bulk(call: Call, store: SecretStore): void {
  const prefix = allocate(store.prefixLength + callersVariablesLength());
  const length = <i32>(prefixOf(store, prefix) - prefix);
  let most: usize = 16;
  for (let i = 0; i < variableCount(); i++) {
    const each = variableAt(i);
    most += <usize>(each.nameLength * 2 + each.valueLength) * GROWTH + 16;
  }
  const body = allocate(most);
  let end = put(body, "{");
  for (let i = 0; i < variableCount(); i++) {
    const each = variableAt(i);
    const rest = each.nameLength - length;
    if (rest <= 0 || !same(each.name, length, prefix, length)) continue;
    const key = each.name + length;
    if (!mayRead(store, key, rest)) continue;
    if (end > body + 1) end = put(end, ",");
    end = put(end, '"');
    end += escape(key, rest, end, true);
    end = put(end, '":{');
    end = put(putPair(end, key, rest, each.value, each.valueLength), "}");
  }
  reply(call, 200, "application/json", body, <i32>(put(end, "}") - body));
}
