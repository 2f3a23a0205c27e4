/** State stores that packages are, as of host/capability/components/guest-store.ts. */
import { SAVE_ROOT, SKIP, TRANSACTION_ROOT } from "../../json/fields";
import { Call, findField } from "../call";
import { isFieldValue, says } from "../capability/call-parts";
import { blameComponent, endGuest, refuseTransaction, sayComponent, tellComponent } from "../capability/faults";
import { statusOf } from "../capability/guest-answer";
import { addLiteralField, askComponent, beginComponent } from "../capability/guest-component";
import { addText, fieldNamed } from "../capability/message";
import { more, moreNumber, moreOf, say } from "../capability/sentence";
import { addGrants } from "../door/pages";
import {
  ERR_STATE_BULK_GET,
  ERR_STATE_DELETE,
  ERR_STATE_GET,
  ERR_STATE_QUERY_NOT_SUPPORTED,
  ERR_STATE_SAVE,
  ERR_STATE_TRANSACTION,
} from "../errors.gen";
import { addBytes, addString, addWord, beginText, textLength, textStart } from "../growing-text";
import { addLiteral, addNamed, beginFields } from "../headers";
import { allocate } from "../memory";
import { STATE_BULK_GET, STATE_DELETE, STATE_GET, STATE_SAVE, STATE_TRANSACTION } from "../operations.gen";
import { queryValue } from "../query";
import { FEATURE_BULK, FEATURE_TRANSACTIONAL, GuestComponent, Store } from "../records.gen";
import { fail, reply, replyWith } from "../reply";
import { is, putNumber } from "../text";
import { FieldList } from "../wasi/fields";
import { askedKey, askedKeyLength, nextKey, readKeys } from "./bulk-keys";
import { putTime, TIME_LENGTH } from "./expiry";
import { Item, itemAt, itemCount, nextItem } from "./items";
import { readRequest } from "./request-items";
import { areItems } from "./save-state";
import { scanBody } from "./scan-body";
import { isIllegal, keyLength, keyText, makeKey } from "./stored-key";
import { areOperations, isDelete } from "./transact-state";
import { MISMATCH, NULL, readOptions, ttlOf } from "./write-items";

/** Keys of one `bulkGet`: what it answers has to fit into an answer. */
const MOST_KEYS: i32 = 64;

export function serveGuestState(call: Call, row: Store, operation: i32, key: usize, length: i32): void {
  const one = row.guest(0);
  switch (operation) {
    case STATE_GET:
      return get(call, row, one, key, length);
    case STATE_DELETE:
      return remove(call, row, one, key, length);
    case STATE_SAVE:
      return save(call, row, one);
    case STATE_BULK_GET:
      return bulkGet(call, row, one);
    case STATE_TRANSACTION:
      return transact(call, row, one);
    default:
      fail(call, ERR_STATE_QUERY_NOT_SUPPORTED);
  }
}

function get(call: Call, row: Store, one: GuestComponent, key: usize, length: i32): void {
  if (isIllegal(call, row, key, length)) return;
  blameComponent(one, ERR_STATE_GET, true, key, length);
  const item = ask(call, row, one, key, length);
  if (item == null) return;
  if (status != 200) return reply(call, 204, "", 0, 0);
  const list = beginFields(0);
  addLiteral(list, "content-type", "application/json");
  const etag = fieldNamed(item, "etag");
  if (etag != null && isFieldValue(etag.value, etag.valueLength)) addNamed(list, "etag", etag.value, etag.valueLength);
  const time = expiryOf(item);
  if (time) addNamed(list, "metadata.ttlexpiretime", time, TIME_LENGTH);
  addGrants(list);
  const body = fieldNamed(item, ":body");
  replyWith(call, 200, list, body == null ? 0 : body.value, body == null ? 0 : body.valueLength);
}

/** Asks for one key: what was answered with 200, 204 or 404; null: it failed, and the caller was told. */
function ask(call: Call, row: Store, one: GuestComponent, key: usize, length: i32): FieldList | null {
  beginComponent(one, "get");
  addKey(row, key, length);
  const asked = queryValue(call, "consistency");
  if (asked != null && (is(asked.start, asked.length, "strong") || is(asked.start, asked.length, "eventual"))) {
    addText("consistency", asked.start, asked.length);
  }
  const answer = answered(one);
  if (status == 200 || status == 204 || status == 404) return answer;
  tellFailure(call, answer);
  return null;
}

function remove(call: Call, row: Store, one: GuestComponent, key: usize, length: i32): void {
  if (isIllegal(call, row, key, length)) return;
  blameComponent(one, ERR_STATE_DELETE, false, key, length);
  beginComponent(one, "delete");
  addKey(row, key, length);
  const guard = findField(call.fields, "if-match");
  if (guard != null && guard.valueLength) addText("etag", guard.value, guard.valueLength);
  const answer = answered(one);
  if (status < 300) reply(call, 204, "", 0, 0);
  else if (status == 409) tellMismatch(call, 409);
  else tellFailure(call, answer);
}

/** One item after the other; a stale ETag refuses its own item only. */
function save(call: Call, row: Store, one: GuestComponent): void {
  if (!readRequest(call, SAVE_ROOT, "an array of items", true) || !areItems(call, row)) return;
  let refused = false;
  let item = itemAt(0);
  blameComponent(one, ERR_STATE_SAVE, true);
  for (let left = itemCount(); left; left--, item = nextItem(item)) {
    // What the guest asks for may be state, with options of its own.
    readOptions(call);
    beginComponent(one, "set");
    addItem(row, item, false);
    const answer = answered(one);
    if (status == 409) refused = true;
    else if (status >= 300) return tellFailure(call, answer);
  }
  if (refused) tellMismatch(call, 409);
  else reply(call, 204, "", 0, 0);
}

function transact(call: Call, row: Store, one: GuestComponent): void {
  if (!(one.features & FEATURE_TRANSACTIONAL)) return refuseTransaction(call, one);
  if (!readRequest(call, TRANSACTION_ROOT, "an object with operations", false) || !areOperations(call, row)) return;
  const count = itemCount();
  if (!count) return reply(call, 204, "", 0, 0);
  blameComponent(one, ERR_STATE_TRANSACTION);
  beginComponent(one, "transaction");
  for (let i = 0; i < count; i++) {
    const item = itemAt(i);
    const deletes = isDelete(item);
    addLiteralField(":write", deletes ? "delete" : "set");
    addItem(row, item, deletes);
  }
  const answer = answered(one);
  if (status < 300) reply(call, 204, "", 0, 0);
  // Dapr has no 409 here.
  else if (status == 409) tellMismatch(call, 0);
  else tellFailure(call, answer);
}

/** A key that was asked for, and what its guest said of it. */
@unmanaged
class Asked {
  key: usize;
  length: i32;
  next: Asked | null;
  /** A {@link FieldList}: none where there is no such item. */
  first: usize;
  count: i32;
}

function bulkGet(call: Call, row: Store, one: GuestComponent): void {
  if (!readKeys(call)) return;
  let first: Asked | null = null;
  let last: Asked | null = null;
  while (nextKey()) {
    if (isIllegal(call, row, askedKey(), askedKeyLength())) return;
    const asked = changetype<Asked>(allocate(offsetof<Asked>()));
    asked.key = askedKey();
    asked.length = askedKeyLength();
    asked.next = null;
    asked.count = 0;
    if (last == null) first = asked;
    else last.next = asked;
    last = asked;
  }
  blameComponent(one, ERR_STATE_BULK_GET);
  let asked: Asked | null = first;
  while (asked != null) {
    if (one.features & FEATURE_BULK) {
      if (!askMany(call, row, one, asked)) return;
      for (let i = 0; i < MOST_KEYS && asked != null; i++) asked = asked.next;
      continue;
    }
    const item = ask(call, row, one, asked.key, asked.length);
    if (item == null) return;
    if (status == 200) keepItem(asked, item, 0, item.count);
    asked = asked.next;
  }
  beginText();
  addWord("[");
  let told: Asked | null = first;
  while (told != null) {
    addAsked(told);
    told = told.next;
  }
  addWord("]");
  reply(call, 200, "application/json", textStart(), textLength());
}

function keepItem(asked: Asked, fields: FieldList, from: i32, to: i32): void {
  asked.first = changetype<usize>(fields.at(from));
  asked.count = to - from;
}

/** Asks for as many keys as one message takes. False where the caller was told that it failed. */
function askMany(call: Call, row: Store, one: GuestComponent, from: Asked): bool {
  beginComponent(one, "bulkGet");
  let wanted = 0;
  let asked: Asked | null = from;
  while (asked != null && wanted < MOST_KEYS) {
    addKey(row, asked.key, asked.length);
    wanted++;
    asked = asked.next;
  }
  const answer = answered(one);
  if (status != 200) {
    tellFailure(call, answer);
    return false;
  }
  asked = from;
  let found = 0;
  for (let i = 0; i < answer.count; ) {
    let next = i + 1;
    while (next < answer.count && !isItem(answer, next)) next++;
    if (isItem(answer, i)) {
      if (++found <= wanted && says(answer.at(i), "200")) keepItem(asked!, answer, i, next);
      if (asked != null) asked = asked.next;
    }
    i = next;
  }
  if (found == wanted) return true;
  say("its package answered bulkGet with another number of items than of keys");
  tellComponent(call);
  return false;
}

function isItem(fields: FieldList, index: i32): bool {
  const field = fields.at(index);
  return is(field.name, field.nameLength, ":item");
}

/** Adds what there is to tell of a key. */
function addAsked(asked: Asked): void {
  addWord(textLength() > 1 ? ',{"key":' : '{"key":');
  addString(asked.key, asked.length);
  if (asked.count) {
    const fields = changetype<FieldList>(changetype<usize>(asked) + offsetof<Asked>("first"));
    const body = fieldNamed(fields, ":body");
    if (body != null && body.valueLength && scanBody(SKIP, body.value, body.valueLength) == 0) {
      addWord(',"data":');
      addBytes(body.value, body.valueLength);
    } else addWord(',"error":"the stored value is not JSON; read it by its key alone"');
    const etag = fieldNamed(fields, "etag");
    if (etag != null) {
      addWord(',"etag":');
      addString(etag.value, etag.valueLength);
    }
    const time = expiryOf(fields);
    if (time) {
      addWord(',"metadata":{"ttlExpireTime":');
      addString(time, TIME_LENGTH);
      addWord("}");
    }
  }
  addWord("}");
}

/** The time at which an item expires, as text; 0: it does not. */
function expiryOf(fields: FieldList): usize {
  const field = fieldNamed(fields, "expires");
  if (field == null || field.valueLength == 0 || field.valueLength > 16) return 0;
  let time: u64 = 0;
  for (let i: usize = 0; i < <usize>field.valueLength; i++) {
    const digit = <u32>load<u8>(field.value + i) - 0x30;
    if (digit > 9) return 0;
    time = time * 10 + digit;
  }
  const text = allocate(TIME_LENGTH);
  putTime(text, time);
  return text;
}

function addKey(row: Store, key: usize, length: i32): void {
  makeKey(row, key, length);
  addText("key", keyText(), keyLength());
}

/** What is to become of an item. */
function addItem(row: Store, item: Item, deletes: bool): void {
  addKey(row, item.key, item.keyLength);
  if (item.etagLength) addText("etag", item.etag, item.etagLength);
  // Without an ETag it deletes, whatever its concurrency.
  if (deletes) return;
  if (item.concurrencyLength) addText("concurrency", item.concurrency, item.concurrencyLength);
  const ttl = ttlOf(item);
  if (ttl > 0) {
    const digits = allocate(20);
    addText("ttl", digits, <i32>(putNumber(digits, ttl) - digits));
  }
  if (item.value) addText(":body", item.value, item.valueLength);
  else addText(":body", NULL, 4);
}

/** The status of the last answer. */
let status: i32 = 0;

/** What the guest says to the message. */
function answered(one: GuestComponent): FieldList {
  const answer = askComponent(one, true);
  status = statusOf(answer);
  if (status < 0) endGuest(one.guest);
  return answer;
}

function tellMismatch(call: Call, code: i32): void {
  say(MISMATCH);
  tellComponent(call, code);
}

/** Tells the caller of an answer whose status is none of the operation's. */
function tellFailure(call: Call, answer: FieldList): void {
  const error = fieldNamed(answer, ":error");
  if (error == null) {
    say("status ");
    moreNumber(status);
  } else {
    say("");
    moreOf(error.value, error.valueLength);
  }
  more(": ");
  const body = fieldNamed(answer, ":body");
  if (body != null) moreOf(body.value, body.valueLength);
  sayComponent("): ");
  tellComponent(call);
}
