/**
 * Which upstreams failed of late. A reused instance keeps it between requests; a fresh one knows nothing, and asks.
 *
 *    0 u32 upstream   where its record stands; 0: the slot is free
 *    4 u32 failures   in a row
 *    8 u64 until      nanoseconds on the clock at which it is asked again
 */
@unmanaged
class Health {
  upstream: usize;
  failures: u32;
  until: u64;
}

/** Upstreams beyond as many are taken for well. */
const SLOTS: usize = 256;
const RECORDS: usize = memory.data(4096, 8);

const SECOND: u64 = 1000000000;
/** Doublings of the first second. */
const MOST_DOUBLINGS: u32 = 5;

/** The record of an upstream, or a free one for it; null where there is neither. */
function find(upstream: usize): Health | null {
  const first = (upstream >> 2) & (SLOTS - 1);
  for (let i: usize = 0; i < SLOTS; i++) {
    const slot = changetype<Health>(RECORDS + ((first + i) & (SLOTS - 1)) * offsetof<Health>());
    if (slot.upstream == upstream) return slot;
    if (slot.upstream == 0) return slot;
  }
  return null;
}

/** True unless it failed, and its time off is not over. */
export function isWell(upstream: usize, now: u64): bool {
  const health = find(upstream);
  return health == null || health.until <= now;
}

/** It failed: it is let alone for a second, and longer each time. */
export function failed(upstream: usize, now: u64): void {
  const health = find(upstream);
  if (health == null) return;
  health.upstream = upstream;
  health.until = now + (SECOND << min(health.failures, MOST_DOUBLINGS));
  health.failures++;
}

export function answeredWell(upstream: usize): void {
  const health = find(upstream);
  if (health == null || health.upstream == 0) return;
  health.failures = 0;
  health.until = 0;
}

/** Takes those whose records lie there for well: others will. Their slots stay taken, or searches would end there. */
export function forgetAmong(from: usize, to: usize): void {
  for (let at = RECORDS; at < RECORDS + SLOTS * offsetof<Health>(); at += offsetof<Health>()) {
    const health = changetype<Health>(at);
    if (health.upstream < from || health.upstream >= to) continue;
    health.failures = 0;
    health.until = 0;
  }
}
