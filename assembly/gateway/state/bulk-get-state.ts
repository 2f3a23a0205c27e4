import { escape, GROWTH } from "../../json/escape";
import { SKIP } from "../../json/fields";
import { Call } from "../call";
import { ERR_STATE_BULK_GET } from "../errors.gen";
import { skipSpace, skipValue, unescapeText } from "../json-text";
import { allocate } from "../memory";
import { Store } from "../records.gen";
import { fail, reply } from "../reply";
import { itemFault, readItem } from "../store/items";
import { copy, is, put } from "../text";
import { wholeBody } from "../whole-body";
import { putETag } from "./etag";
import { putTime } from "./expiry";
import { malformed, readShape } from "./request-items";
import { openStore } from "./state-store";
import { sayFault } from "./store-faults";
import { isIllegal, keyLength, keyText, makeKey } from "./stored-key";

const QUOTE: u8 = 0x22;
const OPENING: u8 = 0x5b;
const CLOSING: u8 = 0x5d;
const BRACE: u8 = 0x7b;
const END: u8 = 0x7d;
const COMMA: u8 = 0x2c;
const NULL: u8 = 0x6e;

/** What an answer has beside key and value of an item. */
const MARGIN: i32 = 128;

/** The answer as far as it is written: it moves when it grows. */
let answer: usize = 0;
let end: usize = 0;
let room: i32 = 0;

/** POST|PUT /v1.0/state/{store}/bulk: an answer for each key in the order asked, the stored JSON spliced in. */
export function bulkGetState(call: Call, row: Store): void {
  if (!readShape(call, SKIP, "a JSON value", false)) return;
  const keys = findKeys(call);
  if (!keys) return;
  const fault = openStore(row);
  if (fault) return refuse(call, fault);
  room = 65536;
  answer = allocate(room);
  end = put(answer, "[");
  if (load<u8>(keys) == OPENING) {
    for (let at = skipSpace(keys + 1); load<u8>(at) != CLOSING; ) {
      const next = skipValue(at);
      const key = allocate(next - at);
      const length = unescapeText(at + 1, next - 1, key);
      if (isIllegal(call, row, key, length)) return;
      if (!addAnswer(row, key, length)) return refuse(call, itemFault());
      at = skipSpace(next);
      if (load<u8>(at) == COMMA) at = skipSpace(at + 1);
    }
  }
  reserve(1);
  end = put(end, "]");
  reply(call, 200, "application/json", answer, <i32>(end - answer));
}

function refuse(call: Call, fault: i32): void {
  sayFault(0, fault);
  fail(call, ERR_STATE_BULK_GET);
}

/** Where the body's array of keys is, or the `null` in its place; 0 where the caller was told what is wrong. */
function findKeys(call: Call): usize {
  let at = skipSpace(wholeBody());
  if (load<u8>(at) == NULL) return at;
  if (load<u8>(at) != BRACE) return mistaken(call, "expected an object");
  let keys: usize = 0;
  at = skipSpace(at + 1);
  while (load<u8>(at) != END) {
    const named = skipValue(at);
    const value = skipSpace(skipSpace(named) + 1);
    if (is(at + 1, <i32>(named - at) - 2, "keys")) keys = value;
    at = skipSpace(skipValue(value));
    if (load<u8>(at) == COMMA) at = skipSpace(at + 1);
  }
  if (!keys) return NO_KEYS;
  if (load<u8>(keys) == NULL) return keys;
  if (load<u8>(keys) != OPENING || !areTexts(keys)) return mistaken(call, "expected an array of strings for keys");
  return keys;
}

/** In the place of keys that are not there. */
const NO_KEYS: usize = memory.data<u8>([0x6e]);

function mistaken(call: Call, cause: string): usize {
  malformed(call, false, cause);
  return 0;
}

function areTexts(list: usize): bool {
  let at = skipSpace(list + 1);
  while (load<u8>(at) != CLOSING) {
    if (load<u8>(at) != QUOTE) return false;
    at = skipSpace(skipValue(at));
    if (load<u8>(at) == COMMA) at = skipSpace(at + 1);
  }
  return true;
}

/** False where the store failed. */
function addAnswer(row: Store, key: usize, length: i32): bool {
  makeKey(row, key, length);
  const item = readItem(keyText(), keyLength());
  if (item === null && itemFault()) return false;
  reserve(length * GROWTH + MARGIN + (item === null ? 0 : <i32>item.valueLength));
  end = put(end, end - answer > 1 ? ',{"key":"' : '{"key":"');
  end += <usize>escape(key, length, end, true);
  end = put(end, '"');
  if (item !== null) {
    end = copy(put(end, ',"data":'), item.value, item.valueLength);
    end = put(putETag(put(end, ',"etag":"'), item.version), '"');
    if (item.expires) end = put(putTime(put(end, ',"metadata":{"ttlExpireTime":"'), item.expires), '"}');
  }
  end = put(end, "}");
  return true;
}

/** Makes the answer as long as it is with `more` bytes. */
function reserve(more: i32): void {
  const length = <i32>(end - answer);
  if (length + more <= room) return;
  while (length + more > room) room <<= 1;
  const moved = allocate(room);
  memory.copy(moved, answer, length);
  answer = moved;
  end = moved + <usize>length;
}
