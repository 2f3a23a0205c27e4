import { allocate, mark, release } from "../memory";
import { CREATE, dropDescriptor, EXCLUSIVE, openAt, syncData, unlink, WRITE, writeAt } from "../wasi/filesystem";
import { wallMillis } from "../wasi/clocks";
import { random } from "../wasi/random";
import { append } from "./append";
import { awaitNothing, awaitRecord, COMMITTED, note, notedSoFar, outcomeOf, UNKNOWN } from "./apply";
import { entries, listEntries } from "./entries";
import { LOST } from "./faults";
import { countLarge, largeBytes, putLargeNames } from "./large-records";
import { Birth, birth, readTo } from "./log";
import { compareKeys, mergeRuns } from "./merge";
import { logName, NAME, newName, runName } from "./names";
import { BATCH, first, hashOf, LONGEST, NONE, Operation, Record, SEAL, stamp } from "./record";
import { MOST_RUNS, obsoleteAt, Run, runAt } from "./runs";
import { checkBirth, hasLeapt, logFile, makeBirth, refresh, storeFolder } from "./store";

/** Attempts to seal the log before somebody else appends to it. The next who folds finds less to do. */
const ATTEMPTS: i32 = 8;
/** Operations that may come while a run is written. */
const MOST_NOTES: i32 = 16384;

/**
 * Folds the log into runs and begins the next one. Whoever is killed while doing so leaves files that nothing names;
 * whoever does it at the same time as another finds the log sealed, and takes its own files away. Nobody waits for it.
 * Of `all` runs one is made, without what was deleted.
 */
export function fold(all: bool = false): i32 {
  const before = mark();
  const status = foldOnce(all);
  // The notes lie in what is given back.
  note(0, 0);
  release(before);
  return status;
}

function foldOnce(all: bool): i32 {
  const fault = refresh();
  if (fault) return fault;
  isUnsure = false;
  const epoch = birth().epoch;
  const now = wallMillis();
  const notes = allocate(<usize>MOST_NOTES << 2);
  note(notes, MOST_NOTES);

  // The runs that are smaller than four times what is before them: so each stays at least a quarter of the next.
  let bytes: u64 = <u64>readTo() + largeBytes();
  let merged = 0;
  const runs = <i32>birth().runs;
  while (merged < runs && (all || runAt(merged).size <= 4 * bytes || runs - merged >= MOST_RUNS)) bytes += runAt(merged++).size;

  const list = allocate(<usize>entries() << 2);
  const listed = listEntries(list);
  sort(list, listed);

  const large = countLarge();
  const head = allocate(offsetof<Birth>() + <usize>(runs + 1) * offsetof<Run>() + (<usize>(merged + large) << 3) + 8);
  const name = random();
  const kept = runs - merged;
  makeBirth(changetype<Birth>(head), epoch + 1, kept + 1, merged + large);
  const run = changetype<Run>(head + offsetof<Birth>());
  let status = mergeRuns(storeFolder(), list, listed, merged, kept == 0, now, name, run);
  if (!status) {
    const others = changetype<usize>(run) + offsetof<Run>();
    memory.copy(others, changetype<usize>(runAt(merged)), <usize>kept * offsetof<Run>());
    const gone = others + <usize>kept * offsetof<Run>();
    for (let i = 0; i < merged; i++) store<u64>(gone + (<usize>i << 3), runAt(i).name);
    putLargeNames(gone + (<usize>merged << 3));
    checkBirth(changetype<Birth>(head));
    status = replace(changetype<Birth>(head), notes, epoch, large);
    // What may be named by a seal stays, whatever else failed.
    if (status == 0 || isUnsure) return status;
  }
  unlink(storeFolder(), NAME, runName(name));
  return status;
}

/** Writes the next log, and seals this one with it. 0 once that holds. */
function replace(head: Birth, notes: usize, epoch: u32, large: i32): i32 {
  const folder = storeFolder();
  const name = random();
  const made = openAt(folder, NAME, newName(name), CREATE | EXCLUSIVE, WRITE);
  if (made < 0) return made;
  const status = sealWith(head, notes, epoch, large, made, name);
  dropDescriptor(made);
  if (status && !isUnsure) unlink(folder, NAME, newName(name));
  return status;
}

/** True while a seal is written of which it is not known whether it counts. */
let isUnsure: bool = false;

function sealWith(head: Birth, notes: usize, epoch: u32, large: i32, made: i32, name: u64): i32 {
  // What goes at the next opening of a log by this one's maker: readers of the log before may still be at it.
  const folder = storeFolder();
  const obsolete = <i32>birth().obsolete;
  const gone = allocate(<usize>obsolete << 3);
  for (let i = 0; i < obsolete; i++) store<u64>(gone + (<usize>i << 3), obsoleteAt(i));

  let fault = writeAt(made, changetype<usize>(head), <i32>head.size, 0);
  if (fault) return fault;
  let offset: u64 = head.size;
  let copied = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    fault = refresh();
    if (fault) return fault;
    // Large records that came meanwhile would be nobody's to remove.
    if (birth().epoch != epoch || notedSoFar() > MOST_NOTES || countLarge() != large) return LOST;
    while (copied < notedSoFar()) {
      const size = copyNoted(notes, copied, head.secret);
      fault = writeAt(made, copy, size, offset);
      if (fault) return fault;
      offset += size;
      copied += copiedNow;
    }
    fault = syncData(made);
    if (fault) return fault;
    const seal = sealRecord(name);
    awaitRecord(seal.id);
    isUnsure = true;
    hasLeapt();
    fault = append(seal, <i32>seal.size);
    if (!fault) fault = refresh();
    awaitNothing();
    if (outcomeOf() == UNKNOWN && (fault || hasLeapt())) return fault ? fault : LOST;
    isUnsure = false;
    if (outcomeOf() != COMMITTED) continue;
    for (let i = 0; i < obsolete; i++) unlink(folder, NAME, runName(load<u64>(gone + (<usize>i << 3))));
    if (epoch) unlink(folder, NAME, logName(epoch - 1));
    return 0;
  }
  return LOST;
}

/** A seal that counts only where the log ends now. */
function sealRecord(name: u64): Record {
  const record = changetype<Record>(allocate(offsetof<Record>() + 16));
  record.size = offsetof<Record>() + 16;
  record.id = random();
  record.now = wallMillis();
  record.kind = SEAL;
  record.count = 0;
  record.unused = 0;
  const words = changetype<usize>(first(record));
  store<u64>(words, readTo());
  store<u64>(words, name, 8);
  stamp(record, birth().secret);
  return record;
}

let copy: usize = 0;
let copiedNow: i32 = 0;

/** Makes one record of operations that took effect, from that position on: of as many as fit. */
function copyNoted(notes: usize, from: i32, secret: u64): i32 {
  copy = allocate(LONGEST);
  const record = changetype<Record>(copy);
  let size = <i32>offsetof<Record>();
  let count = 0;
  for (let i = from, n = notedSoFar(); i < n && count < 65535; i++) {
    const operation = changetype<Operation>(load<u32>(notes + (<usize>i << 2)));
    if (size + operation.size > LONGEST) break;
    memory.copy(copy + <usize>size, changetype<usize>(operation), operation.size);
    const twin = changetype<Operation>(copy + <usize>size);
    twin.condition = NONE;
    twin.expected = 0;
    size += operation.size;
    count++;
  }
  record.size = size;
  record.id = random();
  record.now = wallMillis();
  record.kind = BATCH;
  record.count = <u16>count;
  record.unused = 0;
  stamp(record, secret);
  copiedNow = count;
  return size;
}

/** Sorts a list of operations by hash and key, in place. */
function sort(list: usize, length: i32): void {
  for (let i = (length >> 1) - 1; i >= 0; i--) sink(list, i, length);
  for (let end = length - 1; end > 0; end--) {
    const last = load<u32>(list + (<usize>end << 2));
    store<u32>(list + (<usize>end << 2), load<u32>(list));
    store<u32>(list, last);
    sink(list, 0, end);
  }
}

function sink(list: usize, from: i32, length: i32): void {
  let at = from;
  for (;;) {
    let child = (at << 1) + 1;
    if (child >= length) return;
    if (child + 1 < length && isBefore(list, child, child + 1)) child++;
    if (!isBefore(list, at, child)) return;
    const moved = load<u32>(list + (<usize>at << 2));
    store<u32>(list + (<usize>at << 2), load<u32>(list + (<usize>child << 2)));
    store<u32>(list + (<usize>child << 2), moved);
    at = child;
  }
}

function isBefore(list: usize, a: i32, b: i32): bool {
  const one = changetype<Operation>(load<u32>(list + (<usize>a << 2)));
  const two = changetype<Operation>(load<u32>(list + (<usize>b << 2)));
  const left = hashOf(one);
  const right = hashOf(two);
  return left != right ? left < right : compareKeys(one, two) < 0;
}
