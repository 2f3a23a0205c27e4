import { isReady } from "../wasi/poll";
import { readiness, Stream } from "../wasi/stream";
import { CLOSED, splice, writable } from "../wasi/streams";
import { CALLER_FAULT, DONE, Exchange, FAILURE_ENDED, MOVED, UPSTREAM_FAULT, WAITING } from "./exchange";

/** Bytes that one step moves at most, so that the other direction has its turn. */
const STEP: i32 = 65536;

/**
 * Moves what is there of a body from one stream to the other, unless that is full; DONE where the source has ended.
 * `up`: from the caller to the upstream, so that who broke is told right.
 */
export function pipe(x: Exchange, source: Stream, target: Stream, up: bool): i32 {
  const room = writable(target.handle);
  if (room == 0) return waitFor(x, target);
  if (room < 0) return broken(x, up);
  if (!isReady(readiness(source))) return waitFor(x, source);
  const moved = splice(target.handle, source.handle, min(room, STEP));
  if (moved > 0) {
    x.moved = moved;
    return MOVED;
  }
  if (moved == 0) return waitFor(x, source);
  return moved == CLOSED ? DONE : broken(x, !up);
}

/** Says that a step goes on once the stream is ready. */
export function waitFor(x: Exchange, stream: Stream): i32 {
  x.pollable = readiness(stream);
  return WAITING;
}

function broken(x: Exchange, upstream: bool): i32 {
  x.failure = FAILURE_ENDED;
  return upstream ? UPSTREAM_FAULT : CALLER_FAULT;
}
