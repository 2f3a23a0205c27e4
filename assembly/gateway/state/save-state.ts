import { SAVE_ROOT } from "../../json/fields";
import { Call } from "../call";
import { ERR_STATE_SAVE } from "../errors.gen";
import { Store } from "../records.gen";
import { fail, literalParameter, parameter, reply } from "../reply";
import { COMMITTED } from "../store/apply";
import { afterCommit, beginBatch, commit } from "../store/batch";
import { itemAt, itemCount } from "./items";
import { malformed, readRequest } from "./request-items";
import { openStore } from "./state-store";
import { sayFault } from "./store-faults";
import { isIllegal } from "./stored-key";
import { addItem, isConditional, MISMATCH, readOptions, whyNot } from "./write-items";

const TOO_BIG: i32 = -201;

/**
 * POST|PUT /v1.0/state/{store}: items, each on its own. Nothing is written unless all of them are well formed; a stale
 * ETag refuses its own item only.
 */
export function saveState(call: Call, row: Store): void {
  if (!readRequest(call, SAVE_ROOT, "an array of items", true)) return;
  if (!areItems(call, row)) return;
  const count = itemCount();
  if (!count) return reply(call, 204, "", 0, 0);
  let fault = openStore(row);
  let refused = false;
  if (!fault) {
    let at = 0;
    while (at < count && !fault) {
      at = fillBatch(row, at);
      const outcome = added ? commit() : TOO_BIG;
      if (outcome >= 0) refused = true;
      else if (outcome != COMMITTED) fault = outcome;
    }
  }
  if (!fault && !refused) reply(call, 204, "", 0, 0);
  else {
    parameter(0, row.name, row.nameLength);
    if (fault == TOO_BIG) literalParameter(1, "an item is larger than 1 MiB, the most that a folder's log takes at once");
    else if (fault) sayFault(1, fault);
    else literalParameter(1, MISMATCH);
    fail(call, ERR_STATE_SAVE, fault ? 0 : 409);
  }
  afterCommit();
}

/** False where the caller was told what is wrong with one of the items. */
export function areItems(call: Call, row: Store): bool {
  readOptions(call);
  for (let i = 0; i < itemCount(); i++) {
    const item = itemAt(i);
    if (item.keyLength == 0) {
      malformed(call, true, '"key" is a required field');
      return false;
    }
    if (isIllegal(call, row, item.key, item.keyLength)) return false;
    const why = whyNot(item);
    if (!why.length) continue;
    parameter(0, row.name, row.nameLength);
    literalParameter(1, why);
    fail(call, ERR_STATE_SAVE);
    return false;
  }
  return true;
}

let added: i32 = 0;

/** Begins a batch with the items from that one on: one whose condition may fail stands alone. Answers the next item. */
function fillBatch(row: Store, from: i32): i32 {
  beginBatch();
  added = 0;
  let at = from;
  for (const count = itemCount(); at < count; at++) {
    const item = itemAt(at);
    const alone = isConditional(item, false);
    if (alone && added) break;
    if (!addItem(row, item, false)) break;
    added++;
    if (alone) return at + 1;
  }
  return at;
}
