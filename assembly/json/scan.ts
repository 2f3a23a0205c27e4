import { DEPTH, INBOX, MAX_DEPTH, answer } from "../memory";
import { hexDigit } from "../http/percent";
import { skipPlain } from "../text/plain";
import { sequence } from "../text/utf8";
import * as Fault from "./fault";
import { ARRAY, NULL, OBJECT, SCALAR, STRING } from "./fields";
import { appendName, appendUnit, beginName } from "./name";
import { isNumberComplete, numberBegins, numberTakes } from "./number";
import * as Shape from "./shape";

/** What the next byte may be. The first seven skip whitespace. */
const AWAIT_VALUE: i32 = 0;
const AWAIT_ELEMENT: i32 = 1;
const AWAIT_FIRST_NAME: i32 = 2;
const AWAIT_NAME: i32 = 3;
const AWAIT_COLON: i32 = 4;
const AWAIT_COMMA: i32 = 5;
const AWAIT_END: i32 = 6;
const IN_STRING: i32 = 7;
const IN_ESCAPE: i32 = 8;
const IN_UNICODE: i32 = 9;
const IN_SEQUENCE: i32 = 10;
const IN_NUMBER: i32 = 11;
const IN_LITERAL: i32 = 12;

const TRUE: usize = memory.data<u8>([0x74, 0x72, 0x75, 0x65, 0]);
const FALSE: usize = memory.data<u8>([0x66, 0x61, 0x6c, 0x73, 0x65, 0]);
const NULL_TEXT: usize = memory.data<u8>([0x6e, 0x75, 0x6c, 0x6c, 0]);
/** What `\b`, `\t`, … stand for: pairs of letter and character. */
const ESCAPES: usize = memory.data<u8>([0x62, 8, 0x74, 9, 0x6e, 10, 0x66, 12, 0x72, 13, 0x22, 0x22, 0x5c, 0x5c, 0x2f, 0x2f]);

let state: i32 = AWAIT_VALUE;
let depth: i32 = 0;
let inObject: bool = false;
/** Where the chunk stands in the body, and how far it is read. */
let base: u32 = 0;
let position: usize = INBOX;

let isName: bool = false;
let isKept: bool = false;
let stringStart: u32 = 0;
let flags: i32 = 0;
let unit: i32 = 0;
let digits: i32 = 0;
/** The bounds of a sequence's next byte, and how many are left: it may be cut by the end of a chunk. */
let low: u8 = 0;
let high: u8 = 0;
let left: i32 = 0;
let literal: usize = 0;

/** Begins a body. */
export function begin(shape: i32): void {
  state = AWAIT_VALUE;
  depth = 0;
  inObject = false;
  base = 0;
  isKept = false;
  position = INBOX;
  Shape.beginShape(shape);
}

/**
 * Reads the next chunk, or with `length` -1 what is left of the one before. Answers 0 when it is read, 1 when the
 * marks must be taken first, or a fault. The answer's words: number of marks, place of a fault.
 */
export function feed(length: i32, last: bool): i32 {
  if (length >= 0) {
    base += <u32>(position - INBOX);
    position = INBOX;
    chunkEnd = INBOX + length;
  }
  let status = run(chunkEnd);
  if (status == 0 && last) status = finish();
  answer(0, Shape.takeMarks());
  answer(1, <i32>offset(position));
  return status;
}

let chunkEnd: usize = INBOX;

function finish(): i32 {
  if (state == IN_NUMBER && depth == 0 && isNumberComplete()) state = AWAIT_END;
  return state == AWAIT_END ? 0 : Fault.CUT_OFF;
}

// @ts-ignore: decorator
@inline
function offset(at: usize): u32 {
  return base + <u32>(at - INBOX);
}

function run(end: usize): i32 {
  let at = position;
  let status = 0;
  while (at < end) {
    const byte = load<u8>(at);
    if (state < IN_STRING) {
      if (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09) {
        at++;
        continue;
      }
      if (Shape.marksFull()) {
        status = Fault.MORE_MARKS;
        break;
      }
      status = structural(byte, at);
      if (status) break;
      at++;
      continue;
    }
    if (state == IN_STRING) {
      const stop = skipPlain(at, end);
      if (isKept) appendName(at, stop);
      at = stop;
      if (at == end) break;
      const size = inString(at, end);
      if (size < 0) {
        status = size;
        break;
      }
      at += size;
      continue;
    }
    if (state == IN_NUMBER) {
      const taken = numberTakes(byte);
      if (taken < 0) {
        status = taken;
        break;
      }
      if (taken) at++;
      else valueEnded(at);
      continue;
    }
    status = inside(byte, at);
    if (status) break;
    at++;
  }
  position = at;
  return status;
}

/** A byte between values. */
function structural(byte: u8, at: usize): i32 {
  switch (state) {
    case AWAIT_ELEMENT:
      if (byte == 0x5d) return close(at);
      return value(byte, at);
    case AWAIT_VALUE:
      return value(byte, at);
    case AWAIT_FIRST_NAME:
      if (byte == 0x7d) return close(at);
    case AWAIT_NAME:
      if (byte != 0x22) return Fault.EXPECTED_NAME;
      openString(at, true);
      return 0;
    case AWAIT_COLON:
      if (byte != 0x3a) return Fault.EXPECTED_COLON;
      state = AWAIT_VALUE;
      return 0;
    case AWAIT_COMMA:
      if (byte == 0x2c) {
        state = inObject ? AWAIT_NAME : AWAIT_VALUE;
        return 0;
      }
      return byte == (inObject ? 0x7d : 0x5d) ? close(at) : Fault.EXPECTED_COMMA;
    default:
      return Fault.EXPECTED_END;
  }
}

/** The first byte of a value. */
function value(byte: u8, at: usize): i32 {
  let type = SCALAR;
  if (byte == 0x22) type = STRING;
  else if (byte == 0x7b) type = OBJECT;
  else if (byte == 0x5b) type = ARRAY;
  else if (byte == 0x6e) type = NULL;
  else if (byte == 0x74) literal = TRUE;
  else if (byte == 0x66) literal = FALSE;
  else if (!numberBegins(byte)) return Fault.EXPECTED_VALUE;
  if (Shape.isFollowed()) {
    const refused = Shape.valueBegins(type, offset(at));
    if (refused) return refused;
  }
  flags = 0;
  if (type == STRING) {
    openString(at, false);
  } else if (type == SCALAR) {
    const isLiteral = byte >= 0x66;
    if (isLiteral) literal++;
    state = isLiteral ? IN_LITERAL : IN_NUMBER;
  } else if (type == NULL) {
    literal = NULL_TEXT + 1;
    state = IN_LITERAL;
  } else {
    return open(type == OBJECT);
  }
  return 0;
}

function open(object: bool): i32 {
  if (depth == MAX_DEPTH) return Fault.TOO_DEEP;
  // A bit for each container: depth is below MAX_DEPTH, so the byte is inside DEPTH.
  const slot = DEPTH + <usize>(depth >> 3);
  const bit = <u8>1 << <u8>(depth & 7);
  store<u8>(slot, inObject ? load<u8>(slot) | bit : load<u8>(slot) & ~bit);
  depth++;
  if (Shape.isFollowed()) Shape.containerOpens(depth);
  inObject = object;
  state = object ? AWAIT_FIRST_NAME : AWAIT_ELEMENT;
  return 0;
}

function close(at: usize): i32 {
  depth--;
  inObject = (load<u8>(DEPTH + <usize>(depth >> 3)) & (<u8>1 << <u8>(depth & 7))) != 0;
  state = depth ? AWAIT_COMMA : AWAIT_END;
  return Shape.containerCloses(depth, offset(at) + 1);
}

function valueEnded(end: usize): void {
  state = depth ? AWAIT_COMMA : AWAIT_END;
  if (Shape.isFollowed()) Shape.valueEnds(offset(end), flags);
}

function openString(at: usize, name: bool): void {
  isName = name;
  isKept = name && Shape.isFollowed();
  if (isKept) beginName();
  stringStart = offset(at);
  flags = 0;
  state = IN_STRING;
}

/** The byte that ended a plain run. Answers how many bytes are done with, or a fault. */
function inString(at: usize, end: usize): i32 {
  const byte = load<u8>(at);
  if (byte == 0x22) {
    if (!isName) {
      valueEnded(at + 1);
      return 1;
    }
    state = AWAIT_COLON;
    const refused = isKept ? Shape.nameEnds(stringStart, offset(at) + 1, flags) : 0;
    isKept = false;
    return refused < 0 ? refused : 1;
  }
  if (byte == 0x5c) {
    flags = Shape.ESCAPED;
    state = IN_ESCAPE;
    return 1;
  }
  if (byte < 0x20) return Fault.CONTROL_IN_STRING;
  const size = sequence(at, end);
  if (size) {
    if (isKept) appendName(at, at + size);
    return size;
  }
  // Not whole: either it is cut by the end of the chunk, which the bytes that are there decide, or it is wrong.
  if (end - at >= 4 || byte < 0xc2 || byte > 0xf4) return Fault.BAD_UTF8;
  left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
  high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
  if (isKept) appendName(at, at + 1);
  state = IN_SEQUENCE;
  return 1;
}

/** A byte inside an escape, a cut sequence or a literal. */
function inside(byte: u8, at: usize): i32 {
  if (state == IN_ESCAPE) {
    if (byte == 0x75) {
      unit = 0;
      digits = 0;
      state = IN_UNICODE;
      return 0;
    }
    for (let i: usize = 0; i < 16; i += 2) {
      if (load<u8>(ESCAPES + i) != byte) continue;
      if (isKept) appendUnit(load<u8>(ESCAPES + i, 1));
      state = IN_STRING;
      return 0;
    }
    return Fault.BAD_ESCAPE;
  }
  if (state == IN_UNICODE) {
    const digit = hexDigit(byte);
    if (digit < 0) return Fault.BAD_ESCAPE;
    unit = (unit << 4) | digit;
    if (++digits < 4) return 0;
    if (isKept) appendUnit(unit);
    state = IN_STRING;
    return 0;
  }
  if (state == IN_SEQUENCE) {
    if (byte < low || byte > high) return Fault.BAD_UTF8;
    low = 0x80;
    high = 0xbf;
    if (isKept) appendName(at, at + 1);
    if (--left == 0) state = IN_STRING;
    return 0;
  }
  if (byte != load<u8>(literal)) return Fault.BAD_LITERAL;
  if (load<u8>(++literal) == 0) valueEnded(at + 1);
  return 0;
}
