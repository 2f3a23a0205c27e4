/** One call of a guest: a request, steps as many as it asks for, an answer. */
import { Call } from "../call";
import { allocate } from "../memory";
import { Guest } from "../records.gen";
import { FieldList } from "../wasi/fields";
import { isFaulty, guestFailed, guestFailedBy } from "./faults";
import { answerWith } from "./guest-answer";
import {
  copyIn,
  copyOut,
  guestAllocate,
  guestBegins,
  guestHandle,
  guestInitialize,
  guestVersion,
  isGuests,
} from "./guests";
import { forgetLines } from "./guest-imports";
import { ANSWER, messageLength, messageStart, readMessage, whatIsWrong } from "./message";
import { more, moreNumber, say } from "./sentence";

const ABI_VERSION: i32 = 1;

/** Fields of what the guest answered. */
const FIELDS: usize = memory.data(8, 4);

/** Hands the message to the guest and answers the caller with what it says. False: it failed, and nobody was answered. */
export function converse(call: Call, guest: Guest, index: u32): bool {
  if (guestBegins(index) && !begin(guest, index)) return false;
  const list = changetype<FieldList>(FIELDS);
  const kind = ask(guest, index, list);
  if (isFaulty()) return false;
  if (kind == ANSWER) return answerWith(call, list);
  say("it answers a message of kind ");
  moreNumber(kind);
  guestFailed();
  return false;
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
function ask(guest: Guest, index: u32, list: FieldList): u32 {
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
  if (!isGuests(index, at, length)) return outside("what it allocated is outside of its memory");
  copyIn(index, at, messageStart(), length);
  const span = guestHandle(index, at, length);
  const size = <u32>span;
  if (size > guest.answer) {
    say("its answer has ");
    moreNumber(size);
    more(" bytes, where its limit is ");
    moreNumber(guest.answer);
    guestFailed();
    return 0;
  }
  if (!isGuests(index, <u32>(span >> 32), size)) return outside("its answer is outside of its memory");
  const answer = allocate(size + 8);
  copyOut(index, <u32>(span >> 32), answer, size);
  const kind = readMessage(answer, size, list);
  if (kind == 0) guestFailedBy(whatIsWrong());
  return kind;
}

function outside(what: string): u32 {
  guestFailedBy(what);
  return 0;
}
