/**
 * Every byte the core owns. Nothing else sizes memory, and nothing allocates after start.
 *
 *   ┌────────┬──────────────────────────────┬────────┬───────┬──────┬─────────────────────────┐
 *   │ RESULT │ INBOX                        │ OUTBOX │ DEPTH │ SEEN │ ARENA (tables only)     │
 *   │ 128 B  │ 64 KiB + 128                 │ 3×64 K │ 1.3 K │ 8 K  │ grows when built        │
 *   └────────┴──────────────────────────────┴────────┴───────┴──────┴─────────────────────────┘
 *
 * RESULT holds words for the caller. INBOX is where the caller puts bytes; the 128 spare bytes let vector loads
 * and the filling of a hash's last block run past its end. OUTBOX is where text, marks and output go; functions
 * divide it as they need. DEPTH is one bit for each open JSON container. SEEN is the hashes of an event's member
 * names. NAME, CONTEXTS and FIELDS are the scanner's. A table grows the arena once; a directory of actors has its
 * head there and grows by pages behind it, as long as it gets more actors.
 */

/** Bytes that one call can take; longer inputs come in chunks of at most this. */
export const CHUNK: i32 = 65536;

/** Words that one call can answer. */
export const RESULT: usize = memory.data(128, 16);

/** Digests are an answer too. */
export const DIGEST: usize = RESULT;

export const INBOX: usize = memory.data(65664, 16);

export const OUTBOX: usize = memory.data(196608, 16);

/** Deepest nesting of JSON that is accepted; the same as Go's. */
export const MAX_DEPTH: i32 = 10000;

export const DEPTH: usize = memory.data(1256, 8);

/** Members that the top level of an event may have. */
export const SEEN_NAMES: i32 = 1024;

export const SEEN: usize = memory.data(8192, 8);

/** The member name that is being read. */
export const NAME: usize = memory.data(24, 8);

/** Contexts of the containers that a shape follows, outermost first; no shape nests deeper. */
export const CONTEXTS: usize = memory.data(8, 8);

/** Fields that the shapes know, 24 bytes each and at most 32, written once at start. */
export const FIELDS: usize = memory.data(768, 8);

/** What one scan found, 12 bytes each, as many as the outbox holds. */
export const MARKS: usize = OUTBOX;

export const MAX_MARKS: i32 = 16384;

let start: usize = (__heap_base + 15) & ~15;

/** First byte of the arena of tables, aligned for vectors. */
// @ts-ignore: decorator
@inline
export function arena(): usize {
  return start;
}

/** Moves the arena, for specs: their runtime's heap begins where ours would. */
export function moveArena(to: usize): void {
  start = to;
}

/** Makes the arena at least `bytes` long. False when the engine refuses to grow the memory. */
export function reserve(bytes: usize): bool {
  const wanted = arena() + bytes;
  const pages = i32((wanted + 0xffff) >> 16) - memory.size();
  return pages <= 0 || memory.grow(pages) >= 0;
}

/** Adds pages at the end of the memory. Answers where they begin, or 0 when the engine refuses. */
export function extend(pages: i32): usize {
  const before = memory.grow(pages);
  return before < 0 ? 0 : <usize>before << 16;
}

/** Writes one word of the answer. */
// @ts-ignore: decorator
@inline
export function answer(index: i32, value: i32): void {
  store<i32>(RESULT + (<usize>index << 2), value);
}
