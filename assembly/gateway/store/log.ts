import { readAt } from "../wasi/filesystem";
import { apply, isSealed, isSettled, seal } from "./apply";
import { clearEntries, entries, MOST_ENTRIES } from "./entries";
import { NOT_A_LOG, TOO_LONG } from "./faults";
import { forgetLarge, largeFault, loadLarge } from "./large-records";
import { LOADED, reach } from "./loaded";
import { first, isRecord, magicOf, Record, REFERENCE } from "./record";

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

/** More is not read: whoever appends folds a log long before. */
const LONGEST_LOG: u32 = 0x4000000;

/** How much is asked for: at first what others may have added meanwhile, then more. */
const LITTLE: i32 = 4096;
const MUCH: i32 = 262144;

/** Bytes that are here, and how many of them are read. */
let loaded: u32 = 0;
let read: u32 = 0;

/** What {@link catchUp} answers where the log ended, and another follows. */
export const ENDED: i32 = 1;

export function forgetLog(): void {
  loaded = 0;
  read = 0;
  clearEntries();
  forgetLarge();
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
export function catchUp(folder: i32, file: i32): i32 {
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
    const fault = readRecords(folder);
    if (fault) return fault;
    // A host may hand out less than there is: only nothing is the end. Who waits for its own record needs no more.
    if (isSettled()) break;
    asked = MUCH;
  }
  if (!read) return NOT_A_LOG;
  return isSealed() ? ENDED : 0;
}

function readRecords(folder: i32): i32 {
  if (!read) {
    const head = birth();
    if (loaded < offsetof<Birth>() || head.size > loaded) return 0;
    if (head.magic != BIRTH) return NOT_A_LOG;
    read = head.size;
  }
  while (read < loaded && !isSealed()) {
    const record = changetype<Record>(LOADED + <usize>read);
    if (isRecord(record, <i32>(loaded - read), birth().secret)) {
      const fault = take(folder, record);
      if (fault) return fault;
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

/** Applies a record, or the one that it refers to. */
function take(folder: i32, record: Record): i32 {
  if (record.kind != REFERENCE) {
    apply(record, read);
    return 0;
  }
  const large = loadLarge(folder, load<u64>(changetype<usize>(first(record))), birth().secret);
  if (large === null) return largeFault();
  apply(large, read);
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
