/** The guest: what of it stands in this module's table, where the glue beside it puts it. It is the only one. */
import { GUESTS_FIRST, HANDLER_INITIALIZE, HANDLER_REQUEST, HANDLER_RESPONSE, HANDLER_START } from "../records.gen";
import { allocate, mark } from "../memory";
import { copyIn, copyOut, holds } from "../capability/guests";
import { fail, most } from "./host";

const ONE: u32 = 0;

export function guestStart(): void {
  call_indirect<void>(GUESTS_FIRST + HANDLER_START);
}

export function guestInitialize(): void {
  call_indirect<void>(GUESTS_FIRST + HANDLER_INITIALIZE);
}

/** `context << 32 | next`. */
export function guestRequest(): u64 {
  return call_indirect<i64>(GUESTS_FIRST + HANDLER_REQUEST);
}

export function guestResponse(context: i32, isError: i32): void {
  call_indirect<void>(GUESTS_FIRST + HANDLER_RESPONSE, context, isError);
}

/** Ends the guest where a span is not within its memory; `what` goes before that. */
export function check(at: u32, length: u32, what: string): void {
  if (!holds(ONE, at, length)) fail(what);
}

/** Copies bytes into the guest's memory. */
export function give(at: u32, from: usize, length: u32): void {
  copyIn(ONE, at, from, length);
}

/** Copies bytes of the guest's to that place, which has room for seven more. */
export function fetch(at: u32, to: usize, length: u32): void {
  copyOut(ONE, at, to, length);
}

/** Bytes that are kept of what a guest says in one call, beside the bodies that it writes. */
const MOST_KEPT: usize = 8 << 20;

/** Where the arena may go on to in this call. */
let roof: usize = 0;

/** A call of the guest begins. What it writes moves as it grows, and takes four times its size. */
export function limitMemory(): void {
  roof = mark() + 8 * <usize>most() + MOST_KEPT;
}

/** A copy of bytes of the guest's; of no bytes any address is one. */
export function taken(at: u32, length: u32, what: string): usize {
  if (length) check(at, length, what);
  if (mark() + <usize>length > roof) fail("it says more of its message than there is room for");
  const copy = allocate(<usize>length + 8);
  if (length) fetch(at, copy, length);
  return copy;
}

/** A number of 32 bits of the guest's. */
export function wordAt(at: u32): u32 {
  fetch(at, WORD, 4);
  return load<u32>(WORD);
}

const WORD: usize = memory.data(16, 8);

export function giveNumber(at: u32, value: u64, length: u32): void {
  check(at, length, "a pointer that it gave is outside of its memory");
  store<u64>(WORD, value);
  give(at, WORD, length);
}
