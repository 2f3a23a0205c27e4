/**
 * Counters of all instances as one item in the gateway's folder. Each adds what it has counted since it did so last: after
 * its answer, once that is an eighth of all that it has counted, or a second has passed. So no more than that is lost with
 * one that ends, and an instance that answers much writes seldom.
 */
import { answers, COUNTERS, COUNTERS_BYTES } from "./counters";
import { allocate } from "./memory";
import { FLAG_MERGED } from "./records.gen";
import { COMMITTED } from "./store/apply";
import { addOperation, afterCommit, beginBatch, commit } from "./store/batch";
import { CONTENDED, DOUBTFUL } from "./store/faults";
import { itemFault, readItem } from "./store/items";
import { forgetFolder, openOwnFolder } from "./store/open-folder";
import { ABSENT, MATCH, SET } from "./store/record";
import { head } from "./table";
import { now } from "./wasi/clocks";

const SECOND: u64 = 1000000000;

/** Others that add at the same time, one after the other. */
const ATTEMPTS: i32 = 8;

/** `c` */
const KEY: usize = memory.data<u8>([0x63]);

/** What was added of this instance's, and when. */
const ADDED: usize = memory.data(112, 8);
let addedAt: u64 = 0;
let fault: i32 = 0;

// @ts-ignore: decorator
@inline
export function isMerged(): bool {
  return (head().flags & FLAG_MERGED) != 0;
}

/** To be called once an answer is out. */
export function mergeCounters(): void {
  if (!isMerged()) return;
  const added = answers(ADDED);
  const more = answers(COUNTERS) - added;
  if (more == 0 || ((fault || more < added >> 3) && now() - addedAt < SECOND)) return;
  add();
  afterCommit();
}

/** The counters of all, this instance's included, in the arena; 0 where {@link mergeFault} tells why not. */
export function mergedCounters(): usize {
  return add();
}

export function mergeFault(): i32 {
  return fault;
}

function add(): usize {
  // A folder that fails is let alone for a second as well.
  addedAt = now();
  const sums = allocate(COUNTERS_BYTES);
  fault = openOwnFolder();
  for (let i = 0; i < ATTEMPTS && !fault; i++) {
    const outcome = addTo(sums);
    // It is counted once at most.
    if (outcome == COMMITTED || outcome == DOUBTFUL) {
      memory.copy(ADDED, COUNTERS, COUNTERS_BYTES);
      return sums;
    }
    if (outcome < 0) fault = outcome;
  }
  if (!fault) fault = CONTENDED;
  forgetFolder();
  return 0;
}

/** One attempt: what a commit answers. */
function addTo(sums: usize): i32 {
  const item = readItem(KEY, 1);
  if (item === null && itemFault()) return itemFault();
  // What another version of the gateway has counted is begun anew.
  const known = item !== null && <i32>item.valueLength == COUNTERS_BYTES;
  for (let at: usize = 0; at < <usize>COUNTERS_BYTES; at += 8) {
    const before = known ? load<u64>(item!.value + at) : 0;
    store<u64>(sums + at, before + load<u64>(COUNTERS + at) - load<u64>(ADDED + at));
  }
  const version = item === null ? 0 : item.version;
  beginBatch();
  addOperation(SET, item === null ? ABSENT : MATCH, KEY, 1, sums, COUNTERS_BYTES, version, 0);
  return commit(false);
}
