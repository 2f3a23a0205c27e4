import { close, INPUT, keep, OUTPUT, POLLABLE } from "../wasi/handles";
import { splice, whenReadable, whenWritable, writable } from "../wasi/streams";

/** Bytes that one step moves at most, so that the other direction has its turn. */
const STEP: i32 = 65536;

/** How a step of a pipe ended; a count above zero is bytes that were moved. */
export const SOURCE_EMPTY: i32 = 0;
export const TARGET_FULL: i32 = -1;
export const SOURCE_ENDED: i32 = -2;
export const TARGET_BROKEN: i32 = -3;

/** One direction of a body: from one stream to another, as fast as the slower of both. */
@unmanaged
export class Pipe {
  source: i32;
  target: i32;
  /** What tells that they are ready; 0 until somebody waits. */
  sourceReady: i32;
  targetReady: i32;
}

export function openPipe(pipe: Pipe, source: i32, target: i32): void {
  pipe.source = keep(INPUT, source);
  pipe.target = keep(OUTPUT, target);
  pipe.sourceReady = 0;
  pipe.targetReady = 0;
}

/** Moves what is there. A source that broke has ended as well: what follows its end, or cannot be had, tells which. */
export function step(pipe: Pipe): i32 {
  const room = writable(pipe.target);
  if (room < 0) return TARGET_BROKEN;
  if (room == 0) return TARGET_FULL;
  const moved = splice(pipe.target, pipe.source, min(room, STEP));
  return moved < 0 ? SOURCE_ENDED : moved;
}

/** The pollable for a step that moved nothing. */
export function pipeReady(pipe: Pipe, full: bool): i32 {
  if (full) {
    if (!pipe.targetReady) pipe.targetReady = keep(POLLABLE, whenWritable(pipe.target));
    return pipe.targetReady;
  }
  if (!pipe.sourceReady) pipe.sourceReady = keep(POLLABLE, whenReadable(pipe.source));
  return pipe.sourceReady;
}

/** Drops both streams, and before them what waits for them. */
export function closePipe(pipe: Pipe): void {
  if (pipe.sourceReady) close(POLLABLE, pipe.sourceReady);
  if (pipe.targetReady) close(POLLABLE, pipe.targetReady);
  close(INPUT, pipe.source);
  close(OUTPUT, pipe.target);
}
