import { CREATE, dropDescriptor, EXCLUSIVE, openAt, READ, readAt, syncData, WRITE, writeAt } from "../wasi/filesystem";
import { CUT_OFF } from "./faults";
import { reach } from "./loaded";
import { NAME, runName } from "./names";
import { isRecord, LONGEST, Record } from "./record";

/**
 * Records that stand in files of their own, as far as the log that is read refers to them: loaded one behind the other,
 * each behind its file's name.
 */
const PLACE: usize = 0x8000000;
const END: usize = 0x20000000;

let end: usize = PLACE;

export function forgetLarge(): void {
  end = PLACE;
}

/** Bytes of all that are loaded. */
// @ts-ignore: decorator
@inline
export function largeBytes(): u32 {
  return <u32>(end - PLACE);
}

/** Writes a record's file, which survives a loss of power then: 0 or a fault. */
export function writeLarge(folder: i32, name: u64, record: Record): i32 {
  const file = openAt(folder, NAME, runName(name), CREATE | EXCLUSIVE, WRITE);
  if (file < 0) return file;
  let fault = writeAt(file, changetype<usize>(record), <i32>record.size, 0);
  if (!fault) fault = syncData(file);
  dropDescriptor(file);
  return fault;
}

/** The loaded record, or null where {@link largeFault} tells why not. */
export function loadLarge(folder: i32, name: u64, secret: u64): Record | null {
  fault = 0;
  const file = openAt(folder, NAME, runName(name), 0, READ);
  if (file < 0) {
    fault = file;
    return null;
  }
  const record = changetype<Record>(end + 8);
  const length = loadAll(file);
  dropDescriptor(file);
  if (length < 0) fault = length;
  else if (!isRecord(record, length, secret)) fault = CUT_OFF;
  if (fault) return null;
  store<u64>(end, name);
  end = changetype<usize>(record) + ((<usize>record.size + 7) & ~7);
  return record;
}

let fault: i32 = 0;

export function largeFault(): i32 {
  return fault;
}

function loadAll(file: i32): i32 {
  if (end + LONGEST + 32 > END || !reach(end + LONGEST + 32)) return CUT_OFF;
  let length = 0;
  while (length < LONGEST) {
    const got = readAt(file, end + 8 + <usize>length, LONGEST - length, length);
    if (got < 0) return got;
    if (got == 0) break;
    length += got;
  }
  return length;
}

/** How many there are, and their names. */
export function countLarge(): i32 {
  let count = 0;
  for (let at = PLACE; at < end; at += 8 + <usize>changetype<Record>(at + 8).size) count++;
  return count;
}

/** Writes the names of all, 8 bytes each, and answers where they end. */
export function putLargeNames(to: usize): usize {
  for (let at = PLACE; at < end; at += 8 + <usize>changetype<Record>(at + 8).size) {
    store<u64>(to, load<u64>(at));
    to += 8;
  }
  return to;
}
