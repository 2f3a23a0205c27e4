import { Call, findField } from "../call";
import { ERR_STATE_DELETE } from "../errors.gen";
import { Store } from "../records.gen";
import { fail, literalParameter, parameter, reply } from "../reply";
import { COMMITTED } from "../store/apply";
import { addOperation, afterCommit, beginBatch, commit } from "../store/batch";
import { DELETE, MATCH, NONE } from "../store/record";
import { versionOf } from "./etag";
import { openStore } from "./state-store";
import { sayFault } from "./store-faults";
import { isIllegal, keyLength, keyText, makeKey } from "./stored-key";
import { MISMATCH } from "./write-items";

/** DELETE /v1.0/state/{store}/{key}: guarded by `If-Match`, whose value is the ETag as it was read. */
export function deleteState(call: Call, row: Store, key: usize, length: i32): void {
  if (isIllegal(call, row, key, length)) return;
  makeKey(row, key, length);
  parameter(0, key, length);
  const fault = openStore(row);
  if (fault) {
    sayFault(1, fault);
    return fail(call, ERR_STATE_DELETE);
  }
  const guard = findField(call.fields, "if-match");
  const isGuarded = guard != null && guard.valueLength > 0;
  const version = isGuarded ? versionOf(guard!.value, guard!.valueLength) : 0;
  beginBatch();
  addOperation(DELETE, isGuarded ? MATCH : NONE, keyText(), keyLength(), 0, 0, version, 0);
  const outcome = commit();
  if (outcome == COMMITTED) {
    reply(call, 204, "", 0, 0);
    return afterCommit();
  }
  if (outcome >= 0) literalParameter(1, MISMATCH);
  else sayFault(1, outcome);
  fail(call, ERR_STATE_DELETE, outcome >= 0 ? 409 : 0);
}
