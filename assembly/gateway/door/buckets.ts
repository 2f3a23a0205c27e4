/**
 * Buckets of tokens, which fill evenly and never hold more than a burst. An instance that is used again keeps them; a
 * fresh one begins with full ones, and several count each for itself.
 *
 *    0 u64 caller    hash of who it is; 0: the bucket is nobody's
 *    8 f64 tokens    at that time
 *   16 u64 time      nanoseconds on the clock
 */
@unmanaged
export class Bucket {
  caller: u64;
  tokens: f64;
  time: u64;
}

/** A power of two. */
const BUCKETS: u32 = 1024;
/** Places where a caller's may be; where all are others', the one that was used longest ago is taken. */
const TRIED: u32 = 8;
const STORE: usize = memory.data(24576, 8);

const SECOND: f64 = 1e9;

function place(key: u64, step: u32): Bucket {
  return changetype<Bucket>(STORE + <usize>((<u32>key + step) & (BUCKETS - 1)) * offsetof<Bucket>());
}

/** The caller's bucket; a new one is full. */
function bucketOf(key: u64, burst: f64, time: u64): Bucket {
  let oldest = place(key, 0);
  for (let i: u32 = 0; i < TRIED; i++) {
    const bucket = place(key, i);
    if (bucket.caller == key) return bucket;
    if (bucket.time < oldest.time) oldest = bucket;
  }
  oldest.caller = key;
  oldest.tokens = burst;
  oldest.time = time;
  return oldest;
}

/** Takes a token of the caller's, whose key is not 0: 0, or the seconds until there is one. */
export function takeToken(key: u64, rate: f64, burst: f64, time: u64): f64 {
  const bucket = bucketOf(key, burst, time);
  const passed = time > bucket.time ? <f64>(time - bucket.time) / SECOND : 0;
  const tokens = min(burst, bucket.tokens + passed * rate);
  bucket.time = time;
  bucket.tokens = tokens < 1 ? tokens : tokens - 1;
  return tokens < 1 ? (1 - tokens) / rate : 0;
}
