import { skipPlain } from "../text/plain";
import { sequence } from "../text/utf8";

/** Output bytes that one input byte takes at most. */
export const GROWTH: i32 = 6;

const BACKSLASH: u8 = 0x5c;

// Where the last call stopped: before a sequence that the end of the chunk cut.
let read: usize = 0;

/**
 * Writes text as the inside of a JSON string and answers the length written. A byte that is not UTF-8 becomes
 * U+FFFD, each on its own, as in Go. Unless it is the last chunk, a sequence that may go on is left unread.
 */
export function escape(source: usize, length: i32, target: usize, last: bool): i32 {
  const end = source + length;
  let at = source;
  let write = target;
  while (at < end) {
    const stop = skipPlain(at, end);
    memory.copy(write, at, stop - at);
    write += stop - at;
    at = stop;
    if (at == end) break;

    const byte = load<u8>(at);
    if (byte < 0x80) {
      write = escapeByte(byte, write);
      at++;
      continue;
    }
    const size = sequence(at, end);
    if (size) {
      memory.copy(write, at, size);
      write += size;
      at += size;
      continue;
    }
    if (!last && end - at < 4) break;
    // U+FFFD
    store<u16>(write, 0xbfef);
    store<u8>(write, 0xbd, 2);
    write += 3;
    at++;
  }
  read = at;
  return <i32>(write - target);
}

/** How many bytes the last call of {@link escape} read. */
export function escaped(source: usize): i32 {
  return <i32>(read - source);
}

function escapeByte(byte: u8, write: usize): usize {
  store<u8>(write, BACKSLASH);
  let letter: u8 = 0;
  if (byte == 0x22 || byte == 0x5c) letter = byte;
  else if (byte == 0x0a) letter = 0x6e;
  else if (byte == 0x0d) letter = 0x72;
  else if (byte == 0x09) letter = 0x74;
  else if (byte == 0x08) letter = 0x62;
  else if (byte == 0x0c) letter = 0x66;
  if (letter) {
    store<u8>(write, letter, 1);
    return write + 2;
  }
  // "u00", little-endian
  store<u8>(write, 0x75, 1);
  store<u16>(write, 0x3030, 2);
  store<u8>(write, 0x30 + (byte >> 4), 4);
  const low = byte & 15;
  store<u8>(write, low < 10 ? 0x30 + low : 0x57 + low, 5);
  return write + 6;
}
