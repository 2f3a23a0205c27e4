import { DIGEST } from "../memory";
import { IV0, IV1, IV2, IV3, IV4, IV5, IV6, IV7, SIGMA, SIGMA_END } from "./blake2b-constants";

/** Mixes a block into DIGEST; `total` bytes have come with it, and `last` is -1 in the last one. */
export function compressVectors(block: usize, total: u64, last: u64): void {
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
