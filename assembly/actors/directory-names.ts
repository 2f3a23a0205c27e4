import { INBOX } from "../memory";
import { PAGE, givePage, takePage } from "./directory-pages";
import { nameList } from "./directory-records";

/**
 * A page of names of one class, in slots of one size. Pages with room are in the list of their class; an empty one
 * goes back. So names of other lengths find room where those before them are gone.
 */
@unmanaged
class Names {
  next: u32;
  previous: u32;
  /** The slot that was given back last. */
  free: u32;
  /** Slots that were taken at some time. */
  used: u16;
  live: u16;
}

/** A longer name has a page of its own. */
const LONGEST: u32 = 28672;

/** Keeps the name in the inbox. Answers where, or 0 when there is no room. */
export function keepName(length: u32): usize {
  const name = length > LONGEST ? takePage() : takeSlot(lastOf(length));
  if (name != 0) memory.copy(name, INBOX, length);
  return name;
}

export function dropName(name: usize, length: u32): void {
  if (length > LONGEST) givePage(name);
  else giveSlot(name, lastOf(length));
}

/** A slot for a name whose last byte has this place. */
function takeSlot(last: u32): usize {
  const list = nameList(classOf(last));
  let at: usize = load<u32>(list);
  if (at == 0) {
    at = takePage();
    if (at == 0) return 0;
    memory.fill(at, 0, offsetof<Names>());
    link(list, at);
  }
  const page = changetype<Names>(at);
  let slot: usize = page.free;
  if (slot != 0) page.free = load<u32>(slot);
  else {
    slot = at + offsetof<Names>() + bytesOf(last) * page.used;
    page.used++;
  }
  page.live++;
  if (isFull(page, last)) unlink(list, at);
  return slot;
}

function giveSlot(slot: usize, last: u32): void {
  const at = slot & ~(PAGE - 1);
  const page = changetype<Names>(at);
  const list = nameList(classOf(last));
  if (isFull(page, last)) link(list, at);
  store<u32>(slot, page.free);
  page.free = <u32>slot;
  page.live--;
  if (page.live > 0) return;
  unlink(list, at);
  givePage(at);
}

function isFull(page: Names, last: u32): bool {
  return page.free == 0 && offsetof<Names>() + bytesOf(last) * (page.used + 1) > PAGE;
}

function link(list: usize, at: usize): void {
  const next: usize = load<u32>(list);
  changetype<Names>(at).next = <u32>next;
  changetype<Names>(at).previous = 0;
  if (next != 0) changetype<Names>(next).previous = <u32>at;
  store<u32>(list, <u32>at);
}

function unlink(list: usize, at: usize): void {
  const next = changetype<Names>(at).next;
  const previous = changetype<Names>(at).previous;
  if (previous == 0) store<u32>(list, next);
  else changetype<Names>(<usize>previous).next = next;
  if (next != 0) changetype<Names>(<usize>next).previous = previous;
}

/** An empty name is kept as one of a byte. */
function lastOf(length: u32): u32 {
  return max(length, 1) - 1;
}

/** Up to 64 bytes in steps of 8, beyond in quarters of a power of two. */
function bytesOf(last: u32): usize {
  const step = stepOf(last);
  return <usize>((last >> step) + 1) << step;
}

function classOf(last: u32): u32 {
  const step = stepOf(last);
  return (step << 2) + (last >> step);
}

// @ts-ignore: decorator
@inline
function stepOf(last: u32): u32 {
  return 29 - clz(last | 32);
}
