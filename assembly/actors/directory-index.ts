import { INBOX, OUTBOX } from "../memory";
import { xxhash64 } from "../hash/xxhash64";
import { PAGE, takePage } from "./directory-pages";
import { Actor, actorAt, segments, wordOf } from "./directory-records";

/**
 * From a type and an id to an actor. The first bits of the hash choose a segment, a page of open addressing. A full
 * one becomes two, so growing touches one page.
 *
 *   segment, at the first of the places that share it      entry
 *   ┌─────────┬──────────┬───────────┐                     ┌──────────────────────┬───────────┐
 *   │ 16 page │ 16 depth │ u32 count │                     │ 27 address of actor  │ 5 of hash │
 *   └─────────┴──────────┴───────────┘                     └──────────────────────┴───────────┘
 */
const BITS: u32 = 12;
const SLOT: usize = PAGE - 4;

/** Entries at which a segment is divided, and beyond which there is no more room where that cannot be. */
const FULL: u32 = 12288;
const BRIM: u32 = 15872;

const TAG: u32 = 31;

const MIX: u64 = 0x9e3779b97f4a7c15;

/** The hash of a type and the id in the inbox. */
export function hashOf(type: u32, length: u32): u64 {
  const mixed = (xxhash64(INBOX, length) ^ (<u64>type + 1)) * MIX;
  return mixed ^ (mixed >> 32);
}

/** Makes the index of an empty directory. */
export function openIndex(): bool {
  const page = takePage();
  if (page == 0) return false;
  memory.fill(page, 0, PAGE);
  for (let i: u32 = 0; i < <u32>1 << BITS; i++) store<u32>(segmentAt(i), <u32>page);
  return true;
}

/** The actor of this type with the id in the inbox. */
export function lookUp(hash: u64, type: u32, length: u32): Actor | null {
  const high = <u32>(hash >> 32);
  const page = pageOf(high);
  const tag = <u32>hash & TAG;
  const word = wordOf(type, length);
  let slot = home(high);
  let entry = load<u32>(page + slot);
  while (entry != 0) {
    if ((entry & TAG) == tag) {
      const actor = actorAt(entry & ~TAG);
      const same = actor.hash == high && actor.word == word;
      if (same && memory.compare(actor.name, INBOX, length) == 0) return actor;
    }
    slot = after(slot);
    entry = load<u32>(page + slot);
  }
  return null;
}

/** Adds an actor. False when there is no room. */
export function addEntry(hash: u64, actor: usize): bool {
  const high = <u32>(hash >> 32);
  let first = firstOf(high);
  if (load<u32>(first, 4) >= FULL) {
    if (divide(high)) first = firstOf(high);
    else if (load<u32>(first, 4) >= BRIM) return false;
  }
  store<u32>(first, load<u32>(first, 4) + 1, 4);
  put(pageOf(high), home(high), <u32>actor | (<u32>hash & TAG));
  return true;
}

/** Takes an actor out and moves those up that passed over its place. */
export function dropEntry(actor: Actor): void {
  const high = actor.hash;
  const first = firstOf(high);
  store<u32>(first, load<u32>(first, 4) - 1, 4);
  const page = pageOf(high);
  let hole = home(high);
  while ((load<u32>(page + hole) & ~TAG) != <u32>changetype<usize>(actor)) hole = after(hole);
  let slot = after(hole);
  let entry = load<u32>(page + slot);
  while (entry != 0) {
    // It may move where its own place is not behind the hole.
    if (((slot - home(actorAt(entry & ~TAG).hash)) & SLOT) >= ((slot - hole) & SLOT)) {
      store<u32>(page + hole, entry);
      hole = slot;
    }
    slot = after(slot);
    entry = load<u32>(page + slot);
  }
  store<u32>(page + hole, 0);
}

/** Makes two segments of one. False when there is no room, or no bit to tell them apart. */
function divide(high: u32): bool {
  const segment = load<u32>(segmentAt(high >> (32 - BITS)));
  const depth = segment & 0xffff;
  if (depth == BITS) return false;
  const page = takePage();
  if (page == 0) return false;
  const old: usize = segment & 0xffff0000;
  memory.copy(OUTBOX, old, PAGE);
  memory.fill(old, 0, PAGE);
  memory.fill(page, 0, PAGE);
  const places: u32 = 1 << (BITS - depth);
  const start = (high >> (32 - BITS)) & ~(places - 1);
  const middle = start + (places >> 1);
  for (let i = start; i < start + places; i++) store<u32>(segmentAt(i), <u32>(i < middle ? old : page) | (depth + 1));
  let moved: u32 = 0;
  for (let from = OUTBOX; from < OUTBOX + PAGE; from += 4) {
    const entry = load<u32>(from);
    if (entry == 0) continue;
    const hash = actorAt(entry & ~TAG).hash;
    const moves = hash >> (32 - BITS) >= middle;
    put(moves ? page : old, home(hash), entry);
    moved += u32(moves);
  }
  store<u32>(segmentAt(start), load<u32>(segmentAt(start), 4) - moved, 4);
  store<u32>(segmentAt(middle), moved, 4);
  return true;
}

function put(page: usize, slot: usize, entry: u32): void {
  while (load<u32>(page + slot) != 0) slot = after(slot);
  store<u32>(page + slot, entry);
}

/** Where a hash belongs in its segment, in bytes. */
// @ts-ignore: decorator
@inline
function home(high: u32): usize {
  return <usize>(high >> 4) & SLOT;
}

// @ts-ignore: decorator
@inline
function after(slot: usize): usize {
  return (slot + 4) & SLOT;
}

// @ts-ignore: decorator
@inline
function segmentAt(i: u32): usize {
  return segments() + (<usize>i << 3);
}

// @ts-ignore: decorator
@inline
function pageOf(high: u32): usize {
  return load<u32>(segmentAt(high >> (32 - BITS))) & 0xffff0000;
}

/** The first of the places that share the segment of a hash: it has the count. */
function firstOf(high: u32): usize {
  const place = high >> (32 - BITS);
  const depth = load<u32>(segmentAt(place)) & 0xffff;
  return segmentAt(place & ~((<u32>1 << (BITS - depth)) - 1));
}
