/**
 * Text as bytes in memory. A literal is static data: none of this allocates, and of literals only ASCII is used. What
 * writes text answers where it ends.
 */
import { lower } from "../access/pattern";

/** A letter of a literal, of which the build may have made one byte each. */
// @ts-ignore: decorator
@inline
export function letter(literal: string, index: i32): u8 {
  // @ts-ignore: defined by the build
  return load<u8>(changetype<usize>(literal) + (<usize>index << LITERAL_SHIFT));
}

/** Writes a literal. */
export function put(to: usize, literal: string): usize {
  const length = literal.length;
  for (let i = 0; i < length; i++) store<u8>(to + i, letter(literal, i));
  return to + length;
}

// @ts-ignore: decorator
@inline
export function copy(to: usize, from: usize, length: i32): usize {
  memory.copy(to, from, length);
  return to + length;
}

/** Writes a number of at most twenty digits. */
export function putNumber(to: usize, value: u64): usize {
  let digits = 1;
  for (let rest = value / 10; rest; rest /= 10) digits++;
  for (let at = to + digits; at > to; value /= 10) store<u8>(--at, <u8>(0x30 + (value % 10)));
  return to + digits;
}

/** Writes a point and as many digits as the unit has zeros, and one. */
export function putFraction(to: usize, value: u64, unit: u64): usize {
  store<u8>(to++, 0x2e);
  for (; unit; unit /= 10) store<u8>(to++, <u8>(0x30 + ((value / unit) % 10)));
  return to;
}

/** Writes 16 digits. */
export function putHex(to: usize, value: u64): usize {
  for (let shift = 60; shift >= 0; shift -= 4) {
    const digit = <u8>((value >> shift) & 15);
    store<u8>(to++, digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
  return to;
}

export function same(a: usize, aLength: i32, b: usize, bLength: i32): bool {
  return aLength == bLength && memory.compare(a, b, aLength) == 0;
}

/** True where the bytes are this literal. */
export function is(at: usize, length: i32, literal: string): bool {
  return length == literal.length && begins(at, length, literal);
}

export function begins(at: usize, length: i32, literal: string): bool {
  const wanted = literal.length;
  if (length < wanted) return false;
  for (let i = 0; i < wanted; i++) {
    if (load<u8>(at + i) != letter(literal, i)) return false;
  }
  return true;
}

/** True where the bytes there are this literal in lower case, whatever their own case. */
export function isLowered(at: usize, literal: string): bool {
  for (let i = 0; i < literal.length; i++) {
    if (lower(load<u8>(at + i)) != letter(literal, i)) return false;
  }
  return true;
}

/** Where a byte is first, or `end`. */
export function indexOf(at: usize, end: usize, byte: u8): usize {
  while (at < end && load<u8>(at) != byte) at++;
  return at;
}
