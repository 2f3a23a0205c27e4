import { CR, LF, SPACE, TAB, decimal, is, isText } from "./bytes";
import { BAD_FRAMING, BAD_LINE_END, BAD_STATUS_LINE, NO_FAULT, TOO_LONG, TOO_MANY, UNASKED_UPGRADE } from "./faults";
import {
  CONNECTION,
  CONTENT_LENGTH,
  KEEP_ALIVE,
  PLAIN,
  TRANSFER_ENCODING,
  dropNamed,
  field,
  keepField,
  kindOf,
  lists,
  namesFields,
  readField,
} from "./fields";
import { INPUT, MOST_HEAD, MOST_INTERIM } from "./limits";
import {
  CHUNK_SIZE,
  COUNTED,
  DONE,
  FIELDS,
  STATUS,
  UNKNOWN,
  UNTIL_CLOSE,
  isLine,
  reading,
  toStart,
} from "./reading";

/** `HTTP/1.`, as it lies in memory. */
const VERSION: u64 = 0x002e_312f_5054_5448;
const SEVEN_BYTES: u64 = 0x00ff_ffff_ffff_ffff;

/** Reads the lines that have come, until a stage begins that is none of lines. Answers a fault. */
export function readLines(): i32 {
  const r = reading;
  let fault = NO_FAULT;
  while (fault == NO_FAULT && isLine(r.stage)) {
    let at = r.seen;
    while (at < r.end && load<u8>(at) != LF) at++;
    r.seen = at;
    if (at - INPUT >= MOST_HEAD) return TOO_LONG;
    if (at == r.end) return NO_FAULT;
    const start = r.at;
    const stop = at - 1;
    if (stop < start || load<u8>(stop) != CR) return BAD_LINE_END;
    r.at = r.seen = at + 1;
    fault = line(start, stop);
  }
  return fault;
}

function line(at: usize, end: usize): i32 {
  const r = reading;
  if (r.stage == STATUS) {
    r.stage = FIELDS;
    return statusLine(at, end);
  }
  if (at < end) {
    const fault = readField(at, end);
    if (fault != NO_FAULT) return fault;
    return r.stage == FIELDS ? headField(at, end) : trailer();
  }
  if (r.stage == FIELDS) return conclude();
  r.stage = DONE;
  return NO_FAULT;
}

/** `HTTP/1.1 200 OK`; the reason may be missing, with its space. */
function statusLine(at: usize, end: usize): i32 {
  const r = reading;
  if (end - at < 12 || (load<u64>(at) & SEVEN_BYTES) != VERSION) return BAD_STATUS_LINE;
  const minor = load<u8>(at, 7);
  if ((minor | 1) != 0x31 || load<u8>(at, 8) != SPACE) return BAD_STATUS_LINE;
  r.old = minor == 0x30;
  r.status = <i32>decimal(at + 9, at + 12);
  if (r.status < 100 || r.status > 599) return BAD_STATUS_LINE;
  if (end - at > 12 && (load<u8>(at, 12) != SPACE || !isText(at + 13, end))) return BAD_STATUS_LINE;
  return NO_FAULT;
}

function headField(from: usize, to: usize): i32 {
  const r = reading;
  const value = field.value;
  const end = value + field.valueSize;
  switch (kindOf(field.name, field.nameSize)) {
    case PLAIN:
      break;
    case CONNECTION:
      if (lists(value, end, "close")) r.closes = true;
      if (!namesFields(value, end)) return NO_FAULT;
      r.named = true;
      break;
    case KEEP_ALIVE:
      if (end - value > 8 && is(value, value + 8, "timeout=")) r.keptFor = seconds(value + 8, end);
      return NO_FAULT;
    case CONTENT_LENGTH: {
      const length = decimal(value, end);
      if (hasTab(from, to) || length < 0 || (r.length != UNKNOWN && r.length != length)) return BAD_FRAMING;
      if (r.length == length) return NO_FAULT;
      r.length = length;
      break;
    }
    case TRANSFER_ENCODING:
      if (hasTab(from, to) || r.chunked || !is(value, end, "chunked")) return BAD_FRAMING;
      r.chunked = true;
      return NO_FAULT;
    default:
      return NO_FAULT;
  }
  return keepField(r.entries++);
}

/** Not everybody takes a tab for a space, and what frames a message must mean the same to all. */
function hasTab(at: usize, end: usize): bool {
  while (at < end) if (load<u8>(at++) == TAB) return true;
  return false;
}

/** Of `5, max=100` only the number counts. */
function seconds(at: usize, end: usize): i32 {
  let stop = at;
  while (stop < end && stop - at < 6 && <u8>(load<u8>(stop) - 0x30) < 10) stop++;
  return <i32>decimal(at, stop);
}

/** Of a trailer that frames its message nobody knows what it is to mean. */
function trailer(): i32 {
  switch (kindOf(field.name, field.nameSize)) {
    case PLAIN:
      return keepField(reading.entries++);
    case CONTENT_LENGTH:
    case TRANSFER_ENCODING:
      return BAD_FRAMING;
    default:
      return NO_FAULT;
  }
}

/** The head has ended: what follows it? */
function conclude(): i32 {
  const r = reading;
  const interim = r.status < 200;
  // HTTP/1.0 has neither chunks nor interim answers.
  if (r.old && (r.chunked || interim)) return BAD_FRAMING;
  if (r.chunked && r.length != UNKNOWN) return BAD_FRAMING;
  if ((interim || r.status == 204) && (r.chunked || r.length > 0)) return BAD_FRAMING;
  if (interim) {
    if (r.status == 101) return UNASKED_UPGRADE;
    if (++r.interim > MOST_INTERIM) return TOO_MANY;
    beginHead();
    toStart();
    return NO_FAULT;
  }
  if (r.old) r.closes = true;
  if (r.named) r.entries = dropNamed(r.entries);
  if (r.toHead || r.status == 204 || r.status == 304) {
    r.stage = DONE;
  } else if (r.chunked) {
    r.stage = CHUNK_SIZE;
  } else if (r.length != UNKNOWN) {
    r.stage = COUNTED;
    r.owed = r.length;
  } else {
    r.stage = UNTIL_CLOSE;
    r.closes = true;
  }
  return NO_FAULT;
}

export function beginHead(): void {
  const r = reading;
  r.stage = STATUS;
  r.entries = 0;
  r.length = UNKNOWN;
  r.keptFor = -1;
}
