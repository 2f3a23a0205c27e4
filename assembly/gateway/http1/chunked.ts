import { hexDigit } from "../../http/percent";
import { CR, LF, SEMICOLON, SPACE, TAB } from "./bytes";
import { BAD_CHUNK, NO_FAULT, TOO_LONG } from "./faults";
import { MOST_EXTENSIONS } from "./limits";
import {
  CHUNKS_DONE,
  CHUNK_DATA,
  CHUNK_DIGITS,
  CHUNK_END,
  CHUNK_END_LINE_FEED,
  CHUNK_EXTENSION,
  CHUNK_LINE_FEED,
  CHUNK_SIZE,
  reading,
} from "./reading";

/** A chunk of 16 TiB is none. */
const MOST_DIGITS: u32 = 11;

/**
 * Takes chunks apart as far as they have come, and leaves what they carry in one piece at `data`: bytes move only down,
 * over the lines between them. Answers a fault.
 */
export function unchunk(): i32 {
  const r = reading;
  const end = r.end;
  let at = r.at;
  let into: usize = 0;
  while (at < end && r.stage != CHUNKS_DONE) {
    if (r.stage != CHUNK_DATA) {
      const fault = frame(load<u8>(at++));
      if (fault != NO_FAULT) return fault;
      continue;
    }
    const here = end - at;
    const size = <u64>here < r.owed ? here : <usize>r.owed;
    if (into == 0) r.data = into = at;
    else memory.copy(into, at, size);
    into += size;
    at += size;
    r.owed -= size;
    if (r.owed == 0) r.stage = CHUNK_END;
  }
  r.at = at;
  r.size = into == 0 ? 0 : into - r.data;
  return NO_FAULT;
}

/** One byte of what stands around the data. */
function frame(byte: u8): i32 {
  const r = reading;
  switch (r.stage) {
    case CHUNK_SIZE:
      r.owed = 0;
      r.digits = 0;
      r.stage = CHUNK_DIGITS;
      return digit(byte);
    case CHUNK_DIGITS:
      if (byte == CR) r.stage = CHUNK_LINE_FEED;
      else if (byte == SEMICOLON) r.stage = CHUNK_EXTENSION;
      else return digit(byte);
      return NO_FAULT;
    case CHUNK_EXTENSION:
      if (byte == CR) r.stage = CHUNK_LINE_FEED;
      else if ((byte < SPACE && byte != TAB) || byte == 0x7f) return BAD_CHUNK;
      return ++r.extensions > MOST_EXTENSIONS ? TOO_LONG : NO_FAULT;
    case CHUNK_LINE_FEED:
      r.stage = r.owed == 0 ? CHUNKS_DONE : CHUNK_DATA;
      break;
    case CHUNK_END:
      r.stage = CHUNK_END_LINE_FEED;
      return byte == CR ? NO_FAULT : BAD_CHUNK;
    default:
      r.stage = CHUNK_SIZE;
  }
  return byte == LF ? NO_FAULT : BAD_CHUNK;
}

function digit(byte: u8): i32 {
  const r = reading;
  const value = hexDigit(byte);
  if (value < 0) return BAD_CHUNK;
  if (++r.digits > MOST_DIGITS) return TOO_LONG;
  r.owed = (r.owed << 4) | <u64>value;
  return NO_FAULT;
}
