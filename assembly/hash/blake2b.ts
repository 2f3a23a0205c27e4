import { DIGEST } from "../memory";

/** Bytes of one block; all chunks but the last are a multiple of it, and what follows the last is ours to fill. */
export const BLOCK: i32 = 128;

const IV0: u64 = 0x6a09e667f3bcc908;
const IV1: u64 = 0xbb67ae8584caa73b;
const IV2: u64 = 0x3c6ef372fe94f82b;
const IV3: u64 = 0xa54ff53a5f1d36f1;
const IV4: u64 = 0x510e527fade682d1;
const IV5: u64 = 0x9b05688c2b3e6c1f;
const IV6: u64 = 0x1f83d9abfb41bd6b;
const IV7: u64 = 0x5be0cd19137e2179;
/** A digest of 64 bytes, no key, one leaf. */
const PARAMETERS: u64 = 0x01010040;

/** Where each round finds its words in the block, in bytes. The last two rounds are the first two again. */
const SIGMA: usize = memory.data<u8>([
  0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,
  112, 80, 32, 64, 72, 120, 104, 48, 8, 96, 0, 16, 88, 56, 40, 24,
  88, 64, 96, 0, 40, 16, 120, 104, 80, 112, 24, 48, 56, 8, 72, 32,
  56, 72, 24, 8, 104, 96, 88, 112, 16, 48, 40, 80, 32, 0, 120, 64,
  72, 0, 40, 56, 16, 32, 80, 120, 112, 8, 88, 96, 48, 64, 24, 104,
  16, 96, 48, 80, 0, 88, 64, 24, 32, 104, 56, 40, 120, 112, 8, 72,
  96, 40, 8, 120, 112, 104, 32, 80, 0, 56, 48, 24, 72, 16, 64, 88,
  104, 88, 56, 112, 96, 8, 24, 72, 40, 0, 120, 32, 64, 48, 16, 80,
  48, 120, 112, 72, 88, 24, 0, 64, 96, 16, 104, 56, 8, 32, 80, 40,
  80, 16, 64, 32, 56, 48, 8, 40, 120, 88, 72, 112, 24, 96, 104, 0,
  0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,
  112, 80, 32, 64, 72, 120, 104, 48, 8, 96, 0, 16, 88, 56, 40, 24,
]);
const SIGMA_END: usize = SIGMA + 192;

let total: u64 = 0;

/** The first eight bytes of the digest of bytes that are all here, as Dapr's ring reads them. */
export function blake2b64(start: usize, length: i32): u64 {
  begin();
  finish(start, length);
  return load<u64>(DIGEST);
}

export function begin(): void {
  total = 0;
  store<u64>(DIGEST, IV0 ^ PARAMETERS);
  store<u64>(DIGEST, IV1, 8);
  store<u64>(DIGEST, IV2, 16);
  store<u64>(DIGEST, IV3, 24);
  store<u64>(DIGEST, IV4, 32);
  store<u64>(DIGEST, IV5, 40);
  store<u64>(DIGEST, IV6, 48);
  store<u64>(DIGEST, IV7, 56);
}

/** Takes a chunk of whole blocks, which is not the last one. */
export function update(start: usize, length: i32): void {
  for (let at = start, end = start + length; at < end; at += BLOCK) {
    total += <u64>BLOCK;
    compress(at, 0);
  }
}

/** Takes the last chunk; the digest is then in DIGEST. Fills the rest of its last block with zeros. */
export function finish(start: usize, length: i32): void {
  let at = start;
  const end = start + length;
  for (; at + BLOCK < end; at += BLOCK) {
    total += <u64>BLOCK;
    compress(at, 0);
  }
  const rest = <i32>(end - at);
  memory.fill(end, 0, BLOCK - rest);
  total += <u64>rest;
  compress(at, -1);
}

function compress(block: usize, last: u64): void {
  let a0 = v128.load(DIGEST);
  let a1 = v128.load(DIGEST, 16);
  let b0 = v128.load(DIGEST, 32);
  let b1 = v128.load(DIGEST, 48);
  let c0 = i64x2(IV0, IV1);
  let c1 = i64x2(IV2, IV3);
  let d0 = v128.xor(i64x2(IV4, IV5), i64x2.replace_lane(i64x2.splat(0), 0, total));
  let d1 = v128.xor(i64x2(IV6, IV7), i64x2.replace_lane(i64x2.splat(0), 0, last));

  for (let s = SIGMA; s < SIGMA_END; s += 16) {
    a0 = i64x2.add(i64x2.add(a0, b0), words(block, s, 0, 2));
    a1 = i64x2.add(i64x2.add(a1, b1), words(block, s, 4, 6));
    d0 = rotate32(v128.xor(d0, a0));
    d1 = rotate32(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0);
    c1 = i64x2.add(c1, d1);
    b0 = rotate24(v128.xor(b0, c0));
    b1 = rotate24(v128.xor(b1, c1));
    a0 = i64x2.add(i64x2.add(a0, b0), words(block, s, 1, 3));
    a1 = i64x2.add(i64x2.add(a1, b1), words(block, s, 5, 7));
    d0 = rotate16(v128.xor(d0, a0));
    d1 = rotate16(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0);
    c1 = i64x2.add(c1, d1);
    b0 = rotate63(v128.xor(b0, c0));
    b1 = rotate63(v128.xor(b1, c1));

    // Columns become diagonals.
    let swap = b0;
    b0 = across(b0, b1);
    b1 = across(b1, swap);
    swap = c0;
    c0 = c1;
    c1 = swap;
    swap = d0;
    d0 = across(d1, d0);
    d1 = across(swap, d1);

    a0 = i64x2.add(i64x2.add(a0, b0), words(block, s, 8, 10));
    a1 = i64x2.add(i64x2.add(a1, b1), words(block, s, 12, 14));
    d0 = rotate32(v128.xor(d0, a0));
    d1 = rotate32(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0);
    c1 = i64x2.add(c1, d1);
    b0 = rotate24(v128.xor(b0, c0));
    b1 = rotate24(v128.xor(b1, c1));
    a0 = i64x2.add(i64x2.add(a0, b0), words(block, s, 9, 11));
    a1 = i64x2.add(i64x2.add(a1, b1), words(block, s, 13, 15));
    d0 = rotate16(v128.xor(d0, a0));
    d1 = rotate16(v128.xor(d1, a1));
    c0 = i64x2.add(c0, d0);
    c1 = i64x2.add(c1, d1);
    b0 = rotate63(v128.xor(b0, c0));
    b1 = rotate63(v128.xor(b1, c1));

    // And back.
    swap = b0;
    b0 = across(b1, b0);
    b1 = across(swap, b1);
    swap = c0;
    c0 = c1;
    c1 = swap;
    swap = d0;
    d0 = across(d0, d1);
    d1 = across(d1, swap);
  }

  v128.store(DIGEST, v128.xor(v128.load(DIGEST), v128.xor(a0, c0)));
  v128.store(DIGEST, v128.xor(v128.load(DIGEST, 16), v128.xor(a1, c1)), 16);
  v128.store(DIGEST, v128.xor(v128.load(DIGEST, 32), v128.xor(b0, d0)), 32);
  v128.store(DIGEST, v128.xor(v128.load(DIGEST, 48), v128.xor(b1, d1)), 48);
}

/** Two words of the block, by their places in the round's row. */
// @ts-ignore: decorator
@inline
function words(block: usize, row: usize, first: usize, second: usize): v128 {
  const low = v128.load64_zero(block + load<u8>(row + first));
  return v128.load_lane<u64>(block + load<u8>(row + second), low, 1);
}

/** The high half of one vector and the low half of the next. */
// @ts-ignore: decorator
@inline
function across(a: v128, b: v128): v128 {
  return v128.shuffle<u64>(a, b, 1, 2);
}

// @ts-ignore: decorator
@inline
function rotate32(v: v128): v128 {
  return v128.shuffle<u32>(v, v, 1, 0, 3, 2);
}

// @ts-ignore: decorator
@inline
function rotate24(v: v128): v128 {
  return v128.shuffle<u8>(v, v, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10);
}

// @ts-ignore: decorator
@inline
function rotate16(v: v128): v128 {
  return v128.shuffle<u8>(v, v, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9);
}

// @ts-ignore: decorator
@inline
function rotate63(v: v128): v128 {
  return v128.or(i64x2.add(v, v), i64x2.shr_u(v, 63));
}
