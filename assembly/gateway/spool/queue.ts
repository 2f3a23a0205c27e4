import { allocate } from "../memory";
import { COMMITTED } from "../store/apply";
import { addOperation, beginBatch, commit, firstVersion } from "../store/batch";
import { CUT_OFF } from "../store/faults";
import { itemFault, readItem } from "../store/items";
import { ABSENT, ADD, DELETE, LONGEST, MATCH, MOST, NONE, PLACE, SET } from "../store/record";
import { wallMillis } from "../wasi/clocks";

/**
 * Events that wait in the gateway's folder: of each pub/sub those to be delivered, in the order in which the log has
 * them, and those that were refused. A key is a letter, the pub/sub's name, and for an event its number.
 *
 *   ┌────────────┬───────────────────────────────────────────────────────────────────┐
 *   │ `t` or `T` │ the number of the last event (capitals: of those that were refused) │
 *   │ `h` or `H` │ that of the last one which is gone                                  │
 *   │ `e` or `E` │ an event                                                            │
 *   │ `n`, `b`   │ how many are kept, and their bytes: both are bounded                │
 *   │ `l`        │ there while somebody delivers, or lets the upstream rest            │
 *   └────────────┴───────────────────────────────────────────────────────────────────┘
 *
 * Numbers follow from the log, so that writers need not wait for one another.
 */
const TAIL: u8 = 0x74;
const HEAD: u8 = 0x68;
const EVENT: u8 = 0x65;
const COUNT: u8 = 0x6e;
const BYTES: u8 = 0x62;
const LEASE: u8 = 0x6c;

/** What is to become of an event, or of which queue it is. */
export const WAITING: u8 = 0;
export const REFUSED: u8 = 0x20;
export const GONE: u8 = 1;

/** The longest event that is kept: what else stands in its record has room beside it. */
export const LONGEST_EVENT: i32 = LONGEST - 8192;

/** How long a delivery is somebody's own: longer than it lasts. What is left of one who was killed waits as long. */
const LEASE_MILLIS: u64 = 20000;
/** An upstream that is away is asked again after as long, whoever asks. */
const REST_MILLIS: u64 = 1000;

/** What {@link put} answers where there is no room: the positions of the conditions. */
export const TOO_MANY: i32 = 0;
export const TOO_LARGE: i32 = 1;

/** What {@link claim} answers besides 0 and faults. */
export const HELD: i32 = 1;
export const RESTS: i32 = 2;

/** Room for a letter, a name and a number. */
const MOST_NAME: i32 = 1024;
const KEY: usize = memory.data(1040, 8);
const WORD: usize = memory.data(8, 8);

let nameLength: i32 = 0;
let keyLength: i32 = 0;
let lease: u64 = 0;
let fault: i32 = 0;

/** The event that was looked at last, in the arena, and its number. */
let event: usize = 0;
let eventLength: i32 = 0;
let number: u64 = 0;

// @ts-ignore: decorator
@inline
export function eventBytes(): usize {
  return event;
}

// @ts-ignore: decorator
@inline
export function eventSize(): i32 {
  return eventLength;
}

/** Turns to the queues of a pub/sub. The folder that is open is the gateway's own. */
export function useQueues(name: usize, length: i32): void {
  nameLength = min(length, MOST_NAME);
  memory.copy(KEY + 1, name, nameLength);
}

function keyOf(letter: u8): usize {
  store<u8>(KEY, letter);
  keyLength = nameLength + 1;
  return KEY;
}

function numbered(queue: u8, which: u64): usize {
  keyOf(EVENT - queue);
  store<u64>(KEY + <usize>keyLength, which);
  keyLength += 8;
  return KEY;
}

/** A counter; {@link fault} where it could not be read. */
function counter(letter: u8): u64 {
  const item = readItem(keyOf(letter), keyLength);
  if (item === null && itemFault()) fault = itemFault();
  return item === null ? 0 : load<u64>(item.value);
}

/** How many events a queue has, or a fault. */
export function depth(queue: u8): i64 {
  fault = 0;
  const gone = counter(HEAD - queue);
  const all = counter(TAIL - queue);
  return fault ? fault : <i64>(all - gone);
}

/** Bytes of all events that are kept. */
export function keptBytes(): u64 {
  return counter(BYTES);
}

/** Takes a look at the first event of a queue: 1 where there is one, 0, or a fault. */
export function lookAt(queue: u8): i32 {
  let before: u64 = 0;
  while (true) {
    const waits = depth(queue);
    if (waits <= 0) return <i32>waits;
    number = counter(HEAD - queue) + 1;
    const item = readItem(numbered(queue, number), keyLength);
    if (item !== null) {
      // The store is asked again before it is needed last.
      eventLength = <i32>item.valueLength;
      event = allocate(eventLength);
      memory.copy(event, item.value, eventLength);
      return 1;
    }
    if (itemFault()) return itemFault();
    // Another has it by now, unless it is still to be there.
    if (number == before) return CUT_OFF;
    before = number;
  }
}

/** Keeps an event behind all others. COMMITTED once it is on the disk, TOO_MANY, TOO_LARGE, or a fault. */
export function put(bytes: usize, length: i32, mostEvents: u32, mostBytes: u32): i32 {
  beginBatch();
  add(COUNT, 1, MOST, mostEvents);
  add(BYTES, length, MOST, mostBytes);
  place(WAITING, bytes, length);
  return commit();
}

/** Makes this instance the one that delivers: 0, HELD, RESTS (unless `urgent`), or a fault. */
export function claim(urgent: bool): i32 {
  const item = readItem(keyOf(LEASE), keyLength);
  if (item === null && itemFault()) return itemFault();
  if (item !== null && item.valueLength == 0) return HELD;
  if (item !== null && !urgent) return RESTS;
  const version = item === null ? 0 : item.version;
  beginBatch();
  hold(LEASE_MILLIS, 0, item === null ? ABSENT : MATCH, version);
  return held();
}

/** Ends that. Where the upstream is to rest, only who is urgent asks it before its time. */
export function leave(rests: bool): void {
  beginBatch();
  if (rests) hold(REST_MILLIS, 1, MATCH, lease);
  else addOperation(DELETE, MATCH, keyOf(LEASE), keyLength, 0, 0, lease, 0);
  commit(false);
}

/** Moves the event that was looked at to the other queue, or to nowhere: 0, HELD where another delivers by now, or a fault. */
export function settle(queue: u8, to: u8): i32 {
  beginBatch();
  hold(LEASE_MILLIS, 0, MATCH, lease);
  store<u64>(WORD, number);
  addOperation(SET, NONE, keyOf(HEAD - queue), keyLength, WORD, 8, 0, 0);
  addOperation(DELETE, NONE, numbered(queue, number), keyLength, 0, 0, 0, 0);
  if (to == GONE) {
    add(COUNT, -1, NONE, 0);
    add(BYTES, -eventLength, NONE, 0);
  } else place(to, event, eventLength);
  return held();
}

function hold(millis: u64, length: i32, condition: u8, version: u64): void {
  addOperation(SET, condition, keyOf(LEASE), keyLength, WORD, length, version, wallMillis() + millis);
}

/** Of what a loss of power undoes, no more comes than that an event is delivered twice. */
function held(): i32 {
  const outcome = commit(false);
  if (outcome >= 0) return HELD;
  if (outcome != COMMITTED) return outcome;
  lease = firstVersion();
  return 0;
}

function add(letter: u8, change: i64, condition: u8, most: u64): void {
  store<u64>(WORD, change);
  addOperation(ADD, condition, keyOf(letter), keyLength, WORD, 8, most, 0);
}

function place(queue: u8, bytes: usize, length: i32): void {
  add(TAIL - queue, 1, NONE, 0);
  addOperation(PLACE, NONE, numbered(queue, 0), keyLength, bytes, length, 0, 0);
}
