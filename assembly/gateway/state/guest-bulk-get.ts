import { SKIP } from "../../json/fields";
import { Call } from "../call";
import { says } from "../capability/call-parts";
import { blameComponent, tellComponent } from "../capability/faults";
import { beginComponent } from "../capability/guest-component";
import { fieldNamed } from "../capability/message";
import { say } from "../capability/sentence";
import { ERR_STATE_BULK_GET } from "../errors.gen";
import { addBytes, addString, addWord, beginText, textLength, textStart } from "../growing-text";
import { allocate } from "../memory";
import { FEATURE_BULK, GuestComponent, Store } from "../records.gen";
import { reply } from "../reply";
import { is } from "../text";
import { FieldList } from "../wasi/fields";
import { askedKey, askedKeyLength, nextKey, readKeys } from "./bulk-keys";
import { TIME_LENGTH } from "./expiry";
import { addKey, answered, answeredStatus, askKey, expiryOf, tellFailure } from "./guest-items";
import { scanBody } from "./scan-body";
import { isIllegal } from "./stored-key";

/** Keys of one `bulkGet`: what it answers has to fit into an answer. */
const MOST_KEYS: i32 = 64;

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

/** An answer for each key in the order asked, of many at a time where the guest takes them. */
export function bulkGetOfGuest(call: Call, row: Store, one: GuestComponent): void {
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
    const item = askKey(call, row, one, asked.key, asked.length);
    if (item == null) return;
    if (answeredStatus() == 200) keepItem(asked, item, 0, item.count);
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
  if (answeredStatus() != 200) {
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
