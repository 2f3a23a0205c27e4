/**
 * Messages of the capability ABI, version 1: `u32 kind, u32 count`, then for each field `u32 length, name, u32 length,
 * value`; little-endian, without padding.
 */
import { isUtf8 } from "../../text/utf8";
import { allocate } from "../memory";
import { is, put } from "../text";
import { Field, FieldList } from "../wasi/fields";

export const REQUEST: u32 = 1;
export const ANSWER: u32 = 2;
export const CALLS: u32 = 3;
export const RESULTS: u32 = 4;

const HEAD: i32 = 8;

/** The message that is being written: one at a time. */
let start: usize = 0;
let end: usize = 0;
let room: i32 = 0;

export function beginMessage(kind: u32): void {
  room = 1024;
  start = allocate(room);
  store<u32>(start, kind);
  store<u32>(start, 0, 4);
  end = start + HEAD;
}

// @ts-ignore: decorator
@inline
export function messageStart(): usize {
  return start;
}

export function messageLength(): i32 {
  return <i32>(end - start);
}

export function addField(name: usize, nameLength: i32, value: usize, valueLength: i32): void {
  reserve(HEAD + nameLength + valueLength);
  addPart(name, nameLength);
  addPart(value, valueLength);
  store<u32>(start, load<u32>(start, 4) + 1, 4);
}

/** A field whose name is a literal. */
export function addText(name: string, value: usize, valueLength: i32): void {
  const at = allocate(name.length);
  put(at, name);
  addField(at, name.length, value, valueLength);
}

let asideStart: usize = 0;
let asideEnd: usize = 0;
let asideRoom: i32 = 0;

/** Puts the message aside: others are written before it is {@link takeBack taken back}, perhaps several times. */
export function putAside(): void {
  asideStart = start;
  asideEnd = end;
  asideRoom = room;
}

export function takeBack(): void {
  start = asideStart;
  end = asideEnd;
  room = asideRoom;
}

let markedLength: i32 = 0;
let markedCount: u32 = 0;

/** What is added from here on may be taken back. */
export function markMessage(): void {
  markedLength = messageLength();
  markedCount = load<u32>(start, 4);
}

export function backToMark(): void {
  end = start + <usize>markedLength;
  store<u32>(start, markedCount, 4);
}

function addPart(from: usize, length: i32): void {
  store<u32>(end, length);
  memory.copy(end + 4, from, length);
  end += 4 + length;
}

/** Lets so many bytes be added without moving the message. */
export function reserve(more: i32): void {
  const size = <i32>(end - start);
  if (size + more <= room) return;
  while (size + more > room) room <<= 1;
  const moved = allocate(room);
  memory.copy(moved, start, size);
  start = moved;
  end = moved + size;
}

/** What is wrong with a message, or 0. */
let wrong: string = "";

export function whatIsWrong(): string {
  return wrong;
}

/** Reads a message's fields into a list that lies in the arena: its kind, or 0 where it is none. */
export function readMessage(at: usize, length: i32, list: FieldList): u32 {
  if (length < HEAD) return faulty("its message ends before its fields do");
  const kind = load<u32>(at);
  const count = load<u32>(at, 4);
  // Each takes eight bytes at least: a count that cannot be is known before anything is made of it.
  if (count > <u32>(length - HEAD) >> 3) return faulty("its message has fewer fields than it says");
  list.first = allocate(<usize>count * offsetof<Field>());
  list.count = count;
  let next = at + HEAD;
  const last = at + length;
  for (let i: u32 = 0; i < count; i++) {
    const field = list.at(i);
    field.nameLength = lengthAt(next, last);
    if (field.nameLength < 0) return faulty(wrong);
    field.name = next + 4;
    next = field.name + field.nameLength;
    field.valueLength = lengthAt(next, last);
    if (field.valueLength < 0) return faulty(wrong);
    field.value = next + 4;
    next = field.value + field.valueLength;
    if (!isUtf8(field.name, field.nameLength)) return faulty("a name in its message is not UTF-8");
  }
  return next == last ? kind : faulty("its message goes on after its last field");
}

/** The length that stands there, of a part that ends within the message; -1: it does not. */
function lengthAt(at: usize, last: usize): i32 {
  if (last - at < 4) {
    wrong = "its message ends before its fields do";
    return -1;
  }
  const length = load<u32>(at);
  if (length <= <u32>(last - at - 4)) return length;
  wrong = "a field of its message ends after the message";
  return -1;
}

function faulty(what: string): u32 {
  wrong = what;
  return 0;
}

/** The first field of that name, or null. */
export function fieldNamed(list: FieldList, name: string): Field | null {
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    if (is(field.name, field.nameLength, name)) return field;
  }
  return null;
}
