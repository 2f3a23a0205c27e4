/** What guests import: each comes with the guest's number, which glue puts before what the guest says. */
import { isUtf8, sequence } from "../../text/utf8";
import { allocate, mark, release } from "../memory";
import { head } from "../table";
import { copy, put } from "../text";
import { now, wallMillis, whenIt } from "../wasi/clocks";
import { stderr } from "../wasi/command";
import { dropPollable, wait, waitFor } from "../wasi/poll";
import { random } from "../wasi/random";
import { blockingFlush, dropOutputStream, writable, write } from "../wasi/streams";
import { endGuest, guestFailed, guestFailedBy, guestIsLate } from "./faults";
import { copyIn, copyOut, holds } from "./guests";
import { more, moreNumber, moreOf, say } from "./sentence";

/** Lines of one step, and bytes of one: what is beyond is left out. */
const MOST_LINES: i32 = 100;
const MOST_LINE: u32 = 1024;

/** Random bytes of one call. */
const MOST_RANDOM: u32 = 65536;

let lines: i32 = 0;

/** A step begins. */
export function forgetLines(): void {
  lines = 0;
}

/** Nanoseconds on the clock at which the call that is under way is over. */
let until: u64 = 0;

/** When it began, or let others go on the last time. */
let rested: u64 = 0;

/** Nanoseconds after which a guest lets others go on, who may wait for its thread. */
const SHIFT: u64 = 10000000;

export function limitTime(end: u64): void {
  until = end;
  rested = now();
}

/** Called by a guest that has done much since it was called last. */
export function guestTick(guest: u32): void {
  const time = now();
  if (time >= until) {
    guestIsLate(head().guest(guest));
    endGuest(guest);
  }
  if (time - rested < SHIFT) return;
  // Waiting for any time at all gives the thread away.
  const pollable = whenIt(time + 1);
  waitFor(0, pollable);
  wait(1);
  dropPollable(pollable);
  rested = now();
}

/** Called by a guest that is about to trap. */
export function guestTrap(guest: u32): void {
  guestFailedBy("it trapped: unreachable");
  endGuest(guest);
}

/** Called by the adapter of a guest of http-wasm that did what it may not. */
export function guestFail(guest: u32, at: u32, length: u32): void {
  const text = allocate(length + 8);
  copyOut(guest, at, text, length);
  say("");
  moreOf(text, length);
  guestFailed();
  endGuest(guest);
}

/** Milliseconds since 1970, without a fraction, so that it measures nothing of others. */
export function guestClock(guest: u32): f64 {
  return <f64>wallMillis();
}

export function guestRandom(guest: u32, at: u32, length: u32): void {
  if (!holds(guest, at, length)) {
    guestFailedBy("where it wants chance is outside of its memory");
    endGuest(guest);
  }
  if (length > MOST_RANDOM) {
    say("it asks for ");
    moreNumber(length);
    more(" random bytes at a time, where 65536 are the most");
    guestFailed();
    endGuest(guest);
  }
  const before = mark();
  const bytes = allocate(length + 8);
  for (let i: u32 = 0; i < length; i += 8) store<u64>(bytes + i, random());
  copyIn(guest, at, bytes, length);
  release(before);
}

/** One line on stderr, whatever is in it. */
export function guestLog(guest: u32, level: i32, at: u32, length: u32): void {
  if (!holds(guest, at, length)) {
    guestFailedBy("what it logs is outside of its memory");
    endGuest(guest);
  }
  if (lines++ >= MOST_LINES) return;
  const before = mark();
  const size = min(length, MOST_LINE);
  const row = head().guest(guest);
  const line = allocate(size + row.nameLength + 64);
  let end = put(copy(put(line, "capability "), row.name, row.nameLength), ": ");
  // What is printed has a level as well.
  level &= 3;
  end = put(end, level == 0 ? "debug: " : level == 2 ? "warn: " : level == 3 ? "error: " : "");
  const text = end;
  copyOut(guest, at, text, size);
  end = put(makePlain(text, size), "\n");
  const stream = stderr();
  const whole = <i32>(end - line);
  if (writable(stream) >= whole && !write(stream, line, whole)) blockingFlush(stream);
  dropOutputStream(stream);
  release(before);
}

/** Makes it one line of text that commands no terminal. Answers where it ends. */
function makePlain(text: usize, size: u32): usize {
  let end = text + size;
  // The last character may have been cut.
  while (size == MOST_LINE && end > text && (load<u8>(end - 1) & 0xc0) == 0x80) end--;
  if (size == MOST_LINE && end > text && load<u8>(end - 1) >= 0xc0) end--;
  const isText = isUtf8(text, <i32>(end - text));
  for (let at = text; at < end; ) {
    const byte = load<u8>(at);
    if (byte < 0x80 || !isText) {
      if (byte < 0x20 || byte >= 0x7f) store<u8>(at, byte < 0x80 ? 0x20 : 0x3f);
      at++;
      continue;
    }
    const bytes = sequence(at, end);
    const isControl = byte == 0xc2 && load<u8>(at, 1) < 0xa0;
    const isLineEnd = byte == 0xe2 && load<u8>(at, 1) == 0x80 && (load<u8>(at, 2) | 1) == 0xa9;
    if (isControl || isLineEnd) memory.fill(at, 0x20, bytes);
    at += bytes;
  }
  return end;
}
