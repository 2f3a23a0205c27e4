/**
 * Every byte the gateway owns, besides what the core's files own.
 *
 *   ┌──────┬───────────────┬─────────────────────────────┬────────┬──────────────────────────┐
 *   │ hole │ TABLE         │ statics of core and gateway │ OWNERS │ ARENA (one request)      │
 *   │ 1 KB │ up to 512 KiB │ kept between requests       │ of actors│ grows; begun anew by each│
 *   └──────┴───────────────┴─────────────────────────────┴────────┴──────────────────────────┘
 *
 * TABLE is the gateway's configuration, put there as data when its file is made. What a reused instance keeps lies in
 * static records, and in OWNERS who hosts actors, where the configuration has any: how many there are nobody knows before.
 * Whatever belongs to one request lies in the arena, also what the host hands in.
 */
import { head } from "./table";
import { HAS_ACTORS } from "./variant";

/** Where imports write what they answer; the largest of them takes 56 bytes. */
export const ANSWER: usize = memory.data(64, 8);

/** Bytes for who hosts actors: read in one half while the other is in use, and a ring behind them. */
export const OWNERS_HALF: usize = 0x60000;
const OWNERS_BYTES: usize = 2 * OWNERS_HALF + 0x490000;

let free: usize = 0;

// @ts-ignore: decorator
@inline
export function owners(): usize {
  return (__heap_base + 15) & ~15;
}

/** Begins a request's arena. */
export function resetArena(): void {
  free = owners() + (HAS_ACTORS && head().actorsCount ? OWNERS_BYTES : 0);
}

/** Bytes of this request, aligned for vectors, with room behind them for a vector load that runs over. */
export function allocate(size: usize): usize {
  if (!free) resetArena();
  const at = free;
  free = (at + size + 31) & ~15;
  const pages = <i32>((free + 0xffff) >> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  return at;
}

/** Where the arena's next bytes go: what {@link release} takes. */
// @ts-ignore: decorator
@inline
export function mark(): usize {
  return free;
}

/** Gives back what was allocated since that mark: it is there until something else is. */
// @ts-ignore: decorator
@inline
export function release(to: usize): void {
  free = to;
}

/** The canonical ABI's allocator: hosts put strings and lists there. A list that grows moves. */
export function cabiRealloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  const at = allocate(size);
  if (old) memory.copy(at, old, min(oldSize, size));
  return at;
}
