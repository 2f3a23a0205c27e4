/** What a guest did wrong, which ends its instance: the one thing that is told of it. */
import { Call, call } from "../call";
import { ERR_CAPABILITY_DEADLINE, ERR_CAPABILITY_FAULT, ERR_STATE_STORE_NOT_SUPPORTED } from "../errors.gen";
import { Guest, GuestComponent } from "../records.gen";
import { fail, parameter } from "../reply";
import { head } from "../table";
import { answersOtherwise } from "./sources";
import { asParameter, more, moreBefore, moreNumber, moreOf, say, sayBefore } from "./sentence";

let faulty: bool = false;
let row: usize = 0;

/** The component that is told to have failed, and by which row of errors; 0: the package is. */
let component: usize = 0;
let refusal: usize = 0;
let key: usize = 0;
let keyLength: i32 = 0;
let names: bool = false;

/** What goes wrong from here on is a package's, whose operation it is. */
export function blamePackage(): void {
  component = 0;
}

/**
 * What goes wrong from here on is a component's: an error whose parameters are a key, unless that is 0, the component's name
 * if it `named`, and the cause.
 */
export function blameComponent(
  one: GuestComponent,
  error: usize,
  named: bool = false,
  item: usize = 0,
  length: i32 = 0,
): void {
  component = changetype<usize>(one);
  refusal = error;
  names = named;
  key = item;
  keyLength = length;
}

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

/** Answers the caller with what was said last of the component, as the row has it; of another status unless 0. */
export function tellComponent(call: Call, status: i32 = 0): void {
  let index = 0;
  if (key) parameter(index++, key, keyLength);
  if (names) {
    const one = changetype<GuestComponent>(component);
    parameter(index++, one.name, one.nameLength);
  }
  asParameter(index);
  fail(call, refusal, status);
}

/** Here, and so not in files without packages: of a store that promises no transactions. */
export function refuseTransaction(call: Call, store: GuestComponent): void {
  parameter(0, store.name, store.nameLength);
  fail(call, ERR_STATE_STORE_NOT_SUPPORTED);
}

/** Puts which component it is before what was said last. */
export function sayComponent(what: string): void {
  const one = changetype<GuestComponent>(component);
  sayBefore("component ");
  moreOf(one.name, one.nameLength);
  more(" (");
  moreOf(one.type, one.typeLength);
  more(what);
  moreBefore();
}

/** Answers the caller with it. */
function tellFault(call: Call, guest: Guest): void {
  // Whatever was to see the answer is not asked any more.
  call.passed = 0;
  if (component) {
    sayComponent("): its package failed: ");
    return tellComponent(call);
  }
  parameter(0, guest.name, guest.nameLength);
  asParameter(1);
  fail(call, row);
}

/**
 * Has another source answer, or tells the caller, and ends the instance: the guest's memory is not to be used again. The answer
 * is out by then.
 */
export function endGuest(index: u32): void {
  if (!answersOtherwise()) tellFault(call(), head().guest(index));
  unreachable();
}
