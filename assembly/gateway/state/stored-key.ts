import { Call } from "../call";
import { callerId, callerIdLength } from "../door/caller";
import { ILLEGAL_KEY } from "../errors.gen";
import { allocate } from "../memory";
import { Store } from "../records.gen";
import { fail, parameter } from "../reply";
import { copy, put } from "../text";

const BAR: u8 = 0x7c;

/** Bytes of the longest key, its prefix included. */
export const LONGEST_KEY: i32 = 65535;

/** The last key that was made, in the arena. */
let stored: usize = 0;
let storedLength: i32 = 0;

// @ts-ignore: decorator
@inline
export function keyText(): usize {
  return stored;
}

// @ts-ignore: decorator
@inline
export function keyLength(): i32 {
  return storedLength;
}

/** True where a key has what parts it from its prefix, or is too long; then the caller is told. */
export function isIllegal(call: Call, row: Store, key: usize, length: i32): bool {
  let illegal = length + prefixLength(row) > LONGEST_KEY;
  for (let i = 1; i < length && !illegal; i++) {
    illegal = load<u8>(key + <usize>i) == BAR && load<u8>(key + <usize>(i - 1)) == BAR;
  }
  if (!illegal) return false;
  parameter(0, key, length);
  parameter(1, row.name, row.nameLength);
  fail(call, ILLEGAL_KEY);
  return true;
}

/** Makes the key under which a store keeps the caller's: by whoever is known to call, so that each has its own. */
export function makeKey(row: Store, key: usize, length: i32): void {
  storedLength = prefixLength(row) + length;
  stored = allocate(storedLength);
  let end = copy(stored, row.prefix, row.prefixLength);
  if (row.isApps) end = put(copy(end, callerId(), callerIdLength()), "||");
  copy(end, key, length);
}

function prefixLength(row: Store): i32 {
  return <i32>row.prefixLength + (row.isApps ? callerIdLength() + 2 : 0);
}
