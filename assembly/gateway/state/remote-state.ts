import { ALWAYS, BY_METHOD, Call, findField, NEVER } from "../call";
import {
  ERR_STATE_BULK_GET,
  ERR_STATE_DELETE,
  ERR_STATE_GET,
  ERR_STATE_QUERY,
  ERR_STATE_SAVE,
  ERR_STATE_TRANSACTION,
} from "../errors.gen";
import { passOn } from "../invoke";
import { allocate } from "../memory";
import {
  STATE_BULK_GET,
  STATE_DELETE,
  STATE_GET,
  STATE_QUERY,
  STATE_SAVE,
  STATE_TRANSACTION,
} from "../operations.gen";
import { Store } from "../records.gen";
import { parameter } from "../reply";
import { head } from "../table";
import { Target } from "../target";
import { put } from "../text";
import { encode, ENCODED_GROWTH } from "../wire-path";
import { AS_IT_IS, BULK, QUERY } from "./remote-answer";
import { renameItems, renameKeys, renameOperations } from "./remote-bodies";
import { keepsNames, knowPrefix, makeName, nameSize, nameText } from "./remote-names";
import { isIllegal } from "./stored-key";

const TARGET: usize = memory.data(32, 4);

/**
 * A call of the state API to a store that another sidecar has. Values pass as they come; bodies with keys in them, and
 * answers, are read where keys have other names there.
 */
export function passState(call: Call, row: Store, operation: i32, key: usize, length: i32): void {
  const hasKey = operation == STATE_GET || operation == STATE_DELETE;
  if (hasKey) {
    if (isIllegal(call, row, key, length)) return;
    makeName(row, key, length);
  }
  const name = nameText();
  const size = hasKey ? nameSize() : 0;
  sayHow(call, row, operation);
  if (!keepsNames(row) && !renames(call, row, operation)) return;
  // A daprlet carries out once what has an id.
  if (call.repeats == BY_METHOD && findField(call.fields, "daprlet-request-id") != null) call.repeats = ALWAYS;

  const target = changetype<Target>(TARGET);
  target.id = row.name;
  target.idLength = row.nameLength;
  target.method = 0;
  target.methodLength = 0;
  target.wire = allocate((row.componentLength + size) * ENCODED_GROWTH + 32);
  let end = put(target.wire, operation == STATE_QUERY ? "/v1.0-alpha1/state/" : "/v1.0/state/");
  end = encode(end, row.component, row.componentLength, true);
  end = put(end, behind(operation));
  if (hasKey) end = encode(end, name, size, true);
  target.wireLength = <i32>(end - target.wire);
  refuseAs(call, row, operation, key, length);
  passOn(call, target, head().remote(row.remote));
}

function behind(operation: i32): string {
  switch (operation) {
    case STATE_SAVE:
      return "";
    case STATE_BULK_GET:
      return "/bulk";
    case STATE_TRANSACTION:
      return "/transaction";
    case STATE_QUERY:
      return "/query";
    default:
      return "/";
  }
}

/** Says whether it may be tried twice, and what becomes of the answer. */
function sayHow(call: Call, row: Store, operation: i32): void {
  call.answerAs = AS_IT_IS;
  switch (operation) {
    case STATE_SAVE:
    case STATE_TRANSACTION:
      call.repeats = NEVER;
      break;
    case STATE_DELETE:
      if (findField(call.fields, "if-match") != null) call.repeats = NEVER;
      break;
    default:
      call.repeats = ALWAYS;
  }
  if (keepsNames(row)) return;
  if (operation == STATE_BULK_GET) call.answerAs = BULK;
  if (operation == STATE_QUERY) call.answerAs = QUERY;
}

/** Writes the body anew where it has keys. False where the caller was told what is wrong with it. */
function renames(call: Call, row: Store, operation: i32): bool {
  switch (operation) {
    case STATE_SAVE:
      return renameItems(call, row);
    case STATE_TRANSACTION:
      return renameOperations(call, row);
    case STATE_BULK_GET:
      knowPrefix(row);
      return renameKeys(call, row);
    case STATE_QUERY:
      knowPrefix(row);
      return true;
    default:
      return true;
  }
}

/** Says which error tells that nobody answered. */
function refuseAs(call: Call, row: Store, operation: i32, key: usize, length: i32): void {
  const isGet = operation == STATE_GET;
  const names = operation == STATE_SAVE || operation == STATE_QUERY;
  if (names) parameter(0, row.name, row.nameLength);
  else parameter(0, key, length);
  if (isGet) parameter(1, row.name, row.nameLength);
  call.causeAt = isGet ? 2 : names || operation == STATE_DELETE ? 1 : 0;
  call.refusal = refusal(operation);
}

function refusal(operation: i32): usize {
  switch (operation) {
    case STATE_GET:
      return ERR_STATE_GET;
    case STATE_SAVE:
      return ERR_STATE_SAVE;
    case STATE_DELETE:
      return ERR_STATE_DELETE;
    case STATE_BULK_GET:
      return ERR_STATE_BULK_GET;
    case STATE_TRANSACTION:
      return ERR_STATE_TRANSACTION;
    default:
      return ERR_STATE_QUERY;
  }
}
