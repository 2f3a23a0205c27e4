/**
 * Names of the caller's keys at another sidecar, which puts a prefix and `||` before each key itself and refuses that
 * inside of one: `app||key` is `app|~|key` there, and what has `~` between bars has one more. No two keys become one.
 * host/components/dapr/remote-name.ts has the same rule.
 */
import { allocate } from "../memory";
import { Store } from "../records.gen";
import { keyLength, keyText, makeKey } from "./stored-key";

const BAR: u8 = 0x7c;
const TILDE: u8 = 0x7e;

/** What stands before all keys of the caller in the store. */
let prefix: usize = 0;
let prefixLength: i32 = 0;

let name: usize = 0;
let nameLength: i32 = 0;

/** True where keys are the same there: the store has no prefix. */
export function keepsNames(row: Store): bool {
  return row.prefixLength == 0 && !row.isApps;
}

/** The last name that was made or read, in the arena. */
// @ts-ignore: decorator
@inline
export function nameText(): usize {
  return name;
}

// @ts-ignore: decorator
@inline
export function nameSize(): i32 {
  return nameLength;
}

/** Makes the name of the caller's key. */
export function makeName(row: Store, key: usize, length: i32): void {
  makeKey(row, key, length);
  name = allocate(keyLength() << 1);
  nameLength = rewrite(keyText(), keyLength(), name, true);
}

/** Lets {@link readName} tell whose the names are. */
export function knowPrefix(row: Store): void {
  makeKey(row, 0, 0);
  prefix = keyText();
  prefixLength = keyLength();
}

/** Finds the caller's key of a name. False where it is somebody else's. */
export function readName(from: usize, length: i32): bool {
  const key = allocate(length);
  const size = rewrite(from, length, key, false);
  if (size < prefixLength || memory.compare(key, prefix, prefixLength)) return false;
  name = key + <usize>prefixLength;
  nameLength = size - prefixLength;
  return true;
}

/** Puts a tilde behind each bar that others, with nothing but tildes between, follow; or takes one away there. */
function rewrite(from: usize, length: i32, to: usize, adds: bool): i32 {
  const end = from + length;
  let write = to;
  for (let at = from; at < end; at++) {
    const byte = load<u8>(at);
    store<u8>(write++, byte);
    if (byte != BAR) continue;
    let next = at + 1;
    while (next < end && load<u8>(next) == TILDE) next++;
    if (next == end || load<u8>(next) != BAR) continue;
    if (adds) store<u8>(write++, TILDE);
    else if (next > at + 1) at++;
  }
  return <i32>(write - to);
}
