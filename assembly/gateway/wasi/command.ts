/** wasi:cli of a command: its arguments, and where it writes. */
import { ANSWER } from "../memory";
import { word } from "./answers";

// @ts-ignore: decorator
@external("wasi:cli/environment@0.2.12", "get-arguments")
declare function rawArguments(answer: usize): void;
// @ts-ignore: decorator
@external("wasi:cli/stdout@0.2.12", "get-stdout")
declare function rawStdout(): i32;
// @ts-ignore: decorator
@external("wasi:cli/stderr@0.2.12", "get-stderr")
declare function rawStderr(): i32;

let first: usize = 0;
let count: i32 = 0;

/** Reads the arguments into the arena and answers how many there are; the first is the program's name. */
export function readArguments(): i32 {
  rawArguments(ANSWER);
  first = <usize>word(0);
  count = word(4);
  return count;
}

// @ts-ignore: decorator
@inline
export function argument(index: i32): usize {
  return load<usize>(first + (<usize>index << 3));
}

// @ts-ignore: decorator
@inline
export function argumentLength(index: i32): i32 {
  return load<i32>(first + (<usize>index << 3), 4);
}

/** A stream that is the caller's. */
export function stdout(): i32 {
  return rawStdout();
}

export function stderr(): i32 {
  return rawStderr();
}
