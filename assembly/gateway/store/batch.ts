import { allocate, mark, release } from "../memory";
import { wallMillis } from "../wasi/clocks";
import { random } from "../wasi/random";
import { hasName, NO_ENTRY } from "../wasi/filesystem";
import { appendBatch, withdrawBatch } from "./append";
import { awaitNothing, awaitRecord, COMMITTED, outcomeOf, placeOf, refusedBy, UNKNOWN } from "./apply";
import { entries, entryOf } from "./entries";
import { CONTENDED, DOUBTFUL, REMOVED } from "./faults";
import { fold } from "./fold";
import { largeBytes } from "./large-records";
import { birth, readTo } from "./log";
import { ADD, BATCH, first, hashOf, LONGEST, next, NONE, Operation, operationSize, Record, stamp } from "./record";
import { inRuns, runsFault } from "./runs";
import { closeLog, hasLeapt, logFile, refresh, storeFolder } from "./store";

/** Operations of one batch. More would make conditions on one another slow to judge. */
export const MOST_OPERATIONS: i32 = 1000;

/** A log is folded by who writes past a multiple of it, or once so much or so many keys are in it. */
const FOLD_BYTES: u32 = 262144;
const FOLD_LARGE: u32 = 4194304;
const FOLD_ENTRIES: i32 = 8192;
/** Whoever finds a log as long folds it first: those who should have were killed. */
const LONG_BYTES: u32 = 8388608;
const LONG_LARGE: u32 = 67108864;
const LONG_ENTRIES: i32 = 24576;

/** Logs that may be sealed while one record looks for its place. */
const ATTEMPTS: i32 = 16;

let record: usize = 0;
let foldIsDue: bool = false;

/** Begins a batch in the arena. */
export function beginBatch(): void {
  record = allocate(LONGEST);
  const head = changetype<Record>(record);
  head.size = offsetof<Record>();
  head.kind = BATCH;
  head.count = 0;
  head.unused = 0;
}

/**
 * Adds an operation: false where the batch would become too long. With MATCH, `expected` is the version that the key has
 * to have; a key has a version from 1 on.
 */
export function addOperation(
  kind: u8,
  condition: u8,
  key: usize,
  keyLength: i32,
  value: usize,
  valueLength: i32,
  expected: u64,
  expires: u64,
): bool {
  const head = changetype<Record>(record);
  const size = operationSize(keyLength, valueLength);
  if (head.count == <u16>MOST_OPERATIONS || valueLength > LONGEST || <i32>head.size + size > LONGEST) return false;
  const operation = changetype<Operation>(record + head.size);
  memory.fill(changetype<usize>(operation) + <usize>(size - 8), 0, 8);
  operation.kind = kind;
  operation.condition = condition;
  operation.keyLength = <u16>keyLength;
  operation.valueLength = valueLength;
  operation.expected = expected;
  operation.base = 0;
  operation.expires = expires;
  memory.copy(operation.key, key, keyLength);
  memory.copy(operation.value, value, valueLength);
  head.size += size;
  head.count++;
  return true;
}

/**
 * Commits the batch: all of its operations, or none. COMMITTED once it would survive a loss of power, or, where it need not
 * last, that of the process; or the position of the operation whose condition did not hold; or a fault below that, after which it may have happened all the same only
 * where the host failed while it wrote.
 */
export function commit(lasts: bool = true): i32 {
  const head = changetype<Record>(record);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    let fault = refresh();
    if (fault) return fault;
    if (readTo() > LONG_BYTES || largeBytes() > LONG_LARGE || entries() > LONG_ENTRIES) {
      // One who folds at the same time makes ours fail, and does as well.
      fold();
      fault = refresh();
      if (fault) return fault;
    }
    fault = fillIn(head);
    if (fault) {
      closeLog();
      // A fold took the runs away: there are newer ones.
      if (fault == NO_ENTRY) continue;
      return fault;
    }
    // What cannot hold any more is not worth a write.
    const refused = refusedBy(head);
    if (refused != COMMITTED) return refused;
    const epoch = birth().epoch;
    awaitRecord(head.id);
    hasLeapt();
    fault = appendBatch(head, lasts);
    if (!fault) fault = refresh();
    awaitNothing();
    if (fault) {
      closeLog();
      return fault;
    }
    if (outcomeOf() != UNKNOWN) {
      if (outcomeOf() == COMMITTED && isRemoved()) {
        closeLog();
        return REMOVED;
      }
      const place = placeOf();
      const isLucky = (head.id & 15) == 0;
      foldIsDue =
        place / FOLD_BYTES != readTo() / FOLD_BYTES ||
        (isLucky && (entries() > FOLD_ENTRIES || largeBytes() > FOLD_LARGE));
      return outcomeOf();
    }
    if (hasLeapt()) return DOUBTFUL;
    // The log was sealed before it: it counts for nothing there, and goes to the next one.
    withdrawBatch();
    if (birth().epoch == epoch) return CONTENDED;
  }
  return CONTENDED;
}

/**
 * True where the store was taken away, or another put in its place: what is written then is nobody's. A log that was only
 * folded leads to one that has a name.
 */
function isRemoved(): bool {
  if (hasName(logFile())) return false;
  return refresh() != 0 || !hasName(logFile());
}

/** The version that the first operation of the batch has set. */
export function firstVersion(): u64 {
  return first(changetype<Record>(record)).version;
}

/** Gives the record what it has from the log that it goes to. 0 or a fault. */
function fillIn(head: Record): i32 {
  head.id = random();
  head.now = wallMillis();
  let operation = first(head);
  for (let i = 0, n = <i32>head.count; i < n; i++, operation = next(operation)) {
    operation.version = max<u64>(head.id + i, 1);
    const adds = operation.kind == ADD;
    if (operation.condition == NONE && !adds) continue;
    const hash = hashOf(operation);
    operation.base = 0;
    if (entryOf(hash, operation.key, <i32>operation.keyLength) !== null) continue;
    const before = mark();
    const item = inRuns(storeFolder(), hash, operation.key, <i32>operation.keyLength);
    if (item !== null && item.isLive(head.now)) operation.base = adds ? load<u64>(item.value) : item.version;
    release(before);
    if (runsFault()) return runsFault();
  }
  stamp(head, birth().secret);
  return 0;
}

/** To be called once the answer is out: folds the log where this instance's last write made that its turn. */
export function afterCommit(): void {
  if (!foldIsDue) return;
  foldIsDue = false;
  // A fault shows again where it matters, to who writes next.
  if (fold()) closeLog();
}
