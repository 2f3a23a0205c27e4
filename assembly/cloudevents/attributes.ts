import { INBOX, RESULT } from "../memory";
import { escape } from "../json/escape";
import { FIRST_ATTRIBUTE, Field, fieldAt } from "../json/fields";

/** What the caller gives, in this order: lengths in the answer's words (-1: absent), text after text in the inbox. */
export const ID: i32 = 0;
export const SOURCE: i32 = 1;
export const TYPE: i32 = 2;
export const SUBJECT: i32 = 3;
export const TIME: i32 = 4;
export const DATACONTENTTYPE: i32 = 5;
export const TOPIC: i32 = 6;
export const PUBSUBNAME: i32 = 7;
export const TRACEPARENT: i32 = 8;
export const TRACESTATE: i32 = 9;
export const EXPIRATION: i32 = 10;
export const GIVEN: i32 = 11;
/** The two that an envelope has besides. */
export const TRACEID: i32 = 11;
export const SPECVERSION: i32 = 12;
export const ATTRIBUTES: i32 = 13;

const VERSION: usize = memory.data<u8>([0x31, 0x2e, 0x30]);
/** The longest name with its quotes, colon and comma, and the quotes of its value. */
const NAME_ROOM: i32 = 24;
const GROWTH: i32 = 6;

/** Where each given text begins, after {@link locate}. */
const STARTS: usize = memory.data(44, 4);

/** Finds the texts. Answers the bytes that the members can take together at most. */
export function locate(): i32 {
  let at = INBOX;
  let total = ATTRIBUTES * NAME_ROOM;
  for (let i = 0; i < GIVEN; i++) {
    const length = lengthOf(i);
    store<u32>(STARTS + (<usize>i << 2), <u32>at);
    if (length < 0) continue;
    at += length;
    // The trace's parent is written twice.
    total += length * (i == TRACEPARENT ? 2 * GROWTH : GROWTH);
  }
  return total;
}

export function lengthOf(attribute: i32): i32 {
  if (attribute == SPECVERSION) return 3;
  if (attribute == TRACEID) attribute = TRACEPARENT;
  return load<i32>(RESULT + (<usize>attribute << 2));
}

export function textOf(attribute: i32): usize {
  if (attribute == SPECVERSION) return VERSION;
  if (attribute == TRACEID) attribute = TRACEPARENT;
  return <usize>load<u32>(STARTS + (<usize>attribute << 2));
}

/** Writes `"name":"value"`, after a comma unless it is the first; nothing for an absent one. Answers the new end. */
export function member(write: usize, attribute: i32, first: bool): usize {
  const length = lengthOf(attribute);
  if (length < 0) return write;
  if (!first) store<u8>(write++, 0x2c);
  const name = fieldAt(FIRST_ATTRIBUTE + attribute);
  const nameLength = <usize>changetype<Field>(name).length;
  store<u8>(write++, 0x22);
  memory.copy(write, name, nameLength);
  write += nameLength;
  store<u16>(write, 0x3a22);
  return value(write + 2, attribute, length);
}

/** Writes a value with its quotes. */
export function value(write: usize, attribute: i32, length: i32): usize {
  store<u8>(write++, 0x22);
  write += escape(textOf(attribute), length, write, true);
  store<u8>(write, 0x22);
  return write + 1;
}
