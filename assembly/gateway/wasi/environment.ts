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
@unmanaged
export class Variable {
  name: usize;
  nameLength: i32;
  value: usize;
  valueLength: i32;
}

let entries: usize = 0;
let count: i32 = 0;

/** Reads the environment into the arena. */
export function readEnvironment(): void {
  rawEnvironment(ANSWER);
  entries = <usize>word(0);
  count = word(4);
}

export function variableCount(): i32 {
  return count;
}

export function variableAt(index: i32): Variable {
  return changetype<Variable>(entries + <usize>index * offsetof<Variable>());
}

/** Null where there is no such variable. */
export function variableOf(name: usize, length: i32): Variable | null {
  for (let i = 0; i < count; i++) {
    const each = variableAt(i);
    if (same(each.name, each.nameLength, name, length)) return each;
  }
  return null;
}

/** Where the pair of place and length of a variable's value lies, 0 where there is no such variable. */
export function variable(name: usize, length: i32): usize {
  const found = variableOf(name, length);
  return found == null ? 0 : changetype<usize>(found) + offsetof<Variable>("value");
}
