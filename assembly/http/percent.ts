import { isUtf8 } from "../text/utf8";

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
