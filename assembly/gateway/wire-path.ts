/** Bytes that writing text takes at most, for each of its own. */
export const ENCODED_GROWTH: i32 = 3;

function isPlain(byte: u8, inSegment: bool): bool {
  if (<u32>((byte | 0x20) - 0x61) < 26 || <u32>(byte - 0x30) < 10) return true;
  switch (byte) {
    case 0x2d: // -
    case 0x2e: // .
    case 0x5f: // _
    case 0x7e: // ~
    case 0x21: // !
    case 0x27: // '
    case 0x28: // (
    case 0x29: // )
    case 0x2a: // *
      return true;
    case 0x24: // $
    case 0x26: // &
    case 0x2b: // +
    case 0x2c: // ,
    case 0x3b: // ;
    case 0x3d: // =
    case 0x3a: // :
    case 0x40: // @
    case 0x2f: // /
      return !inSegment;
    default:
      return false;
  }
}

const DOT: u8 = 0x2e;

/** `.` and `..` lead elsewhere as segments, unless they are escaped. */
function isDots(text: usize, length: i32): bool {
  return length > 0 && length < 3 && load<u8>(text) == DOT && load<u8>(text + length - 1) == DOT;
}

/** Writes text as a path, or as one segment of one; decoded once it is the text again. */
export function encode(to: usize, text: usize, length: i32, inSegment: bool): usize {
  const plainly = !inSegment || !isDots(text, length);
  for (let at = text, end = text + length; at < end; at++) {
    const byte = load<u8>(at);
    if (plainly && isPlain(byte, inSegment)) {
      store<u8>(to++, byte);
      continue;
    }
    store<u8>(to, 0x25);
    store<u8>(to, hex(byte >> 4), 1);
    store<u8>(to, hex(byte & 15), 2);
    to += 3;
  }
  return to;
}

// @ts-ignore: decorator
@inline
function hex(digit: u8): u8 {
  return digit < 10 ? 0x30 + digit : 0x37 + digit;
}
