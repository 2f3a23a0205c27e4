import { Call } from "../call";
import { addGrants } from "../door/pages";
import { ERR_STATE_GET } from "../errors.gen";
import { addLiteral, addNamed, beginFields } from "../headers";
import { allocate } from "../memory";
import { Store } from "../records.gen";
import { fail, parameter, reply, replyWith } from "../reply";
import { itemFault, readItem } from "../store/items";
import { Operation } from "../store/record";
import { FieldList } from "../wasi/fields";
import { ETAG_LENGTH, putETag } from "./etag";
import { putTime, TIME_LENGTH } from "./expiry";
import { openStore } from "./state-store";
import { sayFault } from "./store-faults";
import { isIllegal, keyLength, keyText, makeKey } from "./stored-key";

/** GET /v1.0/state/{store}/{key}: the stored bytes as they are. */
export function getState(call: Call, row: Store, key: usize, length: i32): void {
  if (isIllegal(call, row, key, length)) return;
  makeKey(row, key, length);
  let fault = openStore(row);
  let item: Operation | null = null;
  if (!fault) item = readItem(keyText(), keyLength());
  if (item !== null) return replyWith(call, 200, headers(item.version, item.expires), item.value, item.valueLength);
  if (!fault) fault = itemFault();
  if (!fault) return reply(call, 204, "", 0, 0);
  parameter(0, key, length);
  parameter(1, row.name, row.nameLength);
  sayFault(2, fault);
  fail(call, ERR_STATE_GET);
}

function headers(version: u64, expires: u64): FieldList {
  const list = beginFields(0);
  addLiteral(list, "content-type", "application/json");
  const tag = allocate(ETAG_LENGTH);
  putETag(tag, version);
  addNamed(list, "etag", tag, ETAG_LENGTH);
  if (expires) {
    const time = allocate(TIME_LENGTH);
    putTime(time, expires);
    addNamed(list, "metadata.ttlexpiretime", time, TIME_LENGTH);
  }
  addGrants(list);
  return list;
}
