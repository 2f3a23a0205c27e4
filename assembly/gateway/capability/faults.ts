/** What a guest did wrong, which ends its instance: the one thing that is told of it. */
import { Call, call } from "../call";
import { ERR_CAPABILITY_DEADLINE, ERR_CAPABILITY_FAULT } from "../errors.gen";
import { Guest } from "../records.gen";
import { fail, parameter } from "../reply";
import { head } from "../table";
import { asParameter, more, moreNumber, say } from "./sentence";

let faulty: bool = false;
let row: usize = 0;

export function forgetFaults(): void {
  faulty = false;
}

export function isFaulty(): bool {
  return faulty;
}

/** The guest failed; what was said last tells how. */
export function guestFailed(): void {
  row = ERR_CAPABILITY_FAULT;
  faulty = true;
}

export function guestFailedBy(text: string): void {
  say(text);
  guestFailed();
}

export function guestIsLate(guest: Guest): void {
  say("it did not answer within ");
  moreNumber(guest.timeMs);
  more(" ms");
  row = ERR_CAPABILITY_DEADLINE;
  faulty = true;
}

/** Answers the caller with it. */
function tellFault(call: Call, guest: Guest): void {
  parameter(0, guest.name, guest.nameLength);
  asParameter(1);
  fail(call, row);
}

/** Tells the caller, and ends the instance: the guest's memory is not to be used again. The answer is out by then. */
export function endGuest(index: u32): void {
  tellFault(call(), head().guest(index));
  unreachable();
}
