/**
 * The numbers that an instance counts, of eight bytes each: answers by the first digit of their status, and by how long
 * they took; nanoseconds of all of them; attempts at upstreams that failed.
 */
const CLASSES_AT: i32 = 0;
const LASTED_AT: i32 = 5;
export const CLASSES: i32 = 5;
export const BUCKETS: i32 = 7;
export const TOTAL: i32 = 12;
export const FAILURES: i32 = 13;

export const COUNTERS_BYTES: i32 = 112;
export const COUNTERS: usize = memory.data(112, 8);

/** Upper bounds of the histogram's buckets in milliseconds; the last one has none. */
export const BOUNDS: usize = memory.data<u32>([5, 25, 100, 500, 2500, 10000]);

// @ts-ignore: decorator
@inline
export function answeredBy(digit: i32): i32 {
  return CLASSES_AT + digit - 1;
}

// @ts-ignore: decorator
@inline
export function lastedFor(bucket: i32): i32 {
  return LASTED_AT + bucket;
}

export function raise(counter: i32, by: u64): void {
  const at = COUNTERS + (<usize>counter << 3);
  store<u64>(at, load<u64>(at) + by);
}

/** One of them, here or where somebody else's stand. */
export function counted(counters: usize, counter: i32): u64 {
  return load<u64>(counters + (<usize>counter << 3));
}

/** Requests that were answered. */
export function answers(counters: usize): u64 {
  let sum: u64 = 0;
  for (let i = 1; i <= CLASSES; i++) sum += counted(counters, answeredBy(i));
  return sum;
}
