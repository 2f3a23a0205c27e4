/** Strings of JSON that is known to be valid. */
import { is } from "./text";

const BACKSLASH: u8 = 0x5c;
const COMMA: u8 = 0x2c;
const BRACE_END: u8 = 0x7d;

/** Writes the text of a string's inside (without its quotes) and answers its length: never more than that of the inside. */
export function unescapeText(at: usize, end: usize, to: usize): i32 {
  let write = to;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte != BACKSLASH) {
      store<u8>(write++, byte);
      at++;
      continue;
    }
    const letter = load<u8>(at, 1);
    at += 2;
    if (letter != 0x75) {
      store<u8>(write++, meaning(letter));
      continue;
    }
    let point = fourDigits(at);
    at += 4;
    const isHigh = point >= 0xd800 && point < 0xdc00;
    if (isHigh && at + 6 <= end && load<u16>(at) == 0x755c) {
      const low = fourDigits(at + 2);
      if (low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      }
    }
    // Half of a pair has no UTF-8: it becomes its replacement, as in Go.
    if (point >= 0xd800 && point < 0xe000) point = 0xfffd;
    write = putPoint(write, point);
  }
  return <i32>(write - to);
}

function meaning(letter: u8): u8 {
  switch (letter) {
    case 0x6e:
      return 0x0a;
    case 0x74:
      return 0x09;
    case 0x72:
      return 0x0d;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    default:
      return letter;
  }
}

function fourDigits(at: usize): u32 {
  let value: u32 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const byte = <u32>load<u8>(at + i);
    value = (value << 4) | (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return value;
}

function putPoint(at: usize, point: u32): usize {
  if (point < 0x80) {
    store<u8>(at, <u8>point);
    return at + 1;
  }
  if (point < 0x800) {
    store<u8>(at, <u8>(0xc0 | (point >> 6)));
    store<u8>(at, <u8>(0x80 | (point & 63)), 1);
    return at + 2;
  }
  if (point < 0x10000) {
    store<u8>(at, <u8>(0xe0 | (point >> 12)));
    store<u8>(at, <u8>(0x80 | ((point >> 6) & 63)), 1);
    store<u8>(at, <u8>(0x80 | (point & 63)), 2);
    return at + 3;
  }
  store<u8>(at, <u8>(0xf0 | (point >> 18)));
  store<u8>(at, <u8>(0x80 | ((point >> 12) & 63)), 1);
  store<u8>(at, <u8>(0x80 | ((point >> 6) & 63)), 2);
  store<u8>(at, <u8>(0x80 | (point & 63)), 3);
  return at + 4;
}

/** The first byte at or behind `at` that is no white space. */
export function skipSpace(at: usize): usize {
  while (load<u8>(at) <= 0x20) at++;
  return at;
}

/** Where the value that begins at `at` ends. */
export function skipValue(at: usize): usize {
  const first = load<u8>(at);
  if (first == 0x22) return skipString(at);
  if (first != 0x7b && first != 0x5b) {
    // A number, true, false or null ends where a comma, a bracket or space is.
    while (true) {
      const byte = load<u8>(++at);
      if (byte <= 0x20 || byte == 0x2c || byte == 0x5d || byte == 0x7d) return at;
    }
  }
  let depth = 0;
  do {
    const byte = load<u8>(at);
    if (byte == 0x22) {
      at = skipString(at);
      continue;
    }
    if (byte == 0x7b || byte == 0x5b) depth++;
    else if (byte == 0x7d || byte == 0x5d) depth--;
    at++;
  } while (depth);
  return at;
}

function skipString(at: usize): usize {
  while (true) {
    const byte = load<u8>(++at);
    if (byte == 0x22) return at + 1;
    if (byte == BACKSLASH) at++;
  }
}

/** Where the element, or member, behind the one that begins at `at` begins; or what ends them all. */
export function skipElement(at: usize): usize {
  const next = skipSpace(skipValue(at));
  return load<u8>(next) == COMMA ? skipSpace(next + 1) : next;
}

/** Where the value of an object's last member of this name begins; 0: it has none. */
export function memberOf(object: usize, name: string): usize {
  let found: usize = 0;
  let at = skipSpace(object + 1);
  while (load<u8>(at) != BRACE_END) {
    const named = skipValue(at);
    const value = skipSpace(skipSpace(named) + 1);
    if (is(at + 1, <i32>(named - at) - 2, name)) found = value;
    at = skipElement(value);
  }
  return found;
}
