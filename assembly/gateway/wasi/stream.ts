import { close, INPUT, keep, OUTPUT, POLLABLE } from "./handles";
import { whenReadable, whenWritable } from "./streams";

/** A stream that a request has open, and what tells that it is ready: made when somebody waits first. */
@unmanaged
export class Stream {
  kind: i32;
  /** -1: closed. */
  handle: i32;
  pollable: i32;
}

export function openInput(stream: Stream, handle: i32): void {
  stream.kind = INPUT;
  stream.handle = keep(INPUT, handle);
  stream.pollable = -1;
}

export function openOutput(stream: Stream, handle: i32): void {
  stream.kind = OUTPUT;
  stream.handle = keep(OUTPUT, handle);
  stream.pollable = -1;
}

/** The pollable that is ready once bytes can be read or written. */
export function readiness(stream: Stream): i32 {
  if (stream.pollable < 0) {
    const made = stream.kind == INPUT ? whenReadable(stream.handle) : whenWritable(stream.handle);
    stream.pollable = keep(POLLABLE, made);
  }
  return stream.pollable;
}

/** Drops the stream, and before it what waits for it. */
export function closeStream(stream: Stream): void {
  if (stream.handle < 0) return;
  if (stream.pollable >= 0) close(POLLABLE, stream.pollable);
  close(stream.kind, stream.handle);
  stream.handle = -1;
}
