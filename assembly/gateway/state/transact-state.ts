import { TRANSACTION_ROOT } from "../../json/fields";
import { Call } from "../call";
import {
  ERR_NOT_SUPPORTED_STATE_OPERATION,
  ERR_STATE_STORE_TOO_MANY_TRANSACTIONS,
  ERR_STATE_TRANSACTION,
} from "../errors.gen";
import { allocate } from "../memory";
import { Store } from "../records.gen";
import { fail, literalParameter, parameter, reply } from "../reply";
import { COMMITTED } from "../store/apply";
import { afterCommit, beginBatch, commit, MOST_OPERATIONS } from "../store/batch";
import { is, putNumber } from "../text";
import { Item, itemAt, itemCount } from "./items";
import { malformed, readRequest } from "./request-items";
import { openStore } from "./state-store";
import { sayFault } from "./store-faults";
import { isIllegal } from "./stored-key";
import { addItem, MISMATCH, readOptions, whyNot } from "./write-items";

/** POST|PUT /v1.0/state/{store}/transaction: upserts and deletes, all of them or none. */
export function transactState(call: Call, row: Store): void {
  if (!readRequest(call, TRANSACTION_ROOT, "an object with operations", false)) return;
  const count = itemCount();
  if (!count) return reply(call, 204, "", 0, 0);
  if (count > MOST_OPERATIONS) {
    numberParameter(0, count);
    numberParameter(1, MOST_OPERATIONS);
    return fail(call, ERR_STATE_STORE_TOO_MANY_TRANSACTIONS);
  }
  if (!areOperations(call, row)) return;
  const fault = openStore(row);
  if (fault) return refuse(call, fault);
  beginBatch();
  for (let i = 0; i < count; i++) {
    if (addItem(row, itemAt(i), isDelete(itemAt(i)))) continue;
    literalParameter(0, "the transaction is larger than 1 MiB, the most that a folder's log takes at once");
    return fail(call, ERR_STATE_TRANSACTION);
  }
  const outcome = commit();
  if (outcome == COMMITTED) reply(call, 204, "", 0, 0);
  else refuse(call, outcome);
  afterCommit();
}

/** False where the caller was told what is wrong with one of the operations. */
export function areOperations(call: Call, row: Store): bool {
  readOptions(call);
  for (let i = 0; i < itemCount(); i++) {
    const item = itemAt(i);
    if (!isUpsert(item) && !isDelete(item)) {
      parameter(0, item.operation, item.operationLength);
      fail(call, ERR_NOT_SUPPORTED_STATE_OPERATION);
      return false;
    }
    if (item.keyLength == 0) {
      malformed(call, false, '"key" is a required field');
      return false;
    }
    if (isIllegal(call, row, item.key, item.keyLength)) return false;
    const why = whyNot(item);
    if (!why.length) continue;
    literalParameter(0, why);
    fail(call, ERR_STATE_TRANSACTION);
    return false;
  }
  return true;
}

/** Dapr has no 409 here: every failure of a transaction is 500. */
function refuse(call: Call, outcome: i32): void {
  if (outcome >= 0) literalParameter(0, MISMATCH);
  else sayFault(0, outcome);
  fail(call, ERR_STATE_TRANSACTION);
}

function isUpsert(item: Item): bool {
  return is(item.operation, item.operationLength, "upsert");
}

export function isDelete(item: Item): bool {
  return is(item.operation, item.operationLength, "delete");
}

function numberParameter(index: i32, value: i32): void {
  const text = allocate(20);
  parameter(index, text, <i32>(putNumber(text, value) - text));
}
