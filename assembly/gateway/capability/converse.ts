/** One call of a guest: a request, steps as many as it asks for, an answer. */
import { allocate } from "../memory";
import { Guest } from "../records.gen";
import { FieldList } from "../wasi/fields";
import { now } from "../wasi/clocks";
import { guestFailed, guestFailedBy, guestIsLate, isFaulty } from "./faults";
import {
  copyIn,
  copyOut,
  guestAllocate,
  guestBegins,
  guestHandle,
  guestInitialize,
  guestResume,
  guestVersion,
  holds,
} from "./guests";
import { forgetLines } from "./guest-imports";
import { perform } from "./host-calls";
import { ANSWER, CALLS, messageLength, messageStart, readMessage, whatIsWrong } from "./message";
import { more, moreNumber, say } from "./sentence";

const ABI_VERSION: i32 = 1;

/** Fields of what the guest answered. */
const FIELDS: usize = memory.data(8, 4);

/** Hands the message to the guest, performs what it asks for, and answers what it says in the end. Null: it failed. */
export function converse(guest: Guest, index: u32, until: u64): FieldList | null {
  if (guestBegins(index) && !begin(guest, index)) return null;
  const list = changetype<FieldList>(FIELDS);
  let resumes = false;
  while (true) {
    const kind = ask(guest, index, resumes, list);
    if (isFaulty() || isLate(guest, until)) return null;
    if (kind == ANSWER) return list;
    if (kind != CALLS) return wrongKind(kind);
    if (!perform(guest, list, until) || isLate(guest, until)) return null;
    resumes = true;
  }
}

function isLate(guest: Guest, until: u64): bool {
  if (now() < until) return false;
  guestIsLate(guest);
  return true;
}

function wrongKind(kind: u32): FieldList | null {
  say("it answers a message of kind ");
  moreNumber(kind);
  guestFailed();
  return null;
}

function begin(guest: Guest, index: u32): bool {
  if (guest.initializes) guestInitialize(index);
  const version = guestVersion(index);
  if (version == ABI_VERSION) return true;
  say("it speaks version ");
  moreNumber(<u32>version);
  more(" of the ABI, where this host speaks ");
  moreNumber(ABI_VERSION);
  guestFailed();
  return false;
}

/** Hands the message to it, and reads what it answers: its kind, or a fault. */
function ask(guest: Guest, index: u32, resumes: bool, list: FieldList): u32 {
  if (resumes && !guest.resumes) return failedBy("it asks for calls, and does not export cap_resume");
  forgetLines();
  const length = messageLength();
  const at = guestAllocate(index, length);
  if (at == 0) {
    say("it has no room for a message of ");
    moreNumber(length);
    more(" bytes");
    guestFailed();
    return 0;
  }
  if (!holds(index, at, length)) return failedBy("what it allocated is outside of its memory");
  copyIn(index, at, messageStart(), length);
  const span = resumes ? guestResume(index, at, length) : guestHandle(index, at, length);
  const size = <u32>span;
  if (size > guest.answer) {
    say("its answer has ");
    moreNumber(size);
    more(" bytes, where its limit is ");
    moreNumber(guest.answer);
    guestFailed();
    return 0;
  }
  if (!holds(index, <u32>(span >> 32), size)) return failedBy("its answer is outside of its memory");
  const answer = allocate(size + 8);
  copyOut(index, <u32>(span >> 32), answer, size);
  const kind = readMessage(answer, size, list);
  if (kind == 0) guestFailedBy(whatIsWrong());
  return kind;
}

function failedBy(what: string): u32 {
  guestFailedBy(what);
  return 0;
}
