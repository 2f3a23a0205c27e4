import { enter, entryOf } from "./entries";
import { ABSENT, ADD, BATCH, CHECK, first, hashOf, isKey, MOST, next, NONE, Operation, PLACE, Record, SET } from "./record";

/** What became of the record that is waited for. */
export const UNKNOWN: i32 = -2;
export const COMMITTED: i32 = -1;

let awaited: u64 = 0;
/** UNKNOWN, COMMITTED, or the position of the operation whose condition did not hold. */
let outcome: i32 = UNKNOWN;
/** Where that record stands, once it is there. */
let place: u32 = 0;

/** The name that the seal that counts has, and whether there is one. */
let sealName: u64 = 0;
let sealed: bool = false;

/** Where effective operations are noted while someone wants to know them, and how many there are. */
let noted: usize = 0;
let notes: i32 = 0;
let mostNotes: i32 = 0;

/** Begins a log. */
export function forgetSeal(): void {
  sealed = false;
  sealName = 0;
  noted = 0;
}

export function isSealed(): bool {
  return sealed;
}

export function seal(): u64 {
  return sealName;
}

/** Waits for the record with this id. */
export function awaitRecord(id: u64): void {
  awaited = id;
  outcome = UNKNOWN;
}

/** True where the record that is waited for was read; until something else is asked for, that is enough. */
export function isSettled(): bool {
  return awaited != 0 && outcome != UNKNOWN;
}

/** Nothing is waited for any more. */
export function awaitNothing(): void {
  awaited = 0;
}

export function outcomeOf(): i32 {
  return outcome;
}

/** Where the record that was waited for stands in its log. */
export function placeOf(): u32 {
  return place;
}

/** Notes the addresses of operations that take effect from now on, 4 bytes each; no more of them than `most`. */
export function note(target: usize, most: i32): void {
  noted = target;
  mostNotes = most;
  notes = 0;
}

/** How many were noted; more than `most` where there was no room for all. */
export function notedSoFar(): i32 {
  return notes;
}

/** Takes a record that stands at `at`: all of its operations, or none. */
export function apply(record: Record, at: u32): void {
  if (record.kind != BATCH) {
    const words = changetype<usize>(first(record));
    const counts = load<u64>(words) == <u64>at;
    if (record.id == awaited) outcome = counts ? COMMITTED : 0;
    if (!counts) return;
    sealed = true;
    sealName = load<u64>(words, 8);
    return;
  }
  const refused = refusedBy(record);
  if (record.id == awaited) {
    outcome = refused;
    place = at;
  }
  if (refused != COMMITTED) return;
  let operation = first(record);
  let sum: u64 = 0;
  for (let i = 0, n = <i32>record.count; i < n; i++, operation = next(operation)) {
    if (operation.kind == CHECK) continue;
    if (operation.kind == ADD) {
      sum = sumOf(operation, record.now);
      store<u64>(operation.value, sum);
      operation.kind = SET;
    } else if (operation.kind == PLACE) {
      store<u64>(operation.value - 8, sum);
      operation.kind = SET;
    }
    enter(operation);
    if (!noted) continue;
    if (notes < mostNotes) store<u32>(noted + (<usize>notes << 2), <u32>changetype<usize>(operation));
    notes++;
  }
}

/** The position of the first operation whose condition does not hold, or COMMITTED. */
export function refusedBy(record: Record): i32 {
  let operation = first(record);
  for (let i = 0, n = <i32>record.count; i < n; i++, operation = next(operation)) {
    if (operation.condition == NONE) continue;
    if (operation.condition == MOST) {
      if (sumOf(operation, record.now) > operation.expected) return i;
      continue;
    }
    const version = versionFor(record, operation);
    if (operation.condition == ABSENT ? version != 0 : version != operation.expected || !version) return i;
  }
  return COMMITTED;
}

/** What a counter is after an addition. */
function sumOf(operation: Operation, now: u64): u64 {
  const last = entryOf(hashOf(operation), operation.key, <i32>operation.keyLength);
  const before = last === null ? operation.base : last.isLive(now) ? load<u64>(last.value) : 0;
  return before + load<u64>(operation.value);
}

/** The version that the operation finds, 0 for none: each sees the effects of those before it. */
function versionFor(record: Record, operation: Operation): u64 {
  const key = operation.key;
  const length = <i32>operation.keyLength;
  let last: Operation | null = null;
  for (let each = first(record); changetype<usize>(each) < changetype<usize>(operation); each = next(each)) {
    if (each.kind != CHECK && isKey(each, key, length)) last = each;
  }
  if (last === null) last = entryOf(hashOf(operation), key, length);
  if (last === null) return operation.base;
  return last.isLive(record.now) ? last.version : 0;
}
