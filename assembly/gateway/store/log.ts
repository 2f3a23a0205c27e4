import { readAt } from "../wasi/filesystem";
import { apply, isSealed, seal } from "./apply";
import { clearEntries, entries, MOST_ENTRIES } from "./entries";
import { isRecord, magicOf, Record } from "./record";

/**
 * A log is one file to which every instance appends, each record by one write: their order in the file is the order in
 * which they happened. Whether a record's conditions held follows from those before it, so all who read the log agree,
 * and nothing needs a lock. It begins with its birth:
 *
 *   ┌───────────┬──────────┬───────────┬────────────┬───────────┬──────────┬──────────────┬─────┐
 *   │ u32 magic │ u32 size │ u64 check │ u64 secret │ u32 epoch │ u32 runs │ u32 obsolete │ u32 │
 *   └───────────┴──────────┴───────────┴────────────┴───────────┴──────────┴──────────────┴─────┘
 *
 * Behind it its runs, newest first, and the names of the runs that it replaced. A log ends with a seal, which names the
 * next one. What a seal found itself behind of does not count, nor does what comes after one that counts.
 */
@unmanaged
export class Birth {
  magic: u32;
  size: u32;
  check: u64;
  secret: u64;
  epoch: u32;
  runs: u32;
  obsolete: u32;
  unused: u32;
}

/** `dwl1` */
export const BIRTH: u32 = 0x316c7764;

/** Where the log's bytes lie: beyond every request's arena, and only as far as they are there. */
export const LOADED: usize = 0x4000000;
/** More is not read: whoever appends folds a log long before. */
const LONGEST_LOG: u32 = 0x4000000;

/** How much is asked for: at first what others may have added meanwhile, then more. */
const LITTLE: i32 = 4096;
const MUCH: i32 = 262144;

/** Bytes that are here, and how many of them are read. */
let loaded: u32 = 0;
let read: u32 = 0;

/** What {@link catchUp} answers besides the host's faults. */
export const NOT_A_LOG: i32 = -100;
export const TOO_LONG: i32 = -101;
/** It ended, and another log follows. */
export const ENDED: i32 = 1;

export function forgetLog(): void {
  loaded = 0;
  read = 0;
  clearEntries();
}

// @ts-ignore: decorator
@inline
export function birth(): Birth {
  return changetype<Birth>(LOADED);
}

/** How far the log is read: where the next record would stand, if nobody adds one meanwhile. */
// @ts-ignore: decorator
@inline
export function readTo(): u32 {
  return read;
}

/** Reads what the log got since. 0, ENDED, or a fault. */
export function catchUp(file: i32): i32 {
  let asked = loaded ? LITTLE : MUCH;
  while (!isSealed()) {
    if (loaded >= LONGEST_LOG || entries() > MOST_ENTRIES) return TOO_LONG;
    const at = LOADED + <usize>loaded;
    // 16 bytes more: what reads vectors runs over.
    if (!reach(at + <usize>asked + 16)) return TOO_LONG;
    const got = readAt(file, at, asked, loaded);
    if (got < 0) return got;
    if (got == 0) break;
    loaded += got;
    const fault = readRecords();
    if (fault) return fault;
    if (got < asked) break;
    asked = MUCH;
  }
  if (!read) return NOT_A_LOG;
  return isSealed() ? ENDED : 0;
}

function reach(end: usize): bool {
  const pages = <i32>((end + 0xffff) >> 16) - memory.size();
  return pages <= 0 || memory.grow(pages) >= 0;
}

function readRecords(): i32 {
  if (!read) {
    const head = birth();
    if (loaded < offsetof<Birth>() || head.size > loaded) return 0;
    if (head.magic != BIRTH) return NOT_A_LOG;
    read = head.size;
  }
  while (read < loaded && !isSealed()) {
    const record = changetype<Record>(LOADED + <usize>read);
    if (isRecord(record, <i32>(loaded - read), birth().secret)) {
      apply(record, read);
      read += record.size;
      continue;
    }
    // Either it is still coming, or a kill cut it off: then a whole one follows, for writes do not overlap.
    const following = findRecord(read + 1);
    if (!following) break;
    read = following;
  }
  return 0;
}

/** Where the first whole record at or behind `from` begins, or 0. */
function findRecord(from: u32): u32 {
  const secret = birth().secret;
  const magic = magicOf(secret);
  for (let at = from; at + <u32>offsetof<Record>() <= loaded; at++) {
    const record = changetype<Record>(LOADED + <usize>at);
    if (record.magic == magic && isRecord(record, <i32>(loaded - at), secret)) return at;
  }
  return 0;
}

/** The name of the log that follows, once this one ENDED. */
// @ts-ignore: decorator
@inline
export function following(): u64 {
  return seal();
}
