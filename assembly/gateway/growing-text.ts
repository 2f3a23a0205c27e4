/** A text in the arena that moves when it grows. There is one at a time. */
import { escape, GROWTH } from "../json/escape";
import { allocate } from "./memory";
import { copy, put } from "./text";

const FIRST_ROOM: i32 = 65536;

let start: usize = 0;
let end: usize = 0;
let room: i32 = 0;

export function beginText(): void {
  room = FIRST_ROOM;
  start = allocate(room);
  end = start;
}

// @ts-ignore: decorator
@inline
export function textStart(): usize {
  return start;
}

// @ts-ignore: decorator
@inline
export function textLength(): i32 {
  return <i32>(end - start);
}

/** Lets so many bytes be added without the arena's being used. */
export function reserve(more: i32): void {
  const length = textLength();
  if (length + more <= room) return;
  while (length + more > room) room <<= 1;
  const moved = allocate(room);
  memory.copy(moved, start, length);
  start = moved;
  end = moved + <usize>length;
}

export function addWord(literal: string): void {
  reserve(literal.length);
  end = put(end, literal);
}

export function addBytes(from: usize, length: i32): void {
  reserve(length);
  end = copy(end, from, length);
}

/** Adds text as a string of JSON. */
export function addString(text: usize, length: i32): void {
  reserve(length * GROWTH + 2);
  end = put(end, '"');
  end += <usize>escape(text, length, end, true);
  end = put(end, '"');
}
