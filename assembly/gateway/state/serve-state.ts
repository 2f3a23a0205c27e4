import { Call } from "../call";
import { ERR_STATE_QUERY_NOT_SUPPORTED } from "../errors.gen";
import {
  STATE_BULK_GET,
  STATE_DELETE,
  STATE_GET,
  STATE_QUERY,
  STATE_SAVE,
  STATE_TRANSACTION,
} from "../operations.gen";
import { NONE } from "../records.gen";
import { fail } from "../reply";
import { spanLength, takeSpan } from "../route-spans";
import { HAS_PACKAGES } from "../variant";
import { bulkGetState } from "./bulk-get-state";
import { deleteState } from "./delete-state";
import { getState } from "./get-state";
import { serveGuestState } from "./guest-state";
import { passState } from "./remote-state";
import { saveState } from "./save-state";
import { findStore } from "./state-store";
import { transactState } from "./transact-state";

export function isState(operation: i32): bool {
  return (
    operation == STATE_GET ||
    operation == STATE_SAVE ||
    operation == STATE_DELETE ||
    operation == STATE_BULK_GET ||
    operation == STATE_TRANSACTION ||
    operation == STATE_QUERY
  );
}

/** Answers a call of the state API, as it was routed last. */
export function serveState(call: Call, operation: i32): void {
  const nameLength = spanLength(1);
  const name = takeSpan(1);
  const hasKey = operation == STATE_GET || operation == STATE_DELETE;
  const keyLength = hasKey ? spanLength(2) : 0;
  const key = hasKey ? takeSpan(2) : 0;
  const row = findStore(call, name, nameLength);
  if (row === null) return;
  if (row.remote != NONE) return passState(call, row, operation, key, keyLength);
  if (HAS_PACKAGES && row.guestsCount) return serveGuestState(call, row, operation, key, keyLength);
  switch (operation) {
    case STATE_GET:
      return getState(call, row, key, keyLength);
    case STATE_DELETE:
      return deleteState(call, row, key, keyLength);
    case STATE_SAVE:
      return saveState(call, row);
    case STATE_BULK_GET:
      return bulkGetState(call, row);
    case STATE_TRANSACTION:
      return transactState(call, row);
    default:
      fail(call, ERR_STATE_QUERY_NOT_SUPPORTED);
  }
}
