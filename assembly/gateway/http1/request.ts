import { put as write } from "../text";
import { isText, isToken, isVisible, writeDecimal } from "./bytes";
import { PLAIN, kindOf } from "./fields";
import { MOST_HEAD, MOST_NAME, OUTPUT, OUTPUT_SIZE } from "./limits";

/** How the end of a request's body is told, besides a number of bytes. */
export const NO_BODY: i64 = -1;
export const CHUNKED: i64 = -2;

/** Before a part of a chunked body, its size and a line's end; behind it, another end, and the last chunk. */
const SIZE_DIGITS: usize = 6;
const BEFORE_CHUNK: usize = SIZE_DIGITS + 2;
const AFTER_CHUNK: usize = 7;

/** A request as it is written. What is to be sent lies from `from` to `to` in OUTPUT. */
@unmanaged
export class Writing {
  from: usize;
  to: usize;
  /** NO_BODY, CHUNKED, or how many bytes are still to come. */
  framing: i64;
  /** The last chunk is written. */
  trailing: bool;
}

export const writing: Writing = changetype<Writing>(memory.data(offsetof<Writing>(), 8));

/** Begins a request with its first line and its host. False for what would not be one line. */
export function begin(
  method: usize,
  methodSize: usize,
  target: usize,
  targetSize: usize,
  host: usize,
  hostSize: usize,
): bool {
  const w = writing;
  w.from = w.to = OUTPUT;
  w.trailing = false;
  if (methodSize + targetSize + hostSize > MOST_HEAD - 64) return false;
  if (!isToken(method, method + methodSize)) return false;
  if (!isVisible(target, target + targetSize) || !isVisible(host, host + hostSize)) return false;
  put(method, methodSize);
  w.to = write(w.to, " ");
  put(target, targetSize);
  w.to = write(w.to, " HTTP/1.1\r\nhost: ");
  put(host, hostSize);
  w.to = write(w.to, "\r\n");
  return true;
}

/** Adds a field, unless it is one that says how this message is framed or where it goes. False: it cannot be sent. */
export function add(name: usize, nameSize: usize, value: usize, valueSize: usize): bool {
  const w = writing;
  if (kindOf(name, nameSize) != PLAIN) return true;
  if (nameSize > MOST_NAME || w.to - OUTPUT + nameSize + valueSize > MOST_HEAD - 64) return false;
  if (!isToken(name, name + nameSize) || !isText(value, value + valueSize)) return false;
  put(name, nameSize);
  w.to = write(w.to, ": ");
  put(value, valueSize);
  w.to = write(w.to, "\r\n");
  return true;
}

/** Ends the head. */
export function endHead(framing: i64): void {
  const w = writing;
  w.framing = framing;
  if (framing == CHUNKED) {
    w.to = write(w.to, "transfer-encoding: chunked\r\n");
  } else if (framing >= 0) {
    w.to = writeDecimal(write(w.to, "content-length: "), framing);
    w.to = write(w.to, "\r\n");
  }
  w.to = write(w.to, "\r\n");
}

/** Where the next part of the body goes, behind what is not sent yet. */
export function part(): usize {
  return writing.framing == CHUNKED ? writing.to + BEFORE_CHUNK : writing.to;
}

/** How many bytes it may have. */
export function partSpace(): usize {
  const free = OUTPUT + OUTPUT_SIZE - writing.to;
  const frame = writing.framing == CHUNKED ? BEFORE_CHUNK + AFTER_CHUNK : 0;
  return free > frame ? free - frame : 0;
}

/** Frames what was put there. False: it is more than was announced. */
export function addPart(size: usize): bool {
  const w = writing;
  if (size == 0) return true;
  if (w.framing != CHUNKED) {
    if (w.framing < <i64>size) return false;
    w.framing -= size;
    w.to += size;
    return true;
  }
  hex(w.to, <u32>size);
  w.to = write(write(w.to + SIZE_DIGITS, "\r\n") + size, "\r\n");
  return true;
}

/** Begins what may stand behind a chunked body: fields, as in a head. */
export function beginTrailers(): void {
  const w = writing;
  if (w.framing != CHUNKED || w.trailing) return;
  w.to = write(w.to, "0\r\n");
  w.trailing = true;
}

/** Ends the body. False: it is less than was announced. */
export function endBody(): bool {
  beginTrailers();
  const w = writing;
  if (w.framing == CHUNKED) w.to = write(w.to, "\r\n");
  return w.framing <= 0;
}

/** Tells how much of it was sent. */
export function sent(size: usize): void {
  const w = writing;
  w.from += size;
  if (w.from == w.to) w.from = w.to = OUTPUT;
}

function put(from: usize, size: usize): void {
  memory.copy(writing.to, from, size);
  writing.to += size;
}

function hex(at: usize, value: u32): void {
  for (let i = at + SIZE_DIGITS; i > at; value >>= 4) {
    const digit = <u8>(value & 15);
    store<u8>(--i, digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
}
