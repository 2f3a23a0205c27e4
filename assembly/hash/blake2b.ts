import { DIGEST } from "../memory";
import { IV0, IV1, IV2, IV3, IV4, IV5, IV6, IV7 } from "./blake2b-constants";
import { compressVectors } from "./blake2b-vectors";
import { compressWords } from "./blake2b-words";

/** Bytes of one block; all chunks but the last are a multiple of it, and what follows the last is ours to fill. */
export const BLOCK: i32 = 128;

/** A digest of 64 bytes, no key, one leaf. */
const PARAMETERS: u64 = 0x01010040;

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

// @ts-ignore: decorator
@inline
function compress(block: usize, last: u64): void {
  if (ASC_FEATURE_SIMD) compressVectors(block, total, last);
  else compressWords(block, total, last);
}
