import { xxhash64 } from "../../hash/xxhash64";

/**
 * What one commit appends to a log: a head, then operations.
 *
 *   ┌───────────┬──────────┬───────────┬────────┬─────────┬──────────┬───────────┬─────┐
 *   │ u32 magic │ u32 size │ u64 check │ u64 id │ u64 now │ u16 kind │ u16 count │ u32 │
 *   └───────────┴──────────┴───────────┴────────┴─────────┴──────────┴───────────┴─────┘
 *
 * The size is a multiple of 8 and counts the head. Magic and check depend on the log's secret, so that no stored value
 * looks like a record. `now` is its author's time, in milliseconds: all who read it judge expiry by that one.
 */
@unmanaged
export class Record {
  magic: u32;
  size: u32;
  check: u64;
  id: u64;
  now: u64;
  kind: u16;
  count: u16;
  unused: u32;
}

/**
 * Kinds of record. A seal's two words are where it must stand to count, and the name of the log that follows. What is
 * longer than one write can be stands in a file of its own, whose name is the one word of a reference.
 */
export const BATCH: u16 = 0;
export const SEAL: u16 = 1;
export const REFERENCE: u16 = 2;

/**
 * One operation, also as an item of a run. Key and value follow, padded to 8 bytes.
 *
 *   ┌─────────┬──────────────┬────────────────┬──────────────────┐
 *   │ u8 kind │ u8 condition │ u16 key length │ u32 value length │
 *   ├─────────┴───┬──────────┴───┬────────────┴─┬────────────────┤
 *   │ u64 version │ u64 expected │ u64 base     │ u64 expires    │
 *   └─────────────┴──────────────┴──────────────┴────────────────┘
 */
@unmanaged
export class Operation {
  kind: u8;
  condition: u8;
  keyLength: u16;
  valueLength: u32;
  /** Of what it sets: no two are the same. It is the ETag. */
  version: u64;
  /** What the key's version has to be, or a sum at most; 0 where the condition is another. */
  expected: u64;
  /** The key's version, or a counter's value, in the runs of this log's epoch, 0 for none: a fact, so readers need not look it up. */
  base: u64;
  /** Milliseconds since 1970; 0: never. */
  expires: u64;

  // @ts-ignore: decorator
  @inline
  get key(): usize {
    return changetype<usize>(this) + offsetof<Operation>();
  }

  // @ts-ignore: decorator
  @inline
  get value(): usize {
    return this.key + <usize>this.keyLength;
  }

  /** Bytes up to the next. */
  get size(): i32 {
    return operationSize(<i32>this.keyLength, <i32>this.valueLength);
  }

  isLive(now: u64): bool {
    return this.kind == SET && (this.expires == 0 || this.expires > now);
  }
}

/**
 * Kinds of operation. A check only has a condition. An addition raises a counter, of eight bytes, by its value; a placement
 * sets an item whose key ends with the sum of the addition before it. Where they stand in the log says what that is, so
 * neither has to know, and they are sets to whoever has read them. A record raises a counter once.
 */
export const SET: u8 = 1;
export const DELETE: u8 = 2;
export const CHECK: u8 = 3;
export const ADD: u8 = 4;
export const PLACE: u8 = 5;

/** Conditions. The sum of an addition may have to be `expected` at most. */
export const NONE: u8 = 0;
export const MATCH: u8 = 1;
export const ABSENT: u8 = 2;
export const MOST: u8 = 3;

/** The longest record, and the longest that a log has itself: the host writes no more at once. */
export const LONGEST: i32 = 1048576;
export const LONGEST_WRITE: i32 = 65536;

// @ts-ignore: decorator
@inline
export function operationSize(keyLength: i32, valueLength: i32): i32 {
  return (<i32>offsetof<Operation>() + keyLength + valueLength + 7) & ~7;
}

/** What marks a record of a log with this secret. */
// @ts-ignore: decorator
@inline
export function magicOf(secret: u64): u32 {
  return <u32>(secret * 0x9e3779b185ebca87 >> 32) | 1;
}

/** Marks a record that is otherwise complete. */
export function stamp(record: Record, secret: u64): void {
  record.magic = magicOf(secret);
  record.check = digest(record) ^ secret;
}

/** True where a whole record of that log begins, of which no more than `room` bytes are there. */
export function isRecord(record: Record, room: i32, secret: u64): bool {
  if (room < <i32>offsetof<Record>() || record.magic != magicOf(secret)) return false;
  const size = <i32>record.size;
  if (size < <i32>offsetof<Record>() || size > room || size & 7) return false;
  return record.check == (digest(record) ^ secret);
}

function digest(record: Record): u64 {
  return xxhash64(changetype<usize>(record) + 16, <i32>record.size - 16);
}

// @ts-ignore: decorator
@inline
export function first(record: Record): Operation {
  return changetype<Operation>(changetype<usize>(record) + offsetof<Record>());
}

// @ts-ignore: decorator
@inline
export function next(operation: Operation): Operation {
  return changetype<Operation>(changetype<usize>(operation) + <usize>operation.size);
}

// @ts-ignore: decorator
@inline
export function hashOf(operation: Operation): u64 {
  return xxhash64(operation.key, <i32>operation.keyLength);
}

export function isKey(operation: Operation, key: usize, length: i32): bool {
  return <i32>operation.keyLength == length && memory.compare(operation.key, key, length) == 0;
}
