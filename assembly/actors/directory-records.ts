import { arena, reserve } from "../memory";
import { Slab, give, openPages, openSlab, recordOf, take } from "./directory-pages";

/**
 * The head of a directory; all else is in pages.
 *
 *   ┌──────────┬──────────┬──────────┬──────────┬──────────┬─────────┬────────┐
 *   │ segments │ types    │ chains   │ actors   │ groups   │ calls   │ names  │
 *   │ 4096 × 8 │ 1024 × 24│ 8192 × 4 │ 8192 × 4 │ 1024 × 4 │ 512 × 4 │ 64 × 4 │
 *   └──────────┴──────────┴──────────┴──────────┴──────────┴─────────┴────────┘
 *                                    └─────── addresses of pages ────┘
 */
const TYPES: usize = 32768;
const CHAINS: usize = TYPES + 24576;
const ACTORS: usize = CHAINS + 32768;
const GROUPS: usize = ACTORS + 32768;
const CALLS: usize = GROUPS + 4096;
const NAMES: usize = CALLS + 2048;
const HEAD: usize = NAMES + 256;

export const MOST_TYPES: u32 = 1024;

/**
 * An actor, 32 bytes. A record that is none has zeros in its word.
 *
 *   ┌──────────┬──────────┬─────────────────────────────────────┬───────────┬──────────┬──────────┬──────────┐
 *   │ u32 hash │ u32 name │ 17 length, 10 type, 4 unused, 1 used│ u32 first │ u32 last │ u32 calls│ f64 since│
 *   └──────────┴──────────┴─────────────────────────────────────┴───────────┴──────────┴──────────┴──────────┘
 *
 * Without a call, `first` and `last` are its neighbours among the idle of its type: who is so for longer, and who is
 * not. With calls, they are its first and last group.
 */
@unmanaged
export class Actor {
  hash: u32;
  name: usize;
  word: u32;
  first: usize;
  last: usize;
  calls: u32;
  since: f64;
}

const LENGTH: u32 = 0x1ffff;
const USED: u32 = 1 << 31;

/** Its idle actors from the longest idle on, how many it has in all, and their timeout. */
@unmanaged
export class Type {
  first: usize;
  last: usize;
  count: u32;
  known: u32;
  timeout: f64;
}

export const actors: Slab = changetype<Slab>(memory.data(offsetof<Slab>(), 8));
export const groups: Slab = changetype<Slab>(memory.data(offsetof<Slab>(), 8));
export const calls: Slab = changetype<Slab>(memory.data(offsetof<Slab>(), 8));

/** No type is known from it on. */
export let types: u32 = 0;

/** Makes an empty directory of this instance. False when there is no room. */
export function openRecords(): bool {
  if (!reserve(HEAD)) return false;
  memory.fill(arena(), 0, HEAD);
  openPages();
  openSlab(actors, arena() + ACTORS, 8192, 5);
  openSlab(groups, arena() + GROUPS, 1024, 5);
  openSlab(calls, arena() + CALLS, 512, 4);
  types = 0;
  // Actors that fill the memory must still be called.
  return hasRoom(groups) && hasRoom(calls);
}

function hasRoom(slab: Slab): bool {
  const record = take(slab);
  if (record != 0) give(slab, record);
  return record != 0;
}

/** The word of an actor with an id of this length. */
// @ts-ignore: decorator
@inline
export function wordOf(type: u32, length: u32): u32 {
  return length | (type << 17) | USED;
}

// @ts-ignore: decorator
@inline
export function lengthOf(actor: Actor): u32 {
  return actor.word & LENGTH;
}

// @ts-ignore: decorator
@inline
export function typeOf(actor: Actor): u32 {
  return (actor.word & ~USED) >> 17;
}

/** The active actor of a number. */
export function actorOf(number: u32): Actor | null {
  const record = recordOf(actors, number);
  return record == 0 || changetype<Actor>(record).word == 0 ? null : changetype<Actor>(record);
}

// @ts-ignore: decorator
@inline
export function actorAt(address: usize): Actor {
  return changetype<Actor>(address);
}

// @ts-ignore: decorator
@inline
export function typeAt(type: u32): Type {
  return changetype<Type>(arena() + TYPES + <usize>type * offsetof<Type>());
}

/** Makes a type known, with this timeout. */
export function setType(type: u32, timeout: f64): void {
  const record = typeAt(type);
  record.known = 1;
  record.timeout = timeout;
  types = max(types, type + 1);
}

/** Where the index keeps its segments. */
// @ts-ignore: decorator
@inline
export function segments(): usize {
  return arena();
}

/** The list of groups whose chain has this hash. */
// @ts-ignore: decorator
@inline
export function chainList(chain: u64): usize {
  return arena() + CHAINS + (<usize>(chain & 8191) << 2);
}

/** The list of pages with room for names of this class. */
// @ts-ignore: decorator
@inline
export function nameList(size: u32): usize {
  return arena() + NAMES + (<usize>size << 2);
}
