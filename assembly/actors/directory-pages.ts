import { extend } from "../memory";

/** All that a directory holds lies in pages of 64 KiB, so nothing has to move when it grows. */
export const PAGE: usize = 65536;

/** Pages that are asked of the engine at once: an eighth of what there is, within these. */
const FEWEST: i32 = 8;
const MOST: i32 = 1024;

let free: usize = 0;
let fresh: usize = 0;
let end: usize = 0;

/** Forgets all pages. */
export function openPages(): void {
  free = 0;
  fresh = 0;
  end = 0;
}

/** A page, whatever is in it; 0 when the engine has none left. */
export function takePage(): usize {
  const page = free;
  if (page != 0) {
    free = load<usize>(page);
    return page;
  }
  if (fresh == end && !more()) return 0;
  fresh += PAGE;
  return fresh - PAGE;
}

export function givePage(page: usize): void {
  store<usize>(page, free);
  free = page;
}

function more(): bool {
  let pages = min(max(memory.size() >> 3, FEWEST), MOST);
  let start = extend(pages);
  if (start == 0) start = extend((pages = 1));
  if (start == 0) return false;
  fresh = start;
  end = start + <usize>pages * PAGE;
  return true;
}

/**
 * Records of one size, at addresses that stay. Each also has a number, which is small: the place of its page among
 * those of the slab, and its place there. The first place of a page has the page's own; no record is 0.
 */
@unmanaged
export class Slab {
  /** Where the addresses of its pages are. */
  pages: usize;
  count: u32;
  most: u32;
  /** A record has 2^log bytes. */
  log: u32;
  /** Records in use. */
  live: u32;
  /** The record that was given back last. */
  free: usize;
  /** What follows the last record that was ever taken; the end of its page: no more in this one. */
  fresh: usize;
}

export function openSlab(slab: Slab, pages: usize, most: u32, log: u32): void {
  memory.fill(changetype<usize>(slab), 0, offsetof<Slab>());
  slab.pages = pages;
  slab.most = most;
  slab.log = log;
}

/** A record, zeroed when it is taken for the first time; 0 when there is no room. */
export function take(slab: Slab): usize {
  let record = slab.free;
  if (record != 0) slab.free = load<u32>(record);
  else {
    record = slab.fresh;
    if ((record & (PAGE - 1)) == 0) record = firstOfPage(slab);
    if (record == 0) return 0;
    slab.fresh = record + (<usize>1 << slab.log);
  }
  slab.live++;
  return record;
}

/** Takes a record back, and its first word for the list of free ones. */
export function give(slab: Slab, record: usize): void {
  store<u32>(record, <u32>slab.free);
  slab.free = record;
  slab.live--;
}

export function numberOf(slab: Slab, record: usize): u32 {
  const page = record & ~(PAGE - 1);
  return (load<u32>(page) << (16 - slab.log)) | (<u32>(record - page) >> slab.log);
}

/** The place of a number, whether or not it was ever taken: zeroed then. 0: no record has this number. */
export function recordOf(slab: Slab, number: u32): usize {
  const within = 16 - slab.log;
  const page = number >> within;
  const place = number & ((<u32>1 << within) - 1);
  if (page >= slab.count || place == 0) return 0;
  return <usize>load<u32>(slab.pages + (<usize>page << 2)) + (<usize>place << slab.log);
}

function firstOfPage(slab: Slab): usize {
  const count = slab.count;
  if (count == slab.most) return 0;
  const page = takePage();
  if (page == 0) return 0;
  memory.fill(page, 0, PAGE);
  store<u32>(page, count);
  store<u32>(slab.pages + (<usize>count << 2), <u32>page);
  slab.count = count + 1;
  return page + (<usize>1 << slab.log);
}
