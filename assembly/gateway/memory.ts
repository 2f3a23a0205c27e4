/**
 * Every byte the gateway owns, besides what the core's files own.
 *
 *   ┌──────┬───────────────┬───────────────┬────────────────┬───────────┬──────────────────────────┐
 *   │ hole │ small statics │ TABLE         │ large statics  │ OWNERS    │ ARENA (one request)      │
 *   │ 16 B │ and constants │ up to 511 KiB │ of core, too   │ of actors │ grows; begun anew by each│
 *   └──────┴───────────────┴───────────────┴────────────────┴───────────┴──────────────────────────┘
 *
 * The hole has but one word, where the arena goes on (arena.ts). TABLE is the gateway's configuration, put there as data when
 * its file is made. What a reused instance keeps lies in statics, which the build places (scripts/place-data.mjs), and in
 * OWNERS who hosts actors, where the configuration has any: how many there are nobody knows before.
 * Whatever belongs to one request lies in the arena, also what the host hands in.
 */
import { mark, release, take } from "./arena";
import { head } from "./table";
import { HAS_ACTORS } from "./variant";

export { mark, release } from "./arena";

/** Where imports write what they answer; the largest of them takes 56 bytes. */
export const ANSWER: usize = memory.data(64, 8);

/** Bytes for who hosts actors: read in one half while the other is in use, and a ring behind them. */
export const OWNERS_HALF: usize = 0x60000;
const OWNERS_BYTES: usize = 2 * OWNERS_HALF + 0x490000;

// @ts-ignore: decorator
@inline
export function owners(): usize {
  return (__heap_base + 15) & ~15;
}

/** Begins a request's arena. */
export function resetArena(): void {
  release(owners() + (HAS_ACTORS && head().actorsCount ? OWNERS_BYTES : 0));
}

/** Bytes of this request, aligned for vectors, with room behind them for a vector load that runs over. */
export function allocate(size: usize): usize {
  if (!mark()) resetArena();
  return take(size);
}
