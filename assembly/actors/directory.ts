import { INBOX, answer } from "../memory";
import { xxhash64 } from "../hash/xxhash64";
import { dueActors, nextDue, rest, rouse } from "./directory-idle";
import { addEntry, dropEntry, hashOf, lookUp, openIndex } from "./directory-index";
import { dropName, keepName } from "./directory-names";
import { give, numberOf, take } from "./directory-pages";
import {
  MOST_TYPES,
  actorAt,
  actorOf,
  actors,
  lengthOf,
  openRecords,
  setType,
  typeAt,
  typeOf,
  wordOf,
} from "./directory-records";
import { enterTurn, followingCall, leaveTurn, runsCall } from "./directory-turns";

/**
 * The actors that are active in an instance, by number from 1 on: who they are, whose turn it is, and who is idle
 * since when. An instance has one directory, and nothing else in its arena.
 */

/** The type or actor is not known. */
const UNKNOWN: i32 = -1;

/** Makes an empty directory. False when there is no room. */
export function directory(): bool {
  return openRecords() && openIndex();
}

/** Makes a type known, or changes its timeout. False when it has no such number. */
export function kind(type: u32, timeout: f64): bool {
  if (type >= MOST_TYPES) return false;
  setType(type, timeout);
  return true;
}

/** How many are active. */
export function size(): u32 {
  return actors.live;
}

/** How many of a type are active. */
export function active(type: u32): u32 {
  return type < MOST_TYPES ? typeAt(type).count : 0;
}

/** The actor with the id in the inbox, active from now on where it was not. 0: no room. */
export function activate(type: u32, length: u32, now: f64): i32 {
  if (type >= MOST_TYPES || typeAt(type).known == 0) return UNKNOWN;
  const hash = hashOf(type, length);
  const known = lookUp(hash, type, length);
  if (known !== null) return numberOf(actors, changetype<usize>(known));
  const record = take(actors);
  if (record == 0) return 0;
  const name = keepName(length);
  if (name == 0 || !addEntry(hash, record)) {
    if (name != 0) dropName(name, length);
    give(actors, record);
    return 0;
  }
  const actor = actorAt(record);
  actor.hash = <u32>(hash >> 32);
  actor.name = name;
  actor.word = wordOf(type, length);
  actor.calls = 0;
  typeAt(type).count++;
  rest(actor, now);
  return numberOf(actors, record);
}

/** The active actor with the id in the inbox; 0 when there is none. */
export function find(type: u32, length: u32): u32 {
  if (type >= MOST_TYPES) return 0;
  const actor = lookUp(hashOf(type, length), type, length);
  return actor === null ? 0 : numberOf(actors, changetype<usize>(actor));
}

/** Answers where an actor's id is, its bytes, its type, and how many calls it has. False when there is none. */
export function actor(number: u32): bool {
  const record = actorOf(number);
  if (record === null) return false;
  answer(0, <i32>record.name);
  answer(1, lengthOf(record));
  answer(2, typeOf(record));
  answer(3, record.calls);
  return true;
}

/** Forgets an actor. Answers how many calls it has, and forgets it only where it has none. */
export function remove(number: u32): i32 {
  const actor = actorOf(number);
  if (actor === null) return UNKNOWN;
  if (actor.calls > 0) return actor.calls;
  rouse(actor);
  dropEntry(actor);
  dropName(actor.name, lengthOf(actor));
  typeAt(typeOf(actor)).count--;
  actor.word = 0;
  give(actors, changetype<usize>(actor));
  return 0;
}

/** The active actor of a type that has the next number; 0 when none has. */
export function next(type: u32, number: u32): u32 {
  if (active(type) == 0) return 0;
  for (const end = actors.count << 11; ++number < end; ) {
    const actor = actorOf(number);
    if (actor !== null && typeOf(actor) == type) return number;
  }
  return 0;
}

/** Asks for an actor's turn; the id of the chain is in the inbox where it has bytes. */
export function ask(number: u32, length: i32, deepest: f64): i32 {
  // No chain is 0.
  return enterTurn(number, length < 0 ? 0 : max(xxhash64(INBOX, length), 1), deepest);
}

/** Ends a call: see there. */
export function done(ticket: u32, now: f64): i32 {
  return leaveTurn(ticket, now);
}

export function following(ticket: u32): i32 {
  return followingCall(ticket);
}

export function runs(ticket: u32): bool {
  return runsCall(ticket);
}

/** Writes to the outbox who is due by now, and answers how many. */
export function idle(now: f64, limit: u32): u32 {
  return dueActors(now, limit);
}

/** When the next one is due; infinite when none will be. */
export function due(): f64 {
  return nextDue();
}
