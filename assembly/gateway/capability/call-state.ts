/** A guest reads and writes state: keys of the app that it was granted, else keys of its own. */
import { SKIP, TRANSACTION_ROOT } from "../../json/fields";
import { isUtf8 } from "../../text/utf8";
import { Call } from "../call";
import { addBytes, addString, addWord, beginText, textLength, textStart } from "../growing-text";
import { allocate } from "../memory";
import { Guest } from "../records.gen";
import { itemAt, itemCount, readItems } from "../state/items";
import { writeItem } from "../state/remote-bodies";
import { scanBody } from "../state/scan-body";
import { isState, serveState } from "../state/serve-state";
import { begins, copy, is, put, same } from "../text";
import { Field, FieldList } from "../wasi/fields";
import { isFieldValue, refuseAsForbidden, refuseAsWrong, required, says } from "./call-parts";
import { addInner, addSegment, addToPath, beginInner, beginPath, endInner, isNoSegment, routeInner } from "./inner-call";
import { fieldNamed } from "./message";
import { OF_STATE, tell } from "./results";

/** Methods by their numbers on wasi:http. */
const GET: i32 = 0;
const POST: i32 = 2;
const DELETE: i32 = 4;

const BAR: u8 = 0x7c;
const PERCENT: u8 = 0x25;

/** The key as the store is asked for it: what {@link findKey} found. */
let key: usize = 0;
let keyLength: i32 = 0;

/** True where it was a call of state. */
export function callState(guest: Guest, kind: usize, length: i32, part: FieldList, until: u64): bool {
  if (!begins(kind, length, "state.")) return false;
  tell(OF_STATE);
  if (is(kind, length, "state.get")) get(guest, part, until);
  else if (is(kind, length, "state.set")) set(guest, part, until);
  else if (is(kind, length, "state.delete")) remove(guest, part, until);
  else if (is(kind, length, "state.transaction")) transact(guest, part, until);
  else return false;
  return true;
}

function get(guest: Guest, part: FieldList, until: u64): void {
  const store = keyOf(guest, part, false);
  if (store != null) readKey(store.value, store.valueLength, until);
}

/** Reads a key that the manifest names, where it may. */
export function readPrepared(guest: Guest, store: usize, length: i32, given: usize, givenLength: i32, until: u64): void {
  if (findKey(guest, store, length, given, givenLength, false)) readKey(store, length, until);
}

function readKey(store: usize, length: i32, until: u64): void {
  const inner = beginInner(GET, until);
  beginPath("/v1.0/state/", length + keyLength);
  addSegment(store, length);
  addToPath("/");
  addSegment(key, keyLength);
  serve(inner);
}

function set(guest: Guest, part: FieldList, until: u64): void {
  const store = keyOf(guest, part, true);
  if (store == null) return;
  const etag = fieldNamed(part, "etag");
  const concurrency = fieldNamed(part, "concurrency");
  const ttl = fieldNamed(part, "ttl");
  if (!isConcurrency(concurrency) || !isTtl(ttl)) return;
  const body = fieldNamed(part, ":body");
  if (body != null && !isUtf8(body.value, body.valueLength)) {
    return refuseAsWrong("a value of state is JSON or text: put bytes into base64");
  }
  const inner = beginInner(POST, until);
  beginPath("/v1.0/state/", store.valueLength);
  addSegment(store.value, store.valueLength);
  const isJson = body != null && body.valueLength > 0 && scanBody(SKIP, body.value, body.valueLength) == 0;
  beginText();
  addWord('[{"key":');
  addString(key, keyLength);
  addMember(',"etag":', etag);
  if (concurrency != null) {
    addMember(',"options":{"concurrency":', concurrency);
    addWord("}");
  }
  if (ttl != null) {
    addMember(',"metadata":{"ttlInSeconds":', ttl);
    addWord("}");
  }
  addWord(',"value":');
  if (isJson) addBytes(body!.value, body!.valueLength);
  else addString(body == null ? 0 : body.value, body == null ? 0 : body.valueLength);
  addWord("}]");
  give(inner);
  serve(inner);
}

function remove(guest: Guest, part: FieldList, until: u64): void {
  const store = keyOf(guest, part, true);
  if (store == null) return;
  const etag = fieldNamed(part, "etag");
  const concurrency = fieldNamed(part, "concurrency");
  if (!isConcurrency(concurrency)) return;
  const inner = beginInner(DELETE, until);
  if (etag != null && etag.valueLength && isFieldValue(etag.value, etag.valueLength)) {
    addInner(inner, "if-match", etag.value, etag.valueLength);
  }
  beginPath("/v1.0/state/", store.valueLength + keyLength);
  addSegment(store.value, store.valueLength);
  addToPath("/");
  addSegment(key, keyLength);
  if (concurrency != null) {
    inner.query = allocate(32);
    const end = copy(put(inner.query, "concurrency="), concurrency.value, concurrency.valueLength);
    inner.queryLength = <i32>(end - inner.query);
  }
  serve(inner);
}

function transact(guest: Guest, part: FieldList, until: u64): void {
  const store = required(part, "store");
  if (store == null) return;
  const body = fieldNamed(part, ":body");
  const at: usize = body == null ? 0 : body.value;
  if (body == null || scanBody(TRANSACTION_ROOT, at, body.valueLength)) {
    return refuseAsWrong("the :body of state.transaction is no transaction");
  }
  readItems(at, true);
  if (isNoSegment(store.value, store.valueLength)) return refuseAsWrong("store is no name");
  beginText();
  addWord('{"operations":[');
  for (let i = 0; i < itemCount(); i++) {
    const item = itemAt(i);
    if (item.keyLength == 0) return refuseAsWrong("an operation of a transaction has no key");
    if (!findKey(guest, store.value, store.valueLength, item.key, item.keyLength, true)) return;
    addWord(i ? ',{"operation":' : '{"operation":');
    addString(item.operation, item.operationLength);
    addWord(',"request":');
    writeItem(item, at, key, keyLength);
    addWord("}");
  }
  addWord("]}");
  const inner = beginInner(POST, until);
  give(inner);
  beginPath("/v1.0/state/", store.valueLength);
  addSegment(store.value, store.valueLength);
  addToPath("/transaction");
  serve(inner);
}

function give(inner: Call): void {
  inner.given = textStart();
  inner.givenLength = textLength();
}

function addMember(name: string, field: Field | null): void {
  if (field == null) return;
  addWord(name);
  addString(field.value, field.valueLength);
}

function serve(inner: Call): void {
  const operation = routeInner(inner);
  if (isState(operation)) serveState(inner, operation);
  else refuseAsWrong("that key cannot be asked for");
  endInner();
}

function isConcurrency(field: Field | null): bool {
  if (field == null || says(field, "first-write") || says(field, "last-write")) return true;
  refuseAsWrong("concurrency takes first-write or last-write");
  return false;
}

function isTtl(field: Field | null): bool {
  if (field == null) return true;
  let whole = field.valueLength > 0 && field.valueLength <= 10;
  for (let i: usize = 0; i < <usize>field.valueLength && whole; i++) whole = <u32>load<u8>(field.value + i) - 0x30 < 10;
  if (!whole) refuseAsWrong("ttl takes whole seconds");
  return whole;
}

/** Finds the key that a call names, and answers the field of its store; null: it is refused. */
function keyOf(guest: Guest, part: FieldList, writes: bool): Field | null {
  const given = required(part, "key");
  if (given == null) return null;
  const store = required(part, "store");
  if (store == null) return null;
  if (!findKey(guest, store.value, store.valueLength, given.value, given.valueLength, writes)) return null;
  if (!isNoSegment(store.value, store.valueLength) && !isNoSegment(key, keyLength)) return store;
  refuseAsWrong("key is no name");
  return null;
}

/** The full key, as far as the guest may have it: of the app, where a grant has such keys, else its own. */
function findKey(guest: Guest, store: usize, length: i32, given: usize, givenLength: i32, writes: bool): bool {
  let hasOwn = false;
  for (let i: u32 = 0; i < guest.storesCount; i++) {
    const row = guest.store(i);
    if (!same(row.store, row.storeLength, store, length) || (writes && !row.writes)) continue;
    if (row.isOwn) hasOwn = true;
    else if (isPrefix(row.keys, row.keysLength, given, givenLength) && !begins(given, givenLength, "cap:")) {
      key = given;
      keyLength = givenLength;
      return true;
    }
  }
  if (hasOwn) {
    makeOwn(guest, given, givenLength);
    return true;
  }
  refuseAsForbidden(writes ? "to write that key in state store " : "to read that key in state store ", store, length);
  return false;
}

function isPrefix(prefix: usize, prefixLength: i32, text: usize, length: i32): bool {
  return length >= prefixLength && memory.compare(prefix, text, prefixLength) == 0;
}

/** Dapr's keys hold no `||`: bars are written otherwise, as is what they are written with. */
function makeOwn(guest: Guest, given: usize, length: i32): void {
  key = allocate(guest.nameLength + length * 3 + 8);
  let end = put(copy(put(key, "cap:"), guest.name, guest.nameLength), ":");
  for (let i: usize = 0; i < <usize>length; i++) {
    const byte = load<u8>(given + i);
    if (byte == BAR) end = put(end, "%7C");
    else if (byte == PERCENT) end = put(end, "%25");
    else store<u8>(end++, byte);
  }
  keyLength = <i32>(end - key);
}
