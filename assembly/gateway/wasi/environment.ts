/** wasi:cli/environment: what secrets are read from. A host has to allow it, so the smallest variant has none. */
import { ANSWER } from "../memory";
import { same } from "../text";
import { word } from "./answers";

// @ts-ignore: decorator
@external("wasi:cli/environment@0.2.12", "get-environment")
declare function rawEnvironment(answer: usize): void;

/**
 *   ┌──────────┬────────────┬───────────┬────────────┐
 *   │ u32 name │ u32 length │ u32 value │ u32 length │
 *   └──────────┴────────────┴───────────┴────────────┘
 */
const ENTRY: usize = 16;

let entries: usize = 0;
let count: i32 = 0;

/** Reads the environment into the arena. */
export function readEnvironment(): void {
  rawEnvironment(ANSWER);
  entries = <usize>word(0);
  count = word(4);
}

/** Where the pair of place and length of a variable's value lies, 0 where there is no such variable. */
export function variable(name: usize, length: i32): usize {
  for (let at = entries, end = entries + <usize>count * ENTRY; at < end; at += ENTRY) {
    if (same(load<usize>(at), load<i32>(at, 4), name, length)) return at + 8;
  }
  return 0;
}
