import { unchunk } from "./chunked";
import { CUT_OFF, NO_ANSWER, NO_FAULT } from "./faults";
import { beginHead, readLines } from "./head";
import { INPUT, INPUT_SIZE } from "./limits";
import {
  BROKEN,
  CHUNKS_DONE,
  CHUNK_DATA,
  CHUNK_END,
  COUNTED,
  DONE,
  Reading,
  STATUS,
  TRAILERS,
  UNTIL_CLOSE,
  isLine,
  reading,
  toStart,
} from "./reading";

/** What `next` finds, all of which lasts until it is called again. */
export const MORE: i32 = 0;
/** The final head: `status`, and `entries` without what is of the connection only. */
export const HEAD: i32 = 1;
/** A part of the body: `data` and `size`. */
export const DATA: i32 = 2;
/** The end of the message; `entries` are its trailers, if it was chunked. */
export const END: i32 = 3;
/** What came means nothing, or could mean two things: see `fault`. */
export const FAULT: i32 = 4;

/** Begins to read the response to a request. */
export function expect(toHead: bool): void {
  memory.fill(changetype<usize>(reading), 0, offsetof<Reading>());
  beginHead();
  reading.toHead = toHead;
  reading.at = reading.end = reading.seen = INPUT;
}

/** Where further bytes go, once `next` has asked for them. */
export function input(): usize {
  const r = reading;
  // A line stays where it began; of a body nothing is left.
  if (r.at == r.end && !isLine(r.stage)) r.at = r.end = INPUT;
  return r.end;
}

/** How many may be put there. */
export function space(): usize {
  return INPUT + INPUT_SIZE - input();
}

/** Tells how many were. */
export function arrived(size: usize): void {
  reading.end += size;
}

/** Bytes of the body that come before anything else, and that need not come by here. */
export function owed(): u64 {
  const r = reading;
  if (r.at != r.end) return 0;
  if (r.stage == UNTIL_CLOSE) return u64.MAX_VALUE;
  return r.stage == COUNTED || r.stage == CHUNK_DATA ? r.owed : 0;
}

/** Tells how many of them did not. */
export function passed(size: u64): void {
  const r = reading;
  if (r.stage == UNTIL_CLOSE) return;
  r.owed -= size;
  if (r.stage == CHUNK_DATA && r.owed == 0) r.stage = CHUNK_END;
}

/** Tells that nothing comes any more. */
export function closed(): i32 {
  const r = reading;
  r.closes = true;
  if (r.stage == UNTIL_CLOSE) r.stage = DONE;
  if (r.stage == DONE) return END;
  return fail(r.stage == STATUS && r.end == INPUT && r.interim == 0 ? NO_ANSWER : CUT_OFF);
}

/** Whether all of the body has come that the head told the length of. */
export function isWhole(): bool {
  const r = reading;
  return r.stage == DONE || (r.stage == COUNTED && r.owed <= r.end - r.at);
}

/** Whether the connection is where the next response begins. */
export function isReusable(): bool {
  const r = reading;
  return r.stage == DONE && !r.closes && r.at == r.end;
}

export function next(): i32 {
  const r = reading;
  if (isLine(r.stage)) return lines(r.stage);
  switch (r.stage) {
    case COUNTED:
      if (r.owed > 0) return found(r.owed);
      r.stage = DONE;
      return END;
    case UNTIL_CLOSE:
      return found(u64.MAX_VALUE);
    case DONE:
      return END;
    case BROKEN:
      return FAULT;
  }
  const fault = unchunk();
  if (fault != NO_FAULT) return fail(fault);
  if (r.size > 0) return DATA;
  if (r.stage != CHUNKS_DONE) return MORE;
  r.stage = TRAILERS;
  r.entries = 0;
  toStart();
  return lines(TRAILERS);
}

function lines(stage: i32): i32 {
  const fault = readLines();
  if (fault != NO_FAULT) return fail(fault);
  if (isLine(reading.stage)) return MORE;
  return stage == TRAILERS ? END : HEAD;
}

/** What has come of a body without marks in it, of which there is so much still to come. */
function found(most: u64): i32 {
  const r = reading;
  const here = r.end - r.at;
  if (here == 0) return MORE;
  r.data = r.at;
  r.size = <u64>here < most ? here : <usize>most;
  r.at += r.size;
  if (r.stage == COUNTED) r.owed -= r.size;
  return DATA;
}

function fail(fault: i32): i32 {
  const r = reading;
  r.stage = BROKEN;
  r.fault = fault;
  r.closes = true;
  return FAULT;
}
