/** The body of a request whose text has to be understood: read whole, within the limit. */
import { Call } from "./call";
import { allocate } from "./memory";
import { leaveExcess } from "./excess";
import { head } from "./table";
import { bodyStream } from "./wasi/bodies";
import { now, whenIt } from "./wasi/clocks";
import { closeSince, INCOMING_BODY, keep, kept, POLLABLE } from "./wasi/handles";
import { HAS_PACKAGES } from "./variant";
import { requestBody } from "./wasi/incoming";
import { wait, waitFor } from "./wasi/poll";
import { openInput, readiness, Stream } from "./wasi/stream";
import { CLOSED, read, readBytes } from "./wasi/streams";

/** Where there is no limit in the configuration: as Dapr's. */
const USUAL_LIMIT: i32 = 4194304;
const FIRST_ROOM: i32 = 16384;
const PIECE: i32 = 65536;

/** Faults of {@link readWhole}. */
export const TOO_LARGE: i32 = -1;
export const CUT_OFF: i32 = -2;
export const TOO_SLOW: i32 = -3;

const STREAM: usize = memory.data(16, 4);

let bytes: usize = 0;

/** Where the body that was read begins. Vector loads may run over its end. */
// @ts-ignore: decorator
@inline
export function wholeBody(): usize {
  return bytes;
}

/** The limit that holds for a body. */
export function bodyLimit(): i32 {
  const limit = head().maxBody;
  return limit ? <i32>min<u32>(limit, 0x2000000) : USUAL_LIMIT;
}

/** Reads the body into the arena: its length, or a fault. */
export function readWhole(call: Call): i32 {
  if (call.isScript || (HAS_PACKAGES && call.given)) {
    bytes = call.given;
    return call.givenLength > bodyLimit() ? TOO_LARGE : call.givenLength;
  }
  const before = kept();
  const length = readAll(call);
  if (length != TOO_LARGE) closeSince(before);
  return length;
}

function readAll(call: Call): i32 {
  const limit = bodyLimit();
  const timeout = <u64>head().timeout * 1000000;
  let alarm = -1;
  const body = keep(INCOMING_BODY, requestBody(call.request));
  const stream = changetype<Stream>(STREAM);
  openInput(stream, bodyStream(body));
  let room = FIRST_ROOM;
  let length = 0;
  bytes = allocate(room);
  while (true) {
    const some = read(stream.handle, min(PIECE, limit + 1 - length));
    if (some == CLOSED) break;
    if (some < 0) return CUT_OFF;
    if (some == 0) {
      waitFor(0, readiness(stream));
      if (timeout && alarm < 0) alarm = keep(POLLABLE, whenIt(now() + timeout));
      if (timeout) waitFor(1, alarm);
      if (wait(timeout ? 2 : 1) == 2) return TOO_SLOW;
      continue;
    }
    // What was read lies where the arena goes on, and is overwritten by what is allocated next.
    const from = readBytes();
    if (length + some > limit) {
      leaveExcess(stream);
      return TOO_LARGE;
    }
    if (length + some > room) {
      while (length + some > room) room <<= 1;
      const piece = allocate(some);
      memory.copy(piece, from, some);
      const moved = allocate(room);
      memory.copy(moved, bytes, length);
      bytes = moved;
      memory.copy(bytes + <usize>length, piece, some);
    } else memory.copy(bytes + <usize>length, from, some);
    length += some;
  }
  return length;
}
