/** Which bytes may stand where in a message, and text that is compared with them. */
import { letter } from "../text";

export const TAB: u8 = 0x09;
export const LF: u8 = 0x0a;
export const CR: u8 = 0x0d;
export const SPACE: u8 = 0x20;
export const COMMA: u8 = 0x2c;
export const COLON: u8 = 0x3a;
export const SEMICOLON: u8 = 0x3b;

/** One bit for each ASCII character that a name or a method is made of: `!#$%&'*+-.^_|~`, backquotes, digits, letters. */
const TOKEN_LOW: u64 = 0x03ff_6cfa_0000_0000;
const TOKEN_HIGH: u64 = 0x57ff_ffff_c7ff_fffe;

export function isToken(at: usize, end: usize): bool {
  if (at == end) return false;
  while (at < end) {
    const byte = load<u8>(at++);
    if (byte >= 0x80) return false;
    const set = byte < 64 ? TOKEN_LOW : TOKEN_HIGH;
    if (((set >> (byte & 63)) & 1) == 0) return false;
  }
  return true;
}

/** Whether a value or a reason may be these bytes: no control but the tab. */
export function isText(at: usize, end: usize): bool {
  while (at < end) {
    const byte = load<u8>(at++);
    if ((byte < SPACE && byte != TAB) || byte == 0x7f) return false;
  }
  return true;
}

/** What stands in the first line of a request besides the method: visible ASCII. */
export function isVisible(at: usize, end: usize): bool {
  if (at == end) return false;
  while (at < end) {
    const byte = load<u8>(at++);
    if (byte <= SPACE || byte >= 0x7f) return false;
  }
  return true;
}

/** Whether the bytes are this lower-case text, in either case. The text has no control characters. */
export function is(at: usize, end: usize, text: string): bool {
  const length = <usize>text.length;
  if (end - at != length) return false;
  for (let i: usize = 0; i < length; i++) {
    const expected = letter(text, <i32>i);
    const byte = load<u8>(at + i);
    if (byte != expected && !(isLetter(byte) && (byte | 0x20) == expected)) return false;
  }
  return true;
}

/** Whether two names are the same, in either case. */
export function same(one: usize, oneEnd: usize, other: usize, otherEnd: usize): bool {
  const length = oneEnd - one;
  if (length != otherEnd - other) return false;
  for (let i: usize = 0; i < length; i++) {
    const a = load<u8>(one + i);
    const b = load<u8>(other + i);
    if (a != b && !(isLetter(a) && (a ^ b) == 0x20)) return false;
  }
  return true;
}

/** Names mean the same in either case; from then on they are the same. */
export function toLower(at: usize, end: usize): void {
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (<u8>(byte - 0x41) < 26) store<u8>(at, byte | 0x20);
  }
}

/** The number that decimal digits alone make, or -1: anything else, or more than 18 of them. */
export function decimal(at: usize, end: usize): i64 {
  if (at == end || end - at > 18) return -1;
  let value: i64 = 0;
  while (at < end) {
    const digit = <i64>load<u8>(at++) - 0x30;
    if (<u64>digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Writes a number in decimal, and answers where it ends. */
export function writeDecimal(at: usize, value: u64): usize {
  let size: usize = 1;
  for (let rest = value; rest > 9; rest /= 10) size++;
  for (let i = at + size; i > at; value /= 10) store<u8>(--i, <u8>(0x30 + (value % 10)));
  return at + size;
}

// @ts-ignore: decorator
@inline
function isLetter(byte: u8): bool {
  return <u8>((byte | 0x20) - 0x61) < 26;
}
