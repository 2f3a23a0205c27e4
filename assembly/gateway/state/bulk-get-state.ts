import { Call } from "../call";
import { ERR_STATE_BULK_GET } from "../errors.gen";
import { addBytes, addString, addWord, beginText, textLength, textStart } from "../growing-text";
import { allocate } from "../memory";
import { Store } from "../records.gen";
import { fail, reply } from "../reply";
import { itemFault, readItem } from "../store/items";
import { askedKey, askedKeyLength, nextKey, readKeys } from "./bulk-keys";
import { ETAG_LENGTH, putETag } from "./etag";
import { putTime, TIME_LENGTH } from "./expiry";
import { openStore } from "./state-store";
import { sayFault } from "./store-faults";
import { isIllegal, keyLength, keyText, makeKey } from "./stored-key";

/** POST|PUT /v1.0/state/{store}/bulk: an answer for each key in the order asked, the stored JSON spliced in. */
export function bulkGetState(call: Call, row: Store): void {
  if (!readKeys(call)) return;
  const fault = openStore(row);
  if (fault) return refuse(call, fault);
  beginText();
  addWord("[");
  while (nextKey()) {
    if (isIllegal(call, row, askedKey(), askedKeyLength())) return;
    if (!addAnswer(row, askedKey(), askedKeyLength())) return refuse(call, itemFault());
  }
  addWord("]");
  reply(call, 200, "application/json", textStart(), textLength());
}

function refuse(call: Call, fault: i32): void {
  sayFault(0, fault);
  fail(call, ERR_STATE_BULK_GET);
}

/** False where the store failed. */
function addAnswer(row: Store, key: usize, length: i32): bool {
  makeKey(row, key, length);
  const item = readItem(keyText(), keyLength());
  if (item === null && itemFault()) return false;
  addWord(textLength() > 1 ? ',{"key":' : '{"key":');
  addString(key, length);
  if (item !== null) {
    addWord(',"data":');
    addBytes(item.value, item.valueLength);
    const tag = allocate(ETAG_LENGTH);
    putETag(tag, item.version);
    addWord(',"etag":');
    addString(tag, ETAG_LENGTH);
    if (item.expires) {
      const time = allocate(TIME_LENGTH);
      putTime(time, item.expires);
      addWord(',"metadata":{"ttlExpireTime":');
      addString(time, TIME_LENGTH);
      addWord("}");
    }
  }
  addWord("}");
  return true;
}
