/** State stores that packages are, as of host/capability/components/guest-store.ts. */
import { SAVE_ROOT, TRANSACTION_ROOT } from "../../json/fields";
import { Call, findField } from "../call";
import { isFieldValue } from "../capability/call-parts";
import { blameComponent, refuseTransaction, tellComponent } from "../capability/faults";
import { addLiteralField, beginComponent } from "../capability/guest-component";
import { addText, fieldNamed } from "../capability/message";
import { say } from "../capability/sentence";
import { addGrants } from "../door/pages";
import {
  ERR_STATE_DELETE,
  ERR_STATE_GET,
  ERR_STATE_QUERY_NOT_SUPPORTED,
  ERR_STATE_SAVE,
  ERR_STATE_TRANSACTION,
} from "../errors.gen";
import { addLiteral, addNamed, beginFields } from "../headers";
import { allocate } from "../memory";
import { STATE_BULK_GET, STATE_DELETE, STATE_GET, STATE_SAVE, STATE_TRANSACTION } from "../operations.gen";
import { FEATURE_TRANSACTIONAL, GuestComponent, Store } from "../records.gen";
import { fail, reply, replyWith } from "../reply";
import { putNumber } from "../text";
import { TIME_LENGTH } from "./expiry";
import { bulkGetOfGuest } from "./guest-bulk-get";
import { addKey, answered, answeredStatus, askKey, expiryOf, tellFailure } from "./guest-items";
import { Item, itemAt, itemCount, nextItem } from "./items";
import { readRequest } from "./request-items";
import { areItems } from "./save-state";
import { isIllegal } from "./stored-key";
import { areOperations, isDelete } from "./transact-state";
import { MISMATCH, NULL, readOptions, ttlOf } from "./write-items";

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
      return bulkGetOfGuest(call, row, one);
    case STATE_TRANSACTION:
      return transact(call, row, one);
    default:
      fail(call, ERR_STATE_QUERY_NOT_SUPPORTED);
  }
}

function get(call: Call, row: Store, one: GuestComponent, key: usize, length: i32): void {
  if (isIllegal(call, row, key, length)) return;
  blameComponent(one, ERR_STATE_GET, true, key, length);
  const item = askKey(call, row, one, key, length);
  if (item == null) return;
  if (answeredStatus() != 200) return reply(call, 204, "", 0, 0);
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

function remove(call: Call, row: Store, one: GuestComponent, key: usize, length: i32): void {
  if (isIllegal(call, row, key, length)) return;
  blameComponent(one, ERR_STATE_DELETE, false, key, length);
  beginComponent(one, "delete");
  addKey(row, key, length);
  const guard = findField(call.fields, "if-match");
  if (guard != null && guard.valueLength) addText("etag", guard.value, guard.valueLength);
  const answer = answered(one);
  if (answeredStatus() < 300) reply(call, 204, "", 0, 0);
  else if (answeredStatus() == 409) tellMismatch(call, 409);
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
    if (answeredStatus() == 409) refused = true;
    else if (answeredStatus() >= 300) return tellFailure(call, answer);
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
  if (answeredStatus() < 300) reply(call, 204, "", 0, 0);
  // Dapr has no 409 here.
  else if (answeredStatus() == 409) tellMismatch(call, 0);
  else tellFailure(call, answer);
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

function tellMismatch(call: Call, code: i32): void {
  say(MISMATCH);
  tellComponent(call, code);
}
