import { INPUT } from "./limits";

/** What comes next of a response. Those up to TRAILERS are lines, the others are not. */
export const STATUS: i32 = 0;
export const FIELDS: i32 = 1;
export const TRAILERS: i32 = 2;
export const CHUNK_SIZE: i32 = 3;
export const CHUNK_DIGITS: i32 = 4;
export const CHUNK_EXTENSION: i32 = 5;
export const CHUNK_LINE_FEED: i32 = 6;
export const CHUNK_DATA: i32 = 7;
export const CHUNK_END: i32 = 8;
export const CHUNK_END_LINE_FEED: i32 = 9;
export const CHUNKS_DONE: i32 = 10;
export const COUNTED: i32 = 11;
export const UNTIL_CLOSE: i32 = 12;
export const DONE: i32 = 13;
export const BROKEN: i32 = 14;

/** A body whose length nobody knows before it ends. */
export const UNKNOWN: i64 = -1;

/** How far a response is read. What has arrived and was not looked at lies from `at` to `end` in INPUT. */
@unmanaged
export class Reading {
  stage: i32;
  fault: i32;
  status: i32;
  /** What was asked with HEAD is answered without a body, whatever its fields say. */
  toHead: bool;
  /** The connection is not to be used again. */
  closes: bool;
  chunked: bool;
  /** HTTP/1.0. */
  old: bool;
  /** A `Connection` names fields. */
  named: bool;
  interim: u32;
  entries: u32;
  /** Seconds that the peer keeps an idle connection; -1: it does not say. */
  keptFor: i32;
  at: usize;
  end: usize;
  /** There is no line feed from `at` to it. */
  seen: usize;
  length: i64;
  /** Bytes of the body or chunk that are still to come. */
  owed: u64;
  digits: u32;
  extensions: u32;
  /** The part of the body that was found last. */
  data: usize;
  size: usize;
}

export const reading: Reading = changetype<Reading>(memory.data(offsetof<Reading>(), 8));

// @ts-ignore: decorator
@inline
export function isLine(stage: i32): bool {
  return stage <= TRAILERS;
}

/** Moves what has arrived to where a head has all its room. */
export function toStart(): void {
  const r = reading;
  const size = r.end - r.at;
  memory.copy(INPUT, r.at, size);
  r.at = r.seen = INPUT;
  r.end = INPUT + size;
}
