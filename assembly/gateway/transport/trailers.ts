import { BROKEN_TRAILERS, finishIncoming, NO_TRAILERS, PENDING, takeTrailers, whenTrailers } from "../wasi/bodies";
import { close, FIELDS, FUTURE_TRAILERS, gave, INCOMING_BODY, keep, POLLABLE } from "../wasi/handles";
import { CALLER_FAULT, DONE, Exchange, WAITING } from "./exchange";

/** What follows a body that comes in, once its stream was read to its end. */
@unmanaged
export class Trailing {
  /** -1: not asked for yet. */
  future: i32;
  pollable: i32;
}

/** DONE once the fields behind the body, or -1, are the exchange's `trailers`; CALLER_FAULT where the body was cut off. */
export function takeTrailersOf(x: Exchange, trailing: Trailing, body: i32): i32 {
  if (trailing.future < 0) {
    trailing.future = keep(FUTURE_TRAILERS, finishIncoming(gave(INCOMING_BODY, body)));
    trailing.pollable = -1;
  }
  const found = takeTrailers(trailing.future);
  if (found == PENDING) {
    if (trailing.pollable < 0) trailing.pollable = keep(POLLABLE, whenTrailers(trailing.future));
    x.pollable = trailing.pollable;
    return WAITING;
  }
  if (trailing.pollable >= 0) close(POLLABLE, trailing.pollable);
  close(FUTURE_TRAILERS, trailing.future);
  if (found == BROKEN_TRAILERS) return CALLER_FAULT;
  x.trailers = found == NO_TRAILERS ? -1 : keep(FIELDS, found);
  return DONE;
}
