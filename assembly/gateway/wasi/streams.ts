/** wasi:io/streams: bytes in and out, without waiting unless a name says so. */
import { ANSWER, mark, release } from "../memory";
import { tag, word } from "./answers";

// @ts-ignore: decorator
@external("wasi:io/streams@0.2.12", "[method]input-stream.read")
declare function rawRead(stream: i32, length: u64, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:io/streams@0.2.12", "[method]input-stream.subscribe")
declare function rawSubscribeInput(stream: i32): i32;
// @ts-ignore: decorator
@external("wasi:io/streams@0.2.12", "[method]output-stream.check-write")
declare function rawCheckWrite(stream: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:io/streams@0.2.12", "[method]output-stream.write")
declare function rawWrite(stream: i32, bytes: usize, length: usize, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:io/streams@0.2.12", "[method]output-stream.flush")
declare function rawFlush(stream: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:io/streams@0.2.12", "[method]output-stream.blocking-flush")
declare function rawBlockingFlush(stream: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:io/streams@0.2.12", "[method]output-stream.blocking-splice")
declare function rawSplice(stream: i32, source: i32, length: u64, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:io/streams@0.2.12", "[method]output-stream.subscribe")
declare function rawSubscribeOutput(stream: i32): i32;
// @ts-ignore: decorator
@external("wasi:io/streams@0.2.12", "[resource-drop]input-stream")
export declare function dropInputStream(stream: i32): void;
// @ts-ignore: decorator
@external("wasi:io/streams@0.2.12", "[resource-drop]output-stream")
export declare function dropOutputStream(stream: i32): void;
// @ts-ignore: decorator
@external("wasi:io/error@0.2.12", "[resource-drop]error")
declare function dropError(error: i32): void;

/** What a stream answers instead of a count: it is over, or it broke. */
export const CLOSED: i32 = -1;
export const BROKEN: i32 = -2;

/** The fault of a `stream-error` at `at`, whose error nobody needs. */
function fault(at: usize): i32 {
  if (load<u8>(ANSWER + at)) return CLOSED;
  dropError(word(at + 4));
  return BROKEN;
}

/** Where the bytes of the last {@link read} lie, until anything is allocated. */
// @ts-ignore: decorator
@inline
export function readBytes(): usize {
  return <usize>word(4);
}

/** Reads what is there, at most `length` bytes: their count, also 0, or a fault. */
export function read(stream: i32, length: i32): i32 {
  const before = mark();
  rawRead(stream, length, ANSWER);
  release(before);
  return tag() ? fault(4) : word(8);
}

/** How many bytes {@link write} would take now, or a fault. */
export function writable(stream: i32): i32 {
  rawCheckWrite(stream, ANSWER);
  return tag() ? fault(8) : <i32>min<u64>(load<u64>(ANSWER, 8), 0x7fffffff);
}

/** Writes at most what {@link writable} answered: 0 or a fault. */
export function write(stream: i32, bytes: usize, length: i32): i32 {
  rawWrite(stream, bytes, length, ANSWER);
  return tag() ? fault(4) : 0;
}

export function flush(stream: i32): i32 {
  rawFlush(stream, ANSWER);
  return tag() ? fault(4) : 0;
}

/** Waits until what is behind the stream has all that was written: 0 or a fault. */
export function blockingFlush(stream: i32): i32 {
  rawBlockingFlush(stream, ANSWER);
  return tag() ? fault(4) : 0;
}

/**
 * Moves bytes from one stream to the other, without a copy in this memory. Waits unless the source is ready and the target
 * writable: of the two forms of this the one that every host has right.
 */
export function splice(target: i32, source: i32, length: i32): i32 {
  rawSplice(target, source, length, ANSWER);
  return tag() ? fault(8) : word(8);
}

/** A pollable that is ready once {@link read} would answer something. */
export function whenReadable(stream: i32): i32 {
  return rawSubscribeInput(stream);
}

export function whenWritable(stream: i32): i32 {
  return rawSubscribeOutput(stream);
}
