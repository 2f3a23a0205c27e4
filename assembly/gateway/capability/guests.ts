/**
 * The guests of packages: modules with memories of their own, put beside this one when the file is built. What of theirs may
 * be called stands in this module's table of functions, where glue of host/gateway/packages puts it when the instance starts.
 * No module sees two memories: bytes cross by eights.
 */
import {
  GUESTS_EACH,
  GUESTS_FIRST,
  GUESTS_MOST,
  SLOT_ALLOCATE,
  SLOT_HANDLE,
  SLOT_INITIALIZE,
  SLOT_PAGES,
  SLOT_READ,
  SLOT_RESUME,
  SLOT_VERSION,
  SLOT_WRITE,
} from "../records.gen";

/** Whether a guest of this instance has been initialized. */
const BEGUN: usize = memory.data(GUESTS_MOST);

// @ts-ignore: decorator
@inline
function place(guest: u32, what: u32): u32 {
  return GUESTS_FIRST + guest * GUESTS_EACH + what;
}

export function guestVersion(guest: u32): i32 {
  return call_indirect<i32>(place(guest, SLOT_VERSION));
}

export function guestAllocate(guest: u32, size: i32): u32 {
  return call_indirect<i32>(place(guest, SLOT_ALLOCATE), size);
}

/** `pointer << 32 | length` of what it answers. */
export function guestHandle(guest: u32, at: u32, length: i32): u64 {
  return call_indirect<i64>(place(guest, SLOT_HANDLE), at, length);
}

export function guestResume(guest: u32, at: u32, length: i32): u64 {
  return call_indirect<i64>(place(guest, SLOT_RESUME), at, length);
}

/** True the first time in an instance. */
export function guestBegins(guest: u32): bool {
  const began = load<u8>(BEGUN + guest);
  store<u8>(BEGUN + guest, 1);
  return !began;
}

export function guestInitialize(guest: u32): void {
  call_indirect<void>(place(guest, SLOT_INITIALIZE));
}

/** True where a span lies within the guest's memory, as large as that is now. */
export function holds(guest: u32, at: u32, length: u32): bool {
  return <u64>at + <u64>length <= <u64>(<u32>call_indirect<i32>(place(guest, SLOT_PAGES))) << 16;
}

/** Copies bytes into the guest's memory, where they have room: see {@link holds}. */
export function copyIn(guest: u32, at: u32, from: usize, length: u32): void {
  const write = place(guest, SLOT_WRITE);
  let done: u32 = 0;
  for (; done + 8 <= length; done += 8) call_indirect<void>(write, at + done, load<u64>(from + done));
  if (done == length) return;
  // The last bytes share their eight with others, which stay as they are.
  const last = eightAround(at, length);
  store<u64>(EIGHT, readEight(guest, last));
  memory.copy(EIGHT + (at + done - last), from + done, length - done);
  call_indirect<void>(write, last, load<u64>(EIGHT));
}

/** Copies bytes out of it. The target has room for seven more. */
export function copyOut(guest: u32, at: u32, to: usize, length: u32): void {
  let done: u32 = 0;
  for (; done + 8 <= length; done += 8) store<u64>(to + done, readEight(guest, at + done));
  if (done == length) return;
  const last = eightAround(at, length);
  store<u64>(EIGHT, readEight(guest, last));
  memory.copy(to + done, EIGHT + (at + done - last), length - done);
}

const EIGHT: usize = memory.data(8, 8);

// @ts-ignore: decorator
@inline
function readEight(guest: u32, at: u32): u64 {
  return call_indirect<i64>(place(guest, SLOT_READ), at);
}

/** Eight bytes within the memory that hold the end of a span. */
// @ts-ignore: decorator
@inline
function eightAround(at: u32, length: u32): u32 {
  const end = <u64>at + <u64>length;
  return end >= 8 ? <u32>(end - 8) : 0;
}
