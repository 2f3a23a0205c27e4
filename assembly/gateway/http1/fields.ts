import { COLON, COMMA, SPACE, TAB, is, isText, isToken, same, toLower } from "./bytes";
import { BAD_FIELD, NO_FAULT, TOO_LONG, TOO_MANY } from "./faults";
import { ENTRIES, MOST_FIELDS, MOST_NAME } from "./limits";

/** What a name means to whoever passes a message on. */
export const PLAIN: i32 = 0;
/** Of one connection only, and therefore not passed on. */
export const HOP: i32 = 1;
export const CONNECTION: i32 = 2;
export const KEEP_ALIVE: i32 = 3;
export const CONTENT_LENGTH: i32 = 4;
export const TRANSFER_ENCODING: i32 = 5;
export const HOST: i32 = 6;
export const EXPECT: i32 = 7;

/** A field, as the canonical ABI has it. */
@unmanaged
export class Entry {
  name: usize;
  nameSize: usize;
  value: usize;
  valueSize: usize;
}

/** The line that was read last, whatever it means. */
export const field: Entry = changetype<Entry>(memory.data(16, 8));

// @ts-ignore: decorator
@inline
export function entry(index: u32): Entry {
  return changetype<Entry>(ENTRIES + (<usize>index << 4));
}

/** Reads a line without its end into `field`, its name in lower case. Answers a fault. */
export function readField(at: usize, end: usize): i32 {
  let colon = at;
  while (colon < end && load<u8>(colon) != COLON) colon++;
  // A line that begins with a space has no name; a name before a space is no name.
  if (colon == end || !isToken(at, colon)) return BAD_FIELD;
  if (colon - at > MOST_NAME) return TOO_LONG;
  toLower(at, colon);
  let value = colon + 1;
  while (value < end && isSpace(load<u8>(value))) value++;
  while (end > value && isSpace(load<u8>(end - 1))) end--;
  if (!isText(value, end)) return BAD_FIELD;
  field.name = at;
  field.nameSize = colon - at;
  field.value = value;
  field.valueSize = end - value;
  return NO_FAULT;
}

/** Adds `field` to those that are passed on, of which there are `count`. Answers a fault. */
export function keepField(count: u32): i32 {
  if (count == MOST_FIELDS) return TOO_MANY;
  memory.copy(ENTRIES + (<usize>count << 4), changetype<usize>(field), 16);
  return NO_FAULT;
}

export function kindOf(at: usize, size: usize): i32 {
  const end = at + size;
  switch (<i32>size) {
    case 2:
      return is(at, end, "te") ? HOP : PLAIN;
    case 4:
      return is(at, end, "host") ? HOST : PLAIN;
    case 6:
      return is(at, end, "expect") ? EXPECT : PLAIN;
    case 7:
      return is(at, end, "upgrade") ? HOP : PLAIN;
    case 10:
      if (is(at, end, "connection")) return CONNECTION;
      return is(at, end, "keep-alive") ? KEEP_ALIVE : PLAIN;
    case 14:
      if (is(at, end, "content-length")) return CONTENT_LENGTH;
      return is(at, end, "http2-settings") ? HOP : PLAIN;
    case 16:
      return is(at, end, "proxy-connection") ? HOP : PLAIN;
    case 17:
      return is(at, end, "transfer-encoding") ? TRANSFER_ENCODING : PLAIN;
    case 18:
      return is(at, end, "proxy-authenticate") ? HOP : PLAIN;
    case 19:
      return is(at, end, "proxy-authorization") ? HOP : PLAIN;
  }
  return PLAIN;
}

/** Whether a list names this token. */
export function lists(at: usize, end: usize, token: string): bool {
  while (at < end) {
    const stop = tokenEnd(at, end);
    const from = trimStart(at, stop);
    if (is(from, trimEnd(from, stop), token)) return true;
    at = stop + 1;
  }
  return false;
}

/** Whether a `Connection` names fields, besides saying whether it lasts. */
export function namesFields(at: usize, end: usize): bool {
  while (at < end) {
    const stop = tokenEnd(at, end);
    const from = trimStart(at, stop);
    const to = trimEnd(from, stop);
    if (from < to && !is(from, to, "close") && !is(from, to, "keep-alive")) return true;
    at = stop + 1;
  }
  return false;
}

/** Removes every `Connection` and the fields that it names. Answers how many are left. */
export function dropNamed(count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const named = entry(i);
    if (named.nameSize == 0 || kindOf(named.name, named.nameSize) != CONNECTION) continue;
    named.nameSize = 0;
    const end = named.value + named.valueSize;
    for (let at = named.value; at < end; ) {
      const stop = tokenEnd(at, end);
      const from = trimStart(at, stop);
      drop(from, trimEnd(from, stop), count);
      at = stop + 1;
    }
  }
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (entry(i).nameSize == 0) continue;
    if (kept != i) memory.copy(ENTRIES + (<usize>kept << 4), ENTRIES + (<usize>i << 4), 16);
    kept++;
  }
  return kept;
}

/** A field without a name is one that was dropped. `Connection` fields end by themselves, after they were read. */
function drop(at: usize, end: usize, count: u32): void {
  if (at == end) return;
  for (let i: u32 = 0; i < count; i++) {
    const other = entry(i);
    if (!same(at, end, other.name, other.name + other.nameSize)) continue;
    if (kindOf(other.name, other.nameSize) != CONNECTION) other.nameSize = 0;
  }
}

function tokenEnd(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) != COMMA) at++;
  return at;
}

function trimStart(at: usize, end: usize): usize {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

function trimEnd(at: usize, end: usize): usize {
  while (end > at && isSpace(load<u8>(end - 1))) end--;
  return end;
}

// @ts-ignore: decorator
@inline
function isSpace(byte: u8): bool {
  return byte == SPACE || byte == TAB;
}
