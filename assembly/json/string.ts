import { hexDigit } from "../http/percent";
import { skipPlain } from "../text/plain";
import { sequence } from "../text/utf8";
import { BAD_ESCAPE, BAD_UTF8, CONTROL_IN_STRING } from "./fault";
import { appendName, appendUnit } from "./name";

/** What the next byte belongs to: the text, an escape, or a sequence that the end of a chunk cut. */
const TEXT: i32 = 0;
const ESCAPE: i32 = 1;
const UNICODE: i32 = 2;
const SEQUENCE: i32 = 3;

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;

/** What `\b`, `\t`, … stand for: pairs of letter and character. */
const ESCAPES: usize = memory.data<u8>([0x62, 8, 0x74, 9, 0x6e, 10, 0x66, 12, 0x72, 13, 0x22, 0x22, 0x5c, 0x5c, 0x2f, 0x2f]);
const ESCAPES_END: usize = ESCAPES + 16;

let part: i32 = TEXT;
let kept: bool = false;
let ended: bool = false;
let escaped: bool = false;
let unit: i32 = 0;
let digits: i32 = 0;
/** The bounds of a sequence's next byte, and how many bytes are left of it. */
let low: u8 = 0;
let high: u8 = 0;
let left: i32 = 0;

/** A string begins after its quote. `keep`: it is a name that somebody wants to know. */
export function stringBegins(keep: bool): void {
  part = TEXT;
  kept = keep;
  ended = false;
  escaped = false;
}

/** Reads on, and answers how many bytes were taken, or the fault of the first byte. */
export function stringTakes(at: usize, end: usize): i32 {
  if (part != TEXT) return inside(at);
  const stop = skipPlain(at, end);
  if (kept) appendName(at, stop);
  if (stop < end && load<u8>(stop) == QUOTE) {
    ended = true;
    return <i32>(stop - at) + 1;
  }
  // What stopped the run is looked at when it is first, so that a fault has its place.
  return stop > at ? <i32>(stop - at) : special(at, end);
}

/** True once the closing quote is taken. */
export function stringEnded(): bool {
  return ended;
}

export function stringEscaped(): bool {
  return escaped;
}

/** A byte that is neither plain nor a quote. */
function special(at: usize, end: usize): i32 {
  const byte = load<u8>(at);
  if (byte == BACKSLASH) {
    escaped = true;
    part = ESCAPE;
    return 1;
  }
  if (byte < 0x20) return CONTROL_IN_STRING;
  const size = sequence(at, end);
  if (size) {
    if (kept) appendName(at, at + size);
    return size;
  }
  // Not whole: either it is cut by the end of the chunk, which the bytes to come decide, or it is wrong.
  if (end - at >= 4 || byte < 0xc2 || byte > 0xf4) return BAD_UTF8;
  left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
  high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
  if (kept) appendName(at, at + 1);
  part = SEQUENCE;
  return 1;
}

/** A byte of an escape or of a cut sequence. */
function inside(at: usize): i32 {
  const byte = load<u8>(at);
  if (part == SEQUENCE) {
    if (byte < low || byte > high) return BAD_UTF8;
    low = 0x80;
    high = 0xbf;
    if (kept) appendName(at, at + 1);
    if (--left == 0) part = TEXT;
    return 1;
  }
  if (part == UNICODE) {
    const digit = hexDigit(byte);
    if (digit < 0) return BAD_ESCAPE;
    unit = (unit << 4) | digit;
    if (++digits < 4) return 1;
    if (kept) appendUnit(unit);
    part = TEXT;
    return 1;
  }
  if (byte == 0x75) {
    unit = 0;
    digits = 0;
    part = UNICODE;
    return 1;
  }
  for (let pair = ESCAPES; pair < ESCAPES_END; pair += 2) {
    if (load<u8>(pair) != byte) continue;
    if (kept) appendUnit(load<u8>(pair, 1));
    part = TEXT;
    return 1;
  }
  return BAD_ESCAPE;
}
