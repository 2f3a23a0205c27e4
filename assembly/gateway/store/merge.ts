import { allocate } from "../memory";
import { CREATE, EXCLUSIVE, dropDescriptor, openAt, readAt, syncData, WRITE, writeAt } from "../wasi/filesystem";
import { CUT_OFF } from "./faults";
import { NAME, runName } from "./names";
import { hashOf, LONGEST, Operation, operationSize, SET } from "./record";
import { bucketOf, Run, runAt, runFile } from "./runs";

/** Where items come from in the order of their hashes: a sorted list of the log's operations, or a run. */
@unmanaged
class Source {
  /** The run's descriptor, or -1 for the list. */
  file: i32;
  /** Position in the list, or in the buffer. */
  at: i32;
  /** Entries of the list, or bytes in the buffer. */
  end: i32;
  unused: i32;
  /** Where the file is read next, and where its items end. */
  offset: u64;
  size: u64;
  bytes: usize;
  /** What it has now; 0 at its end. */
  item: usize;
  hash: u64;
}

/** One item always fits, and reading is in large pieces. */
const BUFFER: i32 = LONGEST + 65536;
/** A bucket is read whole to find one key, so it is about as large as this. */
const BUCKET: u64 = 4096;
const MOST_BITS: u32 = 16;

let output: i32 = -1;
let written: u64 = 0;
let held: i32 = 0;
let buffer: usize = 0;

let sources: usize = 0;
let sourceCount: i32 = 0;

/**
 * Writes a new run of this name out of the log's operations (sorted, 4 bytes each) and the first `runs` runs, the newer
 * in place of the older, and fills in its record. Deletes, and what is past its time, are left out where `oldest` says
 * that nothing older is behind them. Answers 0 or a fault.
 */
export function mergeRuns(
  folder: i32,
  list: usize,
  listed: i32,
  runs: i32,
  oldest: bool,
  now: u64,
  name: u64,
  run: Run,
): i32 {
  const fault = openSources(folder, list, listed, runs);
  if (fault) return fault;
  output = openAt(folder, NAME, runName(name), CREATE | EXCLUSIVE, WRITE);
  if (output < 0) return output;
  const status = writeRun(list, listed, runs, oldest, now, name, run);
  dropDescriptor(output);
  return status;
}

function openSources(folder: i32, list: usize, listed: i32, runs: i32): i32 {
  sourceCount = runs + 1;
  sources = allocate(<usize>sourceCount * offsetof<Source>());
  memory.fill(sources, 0, <usize>sourceCount * offsetof<Source>());
  const log = source(0);
  log.file = -1;
  log.bytes = list;
  log.end = listed;
  for (let i = 0; i < runs; i++) {
    const from = source(i + 1);
    from.file = runFile(folder, i);
    if (from.file < 0) return from.file;
    from.size = runAt(i).directory;
    from.bytes = allocate(BUFFER);
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function source(index: i32): Source {
  return changetype<Source>(sources + <usize>index * offsetof<Source>());
}

function writeRun(list: usize, listed: i32, runs: i32, oldest: bool, now: u64, name: u64, run: Run): i32 {
  let bytes: u64 = 0;
  for (let i = 0; i < listed; i++) bytes += <u64>changetype<Operation>(load<u32>(list + (<usize>i << 2))).size;
  for (let i = 0; i < runs; i++) bytes += runAt(i).directory;
  let bits: u32 = 0;
  while (bits < MOST_BITS && BUCKET << bits < bytes) bits++;
  const directory = allocate(<usize>((1 << bits) + 1) << 2);
  buffer = allocate(BUFFER);
  written = 0;
  held = 0;

  for (let i = 0; i < sourceCount; i++) {
    const fault = advance(source(i));
    if (fault) return fault;
  }
  let bucket: u32 = 0;
  store<u32>(directory, 0);
  let items: u32 = 0;
  for (;;) {
    const from = least();
    if (from < 0) break;
    const item = changetype<Operation>(source(from).item);
    if (oldest ? item.isLive(now) : true) {
      const its = bucketOf(source(from).hash, bits);
      while (bucket < its) store<u32>(directory + (<usize>++bucket << 2), <u32>(written + held));
      const fault = put(item);
      if (fault) return fault;
      items++;
    }
    const fault = pass(from);
    if (fault) return fault;
  }
  while (bucket < 1 << bits) store<u32>(directory + (<usize>++bucket << 2), <u32>(written + held));
  let fault = emit();
  if (fault) return fault;
  run.name = name;
  run.directory = written;
  run.bits = bits;
  run.items = items;
  const size = ((1 << bits) + 1) << 2;
  run.size = written + size;
  fault = writeAt(output, directory, size, written);
  return fault ? fault : syncData(output);
}

/** The source with the least item; of equal keys the newest. -1 once all are at their ends. */
function least(): i32 {
  let found = -1;
  for (let i = 0; i < sourceCount; i++) {
    if (source(i).item && (found < 0 || order(source(i), source(found)) < 0)) found = i;
  }
  return found;
}

/** Moves a source on, and every other that has the same key. */
function pass(from: i32): i32 {
  const key = changetype<Operation>(source(from).item);
  // The others first: the key lies in the buffer of this one.
  for (let i = 0; i < sourceCount; i++) {
    const other = source(i);
    if (i == from || !other.item || other.hash != source(from).hash || compareKeys(changetype<Operation>(other.item), key)) continue;
    const fault = advance(other);
    if (fault) return fault;
  }
  return advance(source(from));
}

function order(a: Source, b: Source): i32 {
  if (a.hash != b.hash) return a.hash < b.hash ? -1 : 1;
  return compareKeys(changetype<Operation>(a.item), changetype<Operation>(b.item));
}

/** The order of keys with one hash. */
export function compareKeys(a: Operation, b: Operation): i32 {
  if (a.keyLength != b.keyLength) return a.keyLength < b.keyLength ? -1 : 1;
  return memory.compare(a.key, b.key, a.keyLength);
}

/** The next item of a source. 0 or a fault. */
function advance(from: Source): i32 {
  if (from.file < 0) {
    from.item = from.at < from.end ? <usize>load<u32>(from.bytes + (<usize>(from.at++) << 2)) : 0;
  } else {
    const fault = advanceRun(from);
    if (fault) return fault;
  }
  if (from.item) from.hash = hashOf(changetype<Operation>(from.item));
  return 0;
}

function advanceRun(from: Source): i32 {
  if (from.item) from.at += changetype<Operation>(from.item).size;
  while (!isWhole(from)) {
    const left = from.end - from.at;
    if (from.offset == from.size) {
      from.item = 0;
      return left ? CUT_OFF : 0;
    }
    memory.copy(from.bytes, from.bytes + <usize>from.at, left);
    from.at = 0;
    from.end = left;
    const room = <i32>min<u64>(<u64>(BUFFER - left), from.size - from.offset);
    const got = readAt(from.file, from.bytes + <usize>left, room, from.offset);
    if (got <= 0) return got ? got : CUT_OFF;
    from.end += got;
    from.offset += got;
  }
  from.item = from.bytes + <usize>from.at;
  return 0;
}

/** True where the buffer holds all of the item that begins at its position. */
function isWhole(from: Source): bool {
  const left = from.end - from.at;
  if (left < <i32>offsetof<Operation>()) return false;
  return left >= changetype<Operation>(from.bytes + <usize>from.at).size;
}

/** Adds an item, without what only its log needed. */
function put(item: Operation): i32 {
  const value = item.kind == SET ? <i32>item.valueLength : 0;
  const size = operationSize(<i32>item.keyLength, value);
  if (held + size > BUFFER) {
    const fault = emit();
    if (fault) return fault;
  }
  const at = buffer + <usize>held;
  memory.copy(at, changetype<usize>(item), size);
  const copy = changetype<Operation>(at);
  copy.condition = 0;
  copy.expected = 0;
  copy.base = 0;
  copy.valueLength = value;
  held += size;
  return 0;
}

function emit(): i32 {
  const fault = writeAt(output, buffer, held, written);
  written += held;
  held = 0;
  return fault;
}
