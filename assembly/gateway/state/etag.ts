import { digitOf, hex } from "../store/names";

/** Digits of an ETag. */
export const ETAG_LENGTH: i32 = 16;

/** Writes a version as the ETag that callers see. */
export function putETag(to: usize, version: u64): usize {
  hex(to, version, ETAG_LENGTH);
  return to + ETAG_LENGTH;
}

/** The version that an ETag stands for; 0, which no item has, for a text that this store never gave. */
export function versionOf(text: usize, length: i32): u64 {
  if (length != ETAG_LENGTH) return 0;
  let version: u64 = 0;
  for (let i: usize = 0; i < 16; i++) {
    const digit = digitOf(load<u8>(text + i));
    if (digit < 0) return 0;
    version = (version << 4) | <u64>digit;
  }
  return version;
}
