/** Sentences for the message of an error, put together in the arena. One is being written at a time. */
import { allocate } from "../memory";
import { parameter } from "../reply";
import { copy, put, putNumber } from "../text";

/** What is shown of a name that somebody else chose. */
const SHOWN: i32 = 200;
const SHOWN_BEFORE: i32 = 500;
const ROOM: i32 = 1024;

let start: usize = 0;
let end: usize = 0;
let before: usize = 0;
let beforeLength: i32 = 0;

export function say(text: string): void {
  start = allocate(ROOM);
  end = put(start, text);
}

export function more(text: string): void {
  end = put(end, text);
}

export function moreOf(name: usize, length: i32): void {
  end = copy(end, name, min(length, SHOWN));
}

/** Begins a sentence that ends with the one before. */
export function sayBefore(name: string): void {
  before = start;
  beforeLength = <i32>(end - start);
  say(name);
}

export function moreBefore(): void {
  end = copy(end, before, min(beforeLength, SHOWN_BEFORE));
}

export function moreNumber(value: u64): void {
  end = putNumber(end, value);
}

// @ts-ignore: decorator
@inline
export function textStart(): usize {
  return start;
}

export function textLength(): i32 {
  return <i32>(end - start);
}

/** Makes it that parameter of the error. */
export function asParameter(index: i32): void {
  parameter(index, start, <i32>(end - start));
}
