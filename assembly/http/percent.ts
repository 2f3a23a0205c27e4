const PERCENT: u8 = 0x25;
const PLUS: u8 = 0x2b;
const SPACE: u8 = 0x20;

/** The value of a hexadecimal digit of either case, or -1. */
export function hexDigit(byte: u8): i32 {
  const digit = <i32>byte - 0x30;
  if (<u32>digit < 10) return digit;
  const letter = (<i32>byte | 0x20) - 0x61;
  return <u32>letter < 6 ? letter + 10 : -1;
}

/**
 * Resolves percent escapes, and `+` to a space where `query` says so. Answers the length written, or -1 for an
 * escape that is cut off or not hexadecimal, and for text that is not UTF-8 once decoded: a lossy decoder would
 * make one key of two. The target may be the source: it never overtakes it.
 */
export function unescape(source: usize, length: i32, target: usize, query: bool): i32 {
  const end = source + length;
  let write = target;
  let wide = false;
  for (let read = source; read < end; read++) {
    let byte = load<u8>(read);
    if (byte == PERCENT) {
      if (read + 2 >= end) return -1;
      const value = (hexDigit(load<u8>(read, 1)) << 4) | hexDigit(load<u8>(read, 2));
      if (value < 0) return -1;
      byte = <u8>value;
      read += 2;
    } else if (byte == PLUS && query) {
      byte = SPACE;
    }
    if (byte >= 0x80) wide = true;
    store<u8>(write++, byte);
  }
  const size = <i32>(write - target);
  return wide && !isUtf8(target, size) ? -1 : size;
}

/** True when the bytes are UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
export function isUtf8(start: usize, length: i32): bool {
  const end = start + length;
  let at = start;
  while (at < end) {
    const lead = load<u8>(at);
    if (lead < 0x80) {
      at++;
      continue;
    }
    const size = sequence(at, end);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

/** Bytes of the multi-byte sequence that begins here, or 0 when it is not one. */
export function sequence(at: usize, end: usize): i32 {
  const lead = <u32>load<u8>(at);
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + size > end) return 0;
  const second = <u32>load<u8>(at, 1);
  const low: u32 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const high: u32 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < size; i++) if ((load<u8>(at + i) & 0xc0) != 0x80) return 0;
  return size;
}
