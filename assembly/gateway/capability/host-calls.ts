/** Performs what a guest asks for, one call after the other, each after it was compared with what it was granted. */
import { mark, release } from "../memory";
import { Guest } from "../records.gen";
import { beginSecrets } from "../secrets";
import { is } from "../text";
import { Field, FieldList } from "../wasi/fields";
import { HAS_EVENTS, HAS_FOLDER } from "../variant";
import { guestFailed, guestFailedBy } from "./faults";
import { callApp } from "./call-app";
import { fetchFrom } from "./call-fetch";
import { callState, readPrepared } from "./call-state";
import { callPublish } from "./call-publish";
import { beginMessage, messageStart, reserve, RESULTS } from "./message";
import { more, moreNumber, moreOf, say } from "./sentence";
import { beginResult, prepare, refuseCall } from "./results";

const PART: usize = memory.data(8, 4);

/** Calls that the guest may ask for, and those of them that are left to it. */
let allowed: u32 = 0;
let left: u32 = 0;

export function limitCalls(count: u32): void {
  allowed = left = count;
}

/** Performs a list of calls; their results become the message. False where the list is none: then the guest failed. */
export function perform(guest: Guest, list: FieldList, until: u64): bool {
  if (list.count == 0) {
    guestFailedBy("it asks for an empty list of calls");
    return false;
  }
  if (!isCall(list.at(0))) {
    guestFailedBy("the first field of its list is not :call");
    return false;
  }
  let count: u32 = 0;
  for (let i = 0; i < list.count; i++) if (isCall(list.at(i))) count++;
  if (count > left) {
    say("it asks for more than ");
    moreNumber(allowed);
    more(" calls of its host");
    guestFailed();
    return false;
  }
  left -= count;
  beginMessage(RESULTS);
  const part = changetype<FieldList>(PART);
  for (let i = 0; i < list.count; ) {
    let next = i + 1;
    while (next < list.count && !isCall(list.at(next))) next++;
    part.first = changetype<usize>(list.at(i));
    part.count = next - i;
    callOne(guest, part, until);
    i = next;
  }
  return true;
}

function isCall(field: Field): bool {
  return is(field.name, field.nameLength, ":call");
}

/** Bytes of a result that has no large body. */
const USUAL_RESULT: i32 = 4096;

/** Performs one call, and gives back what it took of the arena but its result. */
function callOne(guest: Guest, part: FieldList, until: u64): void {
  reserve(USUAL_RESULT);
  const start = messageStart();
  const before = mark();
  makeCall(guest, part, until);
  // A large result has moved the message behind all that.
  if (messageStart() != start) return;
  release(before);
  // They may lie there.
  beginSecrets();
}

function makeCall(guest: Guest, part: FieldList, until: u64): void {
  beginResult();
  const kind = part.at(0);
  const name = kind.value;
  const length = kind.valueLength;
  if (HAS_FOLDER && callState(guest, name, length, part, until)) return;
  if (HAS_EVENTS && is(name, length, "publish")) return callPublish(guest, part, until);
  if (is(name, length, "invoke")) return callApp(guest, part, until);
  if (is(name, length, "fetch")) return fetchFrom(guest, part, until);
  say("there is no call ");
  moreOf(name, length);
  refuseCall(400, "ERR_BAD_REQUEST");
}

/** Reads what the manifest wants read before each call: further fields of the request. */
export function addPrepared(guest: Guest, until: u64): void {
  if (!HAS_FOLDER) return;
  for (let i: u32 = 0; i < guest.preparedKeysCount; i++) {
    const row = guest.preparedKey(i);
    beginResult();
    prepare(row.field, row.fieldLength);
    readPrepared(guest, row.store, row.storeLength, row.key, row.keyLength, until);
  }
}
