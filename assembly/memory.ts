/**
 * Every byte the core owns. Nothing else sizes memory, and nothing allocates after start.
 *
 *   ┌────────┬──────────────────────────────┬────────┬───────┬──────┬─────────────────────────┐
 *   │ RESULT │ INBOX                        │ OUTBOX │ DEPTH │ SEEN │ ARENA (placement only)  │
 *   │ 128 B  │ 64 KiB + 64                  │ 3×64 K │ 1.3 K │ 16 K │ grows once, when built  │
 *   └────────┴──────────────────────────────┴────────┴───────┴──────┴─────────────────────────┘
 *
 * RESULT holds words for the caller. INBOX is where the caller puts bytes; the 64 spare bytes let vector loads
 * run past its end. OUTBOX is where text, marks and output go, in three equal parts that functions use as they
 * need. DEPTH is one bit for each open JSON container. SEEN is a hash set of member names.
 */

/** Bytes that one call can take; longer inputs come in chunks of at most this. */
export const CHUNK: i32 = 65536;

/** Words that one call can answer. */
export const RESULT: usize = memory.data(128, 16);

export const INBOX: usize = memory.data(65600, 16);

export const OUTBOX: usize = memory.data(196608, 16);

/** Deepest nesting of JSON that is accepted; the same as Go's. */
export const MAX_DEPTH: i32 = 10000;

export const DEPTH: usize = memory.data(1256, 8);

/** Slots of SEEN, a power of two. */
export const SEEN_SLOTS: i32 = 2048;

export const SEEN: usize = memory.data(16384, 8);

/** First byte of the placement arena, aligned for vectors. */
// @ts-ignore: decorator
@inline
export function arena(): usize {
  return (__heap_base + 15) & ~15;
}

/** Makes the arena at least `bytes` long. False when the engine refuses to grow the memory. */
export function reserve(bytes: usize): bool {
  const wanted = arena() + bytes;
  const pages = i32((wanted + 0xffff) >> 16) - memory.size();
  return pages <= 0 || memory.grow(pages) >= 0;
}

/** Writes one word of the answer. */
// @ts-ignore: decorator
@inline
export function answer(index: i32, value: i32): void {
  store<i32>(RESULT + (<usize>index << 2), value);
}
