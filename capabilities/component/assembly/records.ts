import { resized } from "./memory";

/**
 * Resources of one request. A handle is the number of a record of 48 bytes in a slab that is there for as long as the request is:
 *
 *     0 kind   4 .. 20 as its kind has it   24 buffer   28 its length   32 its size
 */
const SIZE = 48;
const MOST = 340;
const SLAB = SIZE * MOST;

const MARK: u32 = 0x64617072;

const BUFFER = 24;
const LENGTH = 28;
const ROOM = 32;

export const enum Kind {
  None = 0,
  Fields,
  Incoming,
  IncomingBody,
  Input,
  Response,
  OutgoingBody,
  Output,
  Request,
  Future,
  Answer,
  Pollable,
  Trailers,
  /** What has nothing but its buffer, or not even that: a text, options of a request, the way out of an answer. */
  Options,
}

let slab: usize = 0;
let slabSize: i32 = 0;
export let used: i32 = 0;

/** A request begins. */
export function openRecords(): void {
  slab = resized(slab, slabSize, 8, SLAB);
  slabSize = SLAB;
  memory.fill(slab, 0, SLAB);
  // There is no record 0.
  store<u32>(slab, MARK);
  used = 0;
}

/** It has ended, and with it all that was opened. */
export function closeRecords(): void {
  for (let handle = 1; handle <= used; handle++) {
    const at = record(handle);
    if (load<i32>(at, ROOM) > 1) resized(load<u32>(at, BUFFER), load<i32>(at, ROOM), 1, 1);
  }
  slab = resized(slab, slabSize, 8, 1);
  slabSize = 1;
}

export function record(handle: i32): usize {
  if (<u32>handle > <u32>used || handle == 0) unreachable();
  // A guest whose allocator begins anew with each request has written over what was allocated before.
  if (load<u32>(slab) != MARK) unreachable();
  return slab + SIZE * handle;
}

/** One of that kind; any other is the guest's fault. */
export function ofKind(handle: i32, kind: Kind): usize {
  const at = record(handle);
  if (load<i32>(at) != kind) unreachable();
  return at;
}

export function opened(kind: Kind): i32 {
  // Those that were dropped without a buffer come again, once there is no fresh one.
  let handle = used + 1;
  if (handle >= MOST) {
    handle = 1;
    while (handle < MOST && (load<i32>(slab + SIZE * handle) != Kind.None || load<i32>(slab + SIZE * handle, ROOM) > 1)) handle++;
    if (handle == MOST) unreachable();
    memory.fill(slab + SIZE * handle, 0, BUFFER);
  } else used = handle;
  store<i32>(slab + SIZE * handle, kind);
  return handle;
}

export function drop(handle: i32): void {
  store<i32>(record(handle), Kind.None);
}

export function bufferOf(handle: i32): usize {
  return load<u32>(record(handle), BUFFER);
}

export function lengthIn(handle: i32): i32 {
  return load<i32>(record(handle), LENGTH);
}

export function setLength(handle: i32, length: i32): void {
  store<i32>(record(handle), length, LENGTH);
}

/** Where so many bytes more may be written at the end of a record's buffer. */
export function extend(handle: i32, more: i32): usize {
  const at = record(handle);
  const length = load<i32>(at, LENGTH);
  const room = load<i32>(at, ROOM);
  if (length + more > room) {
    const larger = max(length + more, max(2 * room, 64));
    store<u32>(at, <u32>resized(load<u32>(at, BUFFER), room, 1, larger), BUFFER);
    store<i32>(at, larger, ROOM);
  }
  store<i32>(at, length + more, LENGTH);
  return <usize>load<u32>(at, BUFFER) + length;
}

export function append(handle: i32, from: usize, length: i32): void {
  memory.copy(extend(handle, length), from, length);
}

export function number(handle: i32, place: usize): i32 {
  return load<i32>(record(handle) + place);
}

export function setNumber(handle: i32, place: usize, value: i32): void {
  store<i32>(record(handle) + place, value);
}
