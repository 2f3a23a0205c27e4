import { DEPTH, INBOX, MAX_DEPTH, answer } from "../memory";
import * as Fault from "./fault";
import { ARRAY, NULL, OBJECT, SCALAR, STRING } from "./fields";
import { literalBegins, literalTakes } from "./literal";
import { beginName } from "./name";
import { isNumberComplete, numberBegins, numberTakes } from "./number";
import * as Shape from "./shape";
import { stringBegins, stringEnded, stringEscaped, stringTakes } from "./string";

/** What the next byte may be. Those before `IN_STRING` skip whitespace. */
const AWAIT_VALUE: i32 = 0;
const AWAIT_ELEMENT: i32 = 1;
const AWAIT_FIRST_NAME: i32 = 2;
const AWAIT_NAME: i32 = 3;
const AWAIT_COLON: i32 = 4;
const AWAIT_COMMA: i32 = 5;
const AWAIT_END: i32 = 6;
const IN_STRING: i32 = 7;
const IN_NUMBER: i32 = 8;
const IN_LITERAL: i32 = 9;

let state: i32 = AWAIT_VALUE;
let depth: i32 = 0;
let inObject: bool = false;
/** Where the chunk stands in the body, how far it is read, and where it ends. */
let base: u32 = 0;
let position: usize = INBOX;
let chunkEnd: usize = INBOX;

let isName: bool = false;
let isKept: bool = false;
let stringStart: u32 = 0;

/** Begins a body. */
export function begin(shape: i32): void {
  state = AWAIT_VALUE;
  depth = 0;
  inObject = false;
  base = 0;
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
    if (state == IN_STRING) {
      const taken = stringTakes(at, end);
      if (taken < 0) {
        status = taken;
        break;
      }
      at += taken;
      if (!stringEnded()) continue;
      status = stringEnds(at);
      if (status == 0) continue;
      // The place of a name that is refused is its closing quote.
      at--;
      break;
    }
    const byte = load<u8>(at);
    if (state < IN_STRING) {
      if (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09) {
        at++;
        continue;
      }
      status = Shape.marksFull() ? Fault.MORE_MARKS : structural(byte, at);
      if (status) break;
      at++;
      continue;
    }
    const taken = state == IN_NUMBER ? numberTakes(byte) : literalTakes(byte);
    if (taken < 0) {
      status = taken;
      break;
    }
    // A number ends before the byte that is none of it, a literal with its last.
    if (taken || state == IN_LITERAL) at++;
    if (!taken) valueEnds(at, 0);
  }
  position = at;
  return status;
}

/** A byte between values. */
function structural(byte: u8, at: usize): i32 {
  switch (state) {
    case AWAIT_ELEMENT:
      if (byte == 0x5d) return close(at);
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
  let next = IN_NUMBER;
  if (byte == 0x22) {
    type = STRING;
  } else if (byte == 0x7b) {
    type = OBJECT;
  } else if (byte == 0x5b) {
    type = ARRAY;
  } else if (literalBegins(byte)) {
    if (byte == 0x6e) type = NULL;
    next = IN_LITERAL;
  } else if (!numberBegins(byte)) {
    return Fault.EXPECTED_VALUE;
  }
  if (Shape.isFollowed()) {
    const refused = Shape.valueBegins(type, offset(at));
    if (refused) return refused;
  }
  if (type == OBJECT || type == ARRAY) return open(type == OBJECT);
  if (type == STRING) openString(at, false);
  else state = next;
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

function valueEnds(end: usize, flags: i32): void {
  state = depth ? AWAIT_COMMA : AWAIT_END;
  if (Shape.isFollowed()) Shape.valueEnds(offset(end), flags);
}

function openString(at: usize, name: bool): void {
  isName = name;
  isKept = name && Shape.isFollowed();
  if (isKept) beginName();
  stringStart = offset(at);
  stringBegins(isKept);
  state = IN_STRING;
}

/** A string ended after its quote. Answers 0, or why its name is refused. */
function stringEnds(end: usize): i32 {
  const flags = stringEscaped() ? Shape.ESCAPED : 0;
  if (!isName) {
    valueEnds(end, flags);
    return 0;
  }
  state = AWAIT_COLON;
  return isKept ? Shape.nameEnds(stringStart, offset(end), flags) : 0;
}
