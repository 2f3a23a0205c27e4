/** The body of the request that is being answered: what came with its head, and the stream of the rest. */
import { Call, findField } from "./call";
import { allocate } from "./memory";
import { leaveExcess } from "./excess";
import { head } from "./table";
import { CALLER_FAULT, DONE, Exchange, FAILURE_TOO_LARGE, MOVED } from "./transport/exchange";
import { sendBytes, sendEnd, sendFrom } from "./transport/transport";
import { takeTrailersOf, Trailing } from "./transport/trailers";
import { bodyStream } from "./wasi/bodies";
import { close, FIELDS, gave, INCOMING_BODY, keep } from "./wasi/handles";
import { requestBody } from "./wasi/incoming";
import { closeStream, openInput, readiness, Stream } from "./wasi/stream";
import { CLOSED, read, readBytes } from "./wasi/streams";

/** Bytes that a transport takes at once. */
const PIECE: i32 = 65536;

/** Bytes that may be kept of a body, so that a request which failed can be sent once more. */
const KEPT: i32 = 65536;

/** How far sending is. */
const AT_FIRST: i32 = 0;
const AT_REST: i32 = 1;
const AT_TRAILERS: i32 = 2;
const AT_END: i32 = 3;

@unmanaged
export class Body {
  handle: i32;
  /** Bytes as the caller told, -1 where it did not. */
  length: i64;
  /** What came with the head. */
  first: usize;
  firstLength: i32;
  /** True where that is all of it. */
  whole: bool;
  /** Bytes that were taken and are kept nowhere. */
  spent: u64;
  phase: i32;
  /** How much of the first bytes is sent. */
  sent: i32;
  stream: Stream;
}

const BODY: usize = memory.data(64, 8);
const STREAM: usize = memory.data(16, 4);
const TRAILING: usize = memory.data(8, 4);

// @ts-ignore: decorator
@inline
export function body(): Body {
  return changetype<Body>(BODY);
}

/** Reads what there is. An empty body is whole, and has ended, at once. */
export function openBody(call: Call): void {
  const own = changetype<Body>(BODY);
  own.stream = changetype<Stream>(STREAM);
  if (call.given || call.isScript) return openGiven(call, own);
  own.handle = keep(INCOMING_BODY, requestBody(call.request));
  own.length = toldLength(call);
  own.firstLength = 0;
  own.spent = 0;
  openInput(own.stream, bodyStream(own.handle));
  own.whole = keepFirst(own);
  // What an attempt opens ends with it: this is to outlast them.
  if (!own.whole) readiness(own.stream);
  changetype<Trailing>(TRAILING).future = -1;
  rewindBody();
}

/** All of a body that is no caller's is there. */
function openGiven(call: Call, own: Body): void {
  own.length = call.givenLength;
  own.first = call.given;
  own.firstLength = call.givenLength;
  own.whole = true;
  own.spent = false;
  changetype<Trailing>(TRAILING).future = -1;
  rewindBody();
}

/** Keeps what is there already. True where that is all. */
function keepFirst(own: Body): bool {
  const most = own.length >= 0 && own.length < KEPT ? <i32>own.length : KEPT;
  while (own.firstLength < most) {
    const some = read(own.stream.handle, most - own.firstLength);
    if (some <= 0) return some == CLOSED;
    // The bytes are where the arena goes on: the first ones stay where they are.
    if (own.firstLength == 0) own.first = allocate(most);
    memory.copy(own.first + own.firstLength, readBytes(), some);
    own.firstLength += some;
  }
  return own.length == <i64>own.firstLength;
}

/** True where all of the body can be sent again. */
export function canRewind(): bool {
  return changetype<Body>(BODY).spent == 0;
}

/** Goes back to the body's begin. */
export function rewindBody(): void {
  const own = changetype<Body>(BODY);
  own.sent = 0;
  own.phase = own.firstLength ? AT_FIRST : own.whole ? AT_END : AT_REST;
}

/** True where there is nothing to send. */
export function isEmpty(): bool {
  const own = changetype<Body>(BODY);
  return own.whole && own.firstLength == 0;
}

/** The body's bytes where they are known, else -1. */
export function bodyLength(): i64 {
  const own = changetype<Body>(BODY);
  return own.whole ? <i64>own.firstLength : own.length;
}

/** True where the caller told of more than is passed on. */
export function isAnnouncedTooLarge(): bool {
  const own = changetype<Body>(BODY);
  if (!isTooLarge(max<i64>(bodyLength(), 0))) return false;
  if (!own.whole) leaveExcess(own.stream);
  return true;
}

/** True where a body of so many bytes is more than the gateway passes on. */
function isTooLarge(length: u64): bool {
  const limit = head().maxBody;
  return limit != 0 && length > limit;
}

/** One step of sending the body: DONE once its end was sent. */
export function sendBody(x: Exchange): i32 {
  const own = changetype<Body>(BODY);
  let step = MOVED;
  switch (own.phase) {
    case AT_FIRST:
      return sendFirst(x, own);
    case AT_REST:
      step = sendFrom(x, own.stream);
      if (step == MOVED) {
        own.spent += x.moved;
        if (!isTooLarge(own.spent + own.firstLength)) return step;
        leaveExcess(own.stream);
        x.failure = FAILURE_TOO_LARGE;
        return CALLER_FAULT;
      }
      if (step != DONE) return step;
      // The end is taken: it does not come a second time.
      own.spent++;
      // Only what is framed by itself can have fields behind it.
      own.phase = own.length >= 0 ? AT_END : AT_TRAILERS;
      return MOVED;
    case AT_TRAILERS:
      closeStream(own.stream);
      step = takeTrailersOf(x, changetype<Trailing>(TRAILING), own.handle);
      if (step != DONE) return step;
      own.phase = AT_END;
      step = sendEnd(x, x.trailers < 0 ? -1 : gave(FIELDS, x.trailers));
      return step == MOVED ? DONE : step;
    default:
      step = sendEnd(x, -1);
      return step == MOVED ? DONE : step;
  }
}

function sendFirst(x: Exchange, own: Body): i32 {
  const size = min(PIECE, own.firstLength - own.sent);
  const step = sendBytes(x, own.first + <usize>own.sent, size);
  if (step != MOVED) return step;
  own.sent += size;
  if (own.sent == own.firstLength) own.phase = own.whole ? AT_END : AT_REST;
  return step;
}

/** The one number that the fields tell of the body's length, or -1. */
function toldLength(call: Call): i64 {
  const field = findField(call.fields, "content-length");
  if (field == null || field.valueLength > 18) return -1;
  let length: i64 = 0;
  for (let i = 0; i < field.valueLength; i++) {
    const digit = load<u8>(field.value + <usize>i) - 0x30;
    if (digit > 9) return -1;
    length = length * 10 + digit;
  }
  return field.valueLength ? length : -1;
}
