/** Which headers go on, in both directions; host/api/invoke/headers.ts has the same rules. */
import { lower } from "../access/pattern";
import { bodyLength } from "./body";
import { Call, findField } from "./call";
import { HOP_BY_HOP, OWN_WORDS } from "./fields.gen";
import { allocate } from "./memory";
import { indexOf, is, isLowered, put, putNumber, same } from "./text";
import { Field, FieldList } from "./wasi/fields";
import { GET, HEAD } from "./wasi/incoming";

const COMMA: u8 = 0x2c;
const SPACE: u8 = 0x20;
const TAB: u8 = 0x09;

/** Fields that are added to those of a message at most. */
const MOST_ADDED: i32 = 64;

/** The list that is being made, in the arena. */
const LIST: usize = memory.data(8, 4);

/** Begins a list that takes so many fields, and those that are added. There is one at a time. */
export function beginFields(count: i32): FieldList {
  const list = changetype<FieldList>(LIST);
  list.first = allocate(<usize>(count + MOST_ADDED) * offsetof<Field>());
  list.count = 0;
  return list;
}

export function add(list: FieldList, name: usize, nameLength: i32, value: usize, valueLength: i32): void {
  const field = list.at(list.count++);
  field.name = name;
  field.nameLength = nameLength;
  field.value = value;
  field.valueLength = valueLength;
}

/** Adds a field whose name is a literal. */
export function addNamed(list: FieldList, name: string, value: usize, valueLength: i32): void {
  const at = allocate(name.length);
  put(at, name);
  add(list, at, name.length, value, valueLength);
}

/** Adds a field whose name and value are literals. */
export function addLiteral(list: FieldList, name: string, value: string): void {
  const at = allocate(value.length);
  put(at, value);
  addNamed(list, name, at, value.length);
}

/** Puts a field in the place of all of that name. */
export function replace(list: FieldList, name: usize, nameLength: i32, value: usize, valueLength: i32): void {
  let kept = 0;
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    if (!same(field.name, field.nameLength, name, nameLength)) move(list, field, kept++);
  }
  list.count = kept;
  add(list, name, nameLength, value, valueLength);
}

/** Takes the fields of this name out. The last one stays where it was read, null where there is none. */
export function removeNamed(list: FieldList, name: string): Field | null {
  const removed = findField(list, name);
  if (removed == null) return null;
  const last = changetype<Field>(allocate(offsetof<Field>()));
  let kept = 0;
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    if (!is(field.name, field.nameLength, name)) move(list, field, kept++);
    else memory.copy(changetype<usize>(last), changetype<usize>(field), offsetof<Field>());
  }
  list.count = kept;
  return last;
}

function move(list: FieldList, field: Field, to: i32): void {
  const target = list.at(to);
  if (changetype<usize>(target) != changetype<usize>(field)) {
    memory.copy(changetype<usize>(target), changetype<usize>(field), offsetof<Field>());
  }
}

/** True where a name is in a list of them, each behind its length. */
function isListed(names: usize, name: usize, length: i32): bool {
  for (let size = <i32>load<u8>(names); size; size = <i32>load<u8>(names)) {
    if (same(names + 1, size, name, length)) return true;
    names += 1 + size;
  }
  return false;
}

/** True for a field that speaks of one hop, or frames a message. */
export function isOfOneHop(name: usize, length: i32): bool {
  return isListed(HOP_BY_HOP, name, length);
}

/** True where the field `connection` names this one: it is meant for the next hop only. */
function isNamed(from: FieldList, name: usize, length: i32): bool {
  const connection = findField(from, "connection");
  return connection != null && names(connection, name, length);
}

/** True where the list that a field's value is has this name in it, in whatever case. */
export function names(field: Field, name: usize, length: i32): bool {
  const end = field.value + field.valueLength;
  for (let at = field.value; at < end; ) {
    const stop = indexOf(at, end, COMMA);
    let last = stop;
    while (at < last && isBlank(load<u8>(at))) at++;
    while (last > at && isBlank(load<u8>(last - 1))) last--;
    if (isSameName(at, <i32>(last - at), name, length)) return true;
    at = stop + 1;
  }
  return false;
}

export function isBlank(byte: u8): bool {
  return byte == SPACE || byte == TAB;
}

function isSameName(a: usize, aLength: i32, b: usize, bLength: i32): bool {
  if (aLength != bLength) return false;
  for (let i: usize = 0; i < <usize>aLength; i++) if (lower(load<u8>(a + i)) != lower(load<u8>(b + i))) return false;
  return true;
}

/** Fields of the kind that only gRPC has a use for. */
function isBinary(name: usize, length: i32): bool {
  return length > 4 && is(name + length - 4, 4, "-bin");
}

/** Fields behind a body are passed on, and hosts send none that were not announced. */
function announces(name: usize, length: i32): bool {
  return is(name, length, "trailer");
}

/** The caller's fields as they go on, and the body's length where it is known. */
export function forwarded(call: Call): FieldList {
  const from = call.fields;
  const list = beginFields(from.count);
  addLength(call, list);
  for (let i = 0; i < from.count; i++) {
    const field = from.at(i);
    const name = field.name;
    const length = field.nameLength;
    if ((isListed(HOP_BY_HOP, name, length) && !announces(name, length)) || is(name, length, "host")) continue;
    if (isListed(OWN_WORDS, name, length)) continue;
    if (isBinary(name, length) || isNamed(from, name, length)) continue;
    add(list, name, length, field.value, field.valueLength);
  }
  return list;
}

/** A body of no bytes is told only where one is usual. */
function addLength(call: Call, list: FieldList): void {
  const length = bodyLength();
  if (length < 0 || (length == 0 && (call.method == GET || call.method == HEAD))) return;
  const digits = allocate(20);
  addNamed(list, "content-length", digits, <i32>(putNumber(digits, length) - digits));
}

/** Dapr's rule: exactly this Accept makes the answer an event stream, whatever the app called it. */
function asksForEvents(call: Call): bool {
  const accept = findField(call.fields, "accept");
  return accept != null && accept.valueLength == 17 && isLowered(accept.value, "text/event-stream");
}

/** An upstream's fields as they go back. */
export function answered(call: Call, from: FieldList): FieldList {
  const list = beginFields(from.count);
  const events = asksForEvents(call);
  for (let i = 0; i < from.count; i++) {
    const field = from.at(i);
    const name = field.name;
    const length = field.nameLength;
    const framed = is(name, length, "content-length") || announces(name, length);
    if (!framed && isListed(HOP_BY_HOP, name, length)) continue;
    if (isNamed(from, name, length)) continue;
    if (events && (is(name, length, "content-type") || is(name, length, "cache-control"))) continue;
    add(list, name, length, field.value, field.valueLength);
  }
  if (events) {
    addLiteral(list, "content-type", "text/event-stream");
    addLiteral(list, "cache-control", "no-cache");
  }
  return list;
}
