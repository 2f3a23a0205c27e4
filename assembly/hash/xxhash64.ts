const PRIME1: u64 = 0x9e3779b185ebca87;
const PRIME2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME3: u64 = 0x165667b19e3779f9;
const PRIME4: u64 = 0x85ebca77c2b2ae63;
const PRIME5: u64 = 0x27d4eb2f165667c5;

/** Bytes of one stripe; all chunks but the last are a multiple of it. */
const STRIPE: i32 = 32;

let lane1: u64 = 0;
let lane2: u64 = 0;
let lane3: u64 = 0;
let lane4: u64 = 0;
let total: u64 = 0;

/** The hash with seed 0 of bytes that are all here. */
export function xxhash64(start: usize, length: i32): u64 {
  begin();
  return finish(start, length);
}

export function begin(): void {
  lane1 = PRIME1 + PRIME2;
  lane2 = PRIME2;
  lane3 = 0;
  lane4 = 0 - PRIME1;
  total = 0;
}

/** Takes a chunk's whole stripes and answers where the rest of it begins. */
export function update(start: usize, length: i32): usize {
  total += <u64>length;
  let a = lane1;
  let b = lane2;
  let c = lane3;
  let d = lane4;
  let at = start;
  for (const stop = start + <usize>(length & -STRIPE); at < stop; at += STRIPE) {
    a = round(a, load<u64>(at));
    b = round(b, load<u64>(at, 8));
    c = round(c, load<u64>(at, 16));
    d = round(d, load<u64>(at, 24));
  }
  lane1 = a;
  lane2 = b;
  lane3 = c;
  lane4 = d;
  return at;
}

/** Takes the last chunk and answers the hash. */
export function finish(start: usize, length: i32): u64 {
  const end = start + length;
  let at = length < STRIPE ? start : update(start, length);
  if (length < STRIPE) total += <u64>length;
  let hash: u64 = PRIME5;
  if (total >= <u64>STRIPE) {
    hash = rotl(lane1, 1) + rotl(lane2, 7) + rotl(lane3, 12) + rotl(lane4, 18);
    hash = merge(hash, lane1);
    hash = merge(hash, lane2);
    hash = merge(hash, lane3);
    hash = merge(hash, lane4);
  }
  hash += total;
  for (; at + 8 <= end; at += 8) {
    hash = rotl(hash ^ round(0, load<u64>(at)), 27) * PRIME1 + PRIME4;
  }
  if (at + 4 <= end) {
    hash = rotl(hash ^ (<u64>load<u32>(at) * PRIME1), 23) * PRIME2 + PRIME3;
    at += 4;
  }
  for (; at < end; at++) {
    hash = rotl(hash ^ (<u64>load<u8>(at) * PRIME5), 11) * PRIME1;
  }
  hash = (hash ^ (hash >> 33)) * PRIME2;
  hash = (hash ^ (hash >> 29)) * PRIME3;
  return hash ^ (hash >> 32);
}

// @ts-ignore: decorator
@inline
function round(lane: u64, input: u64): u64 {
  return rotl(lane + input * PRIME2, 31) * PRIME1;
}

// @ts-ignore: decorator
@inline
function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * PRIME1 + PRIME4;
}
