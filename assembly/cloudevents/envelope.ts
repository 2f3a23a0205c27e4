import { INBOX, MARKS, OUTBOX, answer } from "../memory";
import { base64 as encode } from "../text/base64";
import { escape as escapeText, escaped } from "../json/escape";
import { ATTRIBUTE, EVENT_END } from "../json/fields";
import { seenNames } from "../json/name";
import * as A from "./attributes";
import { mediaForm } from "./form";

/** The outbox holds the members in its first half and the data in its second. */
const HALF: i32 = 98304;
const DATA: usize = OUTBOX + <usize>HALF;

/** The attributes are longer than the outbox could hold when each byte of them were escaped. */
export const TOO_LONG: i32 = -1;

/**
 * Writes a new envelope up to its data, without the brace that ends it, and answers its length. The answer's word:
 * how the data stand in it.
 */
export function frame(): i32 {
  if (A.locate() > HALF) return TOO_LONG;
  const form = mediaForm(A.textOf(A.DATACONTENTTYPE), A.lengthOf(A.DATACONTENTTYPE));
  let write = OUTBOX;
  store<u8>(write++, 0x7b);
  write = A.member(write, A.ID, true);
  write = A.member(write, A.SOURCE, false);
  write = A.member(write, A.SPECVERSION, false);
  write = A.member(write, A.TYPE, false);
  write = A.member(write, A.SUBJECT, false);
  write = A.member(write, A.TIME, false);
  write = A.member(write, A.DATACONTENTTYPE, false);
  write = A.member(write, A.TOPIC, false);
  write = A.member(write, A.PUBSUBNAME, false);
  write = A.member(write, A.TRACEID, false);
  write = A.member(write, A.TRACEPARENT, false);
  write = A.member(write, A.TRACESTATE, false);
  write = A.member(write, A.EXPIRATION, false);
  answer(0, form);
  return <i32>(write - OUTBOX);
}

/**
 * After an event was scanned: what has to change for it to be complete. Answers the number of changes, in the
 * order of their places; each takes four words of the answer: from, to, and the span of what comes instead.
 */
export function complete(marks: i32): i32 {
  if (A.locate() > HALF) return TOO_LONG;
  let present: u32 = 0;
  let changes = 0;
  let write = DATA;
  let start = write;
  // The answer's words hold the lengths until all is written: changes wait behind the marks.
  const pending = MARKS + <usize>marks * 12;
  for (let i: i32 = 0; i < marks; i++) {
    const mark = MARKS + <usize>i * 12;
    const field = <i32>load<u8>(mark);
    if (field != EVENT_END) {
      const attribute = field - ATTRIBUTE;
      present |= <u32>1 << attribute;
      if (attribute != A.TOPIC && attribute != A.PUBSUBNAME) continue;
      start = write;
      write = A.value(write, attribute, A.lengthOf(attribute));
      change(pending, changes++, load<u32>(mark, 4), load<u32>(mark, 8), start, write);
      continue;
    }
    start = write;
    // A trace id of ours beside a parent of theirs would be neither's.
    if (present & (<u32>1 << A.TRACEPARENT)) present |= <u32>1 << A.TRACEID;
    let first = seenNames() == 0;
    for (let attribute = 0; attribute < A.ATTRIBUTES; attribute++) {
      if (present & (<u32>1 << attribute)) continue;
      const before = write;
      write = A.member(write, attribute, first);
      if (write != before) first = false;
    }
    if (write != start) change(pending, changes++, load<u32>(mark, 4), load<u32>(mark, 4), start, write);
  }
  for (let i: i32 = 0; i < changes << 2; i++) answer(i, load<i32>(pending + (<usize>i << 2)));
  return changes;
}

/** Escapes a chunk of text into the data's half. Answers its length, and how much of the chunk was read. */
export function escape(length: i32, last: bool): i32 {
  const size = escapeText(INBOX, length, DATA, last);
  answer(0, escaped(INBOX));
  return size;
}

/** Encodes a chunk of bytes into the data's half and answers its length. */
export function base64(length: i32): i32 {
  return encode(INBOX, length, DATA);
}

/** Where the data's half begins. */
export function data(): usize {
  return DATA;
}

function change(list: usize, index: i32, from: u32, to: u32, start: usize, end: usize): void {
  const record = list + (<usize>index << 4);
  store<u32>(record, from);
  store<u32>(record, to, 4);
  store<u32>(record, <u32>start, 8);
  store<u32>(record, <u32>(end - start), 12);
}
