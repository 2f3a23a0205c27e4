import { allocate, mark, release } from "../memory";
import { dropDescriptor, openAt, READ, readAt } from "../wasi/filesystem";
import { CUT_OFF } from "./faults";
import { Birth, birth } from "./log";
import { NAME, runName } from "./names";
import { isKey, next, Operation } from "./record";

/**
 * A run is a file of items that is never changed: they stand in the order of their keys' hashes, a delete among them
 * where an older run may have the key. Behind them is a directory of buckets, by the hash's highest bits: where each
 * begins, 4 bytes each, and where the last one ends.
 *
 *   ┌──────────┬──────────┬───────────────┬──────────┬───────────┐
 *   │ u64 name │ u64 size │ u64 directory │ u32 bits │ u32 items │
 *   └──────────┴──────────┴───────────────┴──────────┴───────────┘
 */
@unmanaged
export class Run {
  name: u64;
  /** Bytes of the whole file. */
  size: u64;
  /** Where the items end and the directory begins. */
  directory: u64;
  bits: u32;
  items: u32;
}

/** Each is at least a quarter of the next older one, so there are never as many. */
export const MOST_RUNS: i32 = 24;

/** Descriptors of the runs of the log that is read, by position; 0 while not open (a handle is never 0 here). */
const FILES: usize = memory.data(96, 8);

/** Where two words of a directory are read to. */
const BOUNDS: usize = memory.data(8, 8);

// @ts-ignore: decorator
@inline
export function runAt(index: i32): Run {
  return changetype<Run>(changetype<usize>(birth()) + offsetof<Birth>() + <usize>index * offsetof<Run>());
}

/** Bytes of all runs. */
export function runBytes(): u64 {
  let bytes: u64 = 0;
  for (let i = 0, n = <i32>birth().runs; i < n; i++) bytes += runAt(i).size;
  return bytes;
}

/** The names of runs that this log's birth made obsolete. */
// @ts-ignore: decorator
@inline
export function obsoleteAt(index: i32): u64 {
  return load<u64>(changetype<usize>(runAt(<i32>birth().runs)) + (<usize>index << 3));
}

export function closeRuns(): void {
  for (let i = 0; i < MOST_RUNS; i++) {
    const at = FILES + (<usize>i << 2);
    if (load<i32>(at)) dropDescriptor(load<i32>(at) - 1);
    store<i32>(at, 0);
  }
}

/** The descriptor of a run, or a fault. */
export function runFile(folder: i32, index: i32): i32 {
  const at = FILES + (<usize>index << 2);
  if (load<i32>(at)) return load<i32>(at) - 1;
  const file = openAt(folder, NAME, runName(runAt(index).name), 0, READ);
  if (file >= 0) store<i32>(at, file + 1);
  return file;
}

let fault: i32 = 0;

/** Why the last {@link inRuns} answered null: a fault, or 0 where no run has the key. */
export function runsFault(): i32 {
  return fault;
}

/** The newest item of a key, also where it is a delete, in the arena; null where there is none. */
export function inRuns(folder: i32, hash: u64, key: usize, length: i32): Operation | null {
  fault = 0;
  for (let i = 0, n = <i32>birth().runs; i < n; i++) {
    const found = inRun(folder, i, hash, key, length);
    if (found !== null || fault) return found;
  }
  return null;
}

function inRun(folder: i32, index: i32, hash: u64, key: usize, length: i32): Operation | null {
  const file = runFile(folder, index);
  if (file < 0) {
    fault = file;
    return null;
  }
  const run = runAt(index);
  const bucket = bucketOf(hash, run.bits);
  if (!readAll(file, BOUNDS, 8, run.directory + (<u64>bucket << 2))) return null;
  const start = load<u32>(BOUNDS);
  const size = <i32>(load<u32>(BOUNDS, 4) - start);
  const before = mark();
  const items = allocate(size);
  if (!readAll(file, items, size, start)) return null;
  for (let each = changetype<Operation>(items); changetype<usize>(each) < items + size; each = next(each)) {
    if (isKey(each, key, length)) return each;
  }
  release(before);
  return null;
}

// @ts-ignore: decorator
@inline
export function bucketOf(hash: u64, bits: u32): u32 {
  return bits ? <u32>(hash >> (64 - <u64>bits)) : 0;
}

function readAll(file: i32, target: usize, length: i32, offset: u64): bool {
  let read = 0;
  while (read < length) {
    const got = readAt(file, target + <usize>read, length - read, offset + read);
    if (got <= 0) {
      fault = got ? got : CUT_OFF;
      return false;
    }
    read += got;
  }
  return true;
}
