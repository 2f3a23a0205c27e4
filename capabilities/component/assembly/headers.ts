import { allocate, copied } from "./memory";
import { append, bufferOf, extend, Kind, lengthIn, ofKind, opened, setLength } from "./records";

/** `resource fields`: entries one after the other, as in a message: u32 length, name, u32 length, value. */

/** Where the search is: an entry, and what follows it. */
let at: usize = 0;
let end: usize = 0;

function begin(fields: i32): void {
  ofKind(fields, Kind.Fields);
  at = bufferOf(fields);
  end = at + lengthIn(fields);
}

function following(entry: usize): usize {
  const value = entry + 4 + load<u32>(entry);
  return value + 4 + load<u32>(value);
}

function lower(byte: u8): u8 {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

function isNamed(entry: usize, name: usize, length: i32): bool {
  if (load<i32>(entry) != length) return false;
  for (let i = 0; i < length; i++) if (load<u8>(entry + 4 + i) != lower(load<u8>(name + i))) return false;
  return true;
}

export function addHeader(fields: i32, name: usize, nameLength: i32, value: usize, length: i32): void {
  const entry = extend(fields, 8 + nameLength + length);
  store<i32>(entry, nameLength);
  for (let i = 0; i < nameLength; i++) store<u8>(entry + 4 + i, lower(load<u8>(name + i)));
  store<i32>(entry + 4 + nameLength, length);
  memory.copy(entry + 8 + nameLength, value, length);
}

function remove(fields: i32, name: usize, length: i32): void {
  begin(fields);
  let to = at;
  const from = at;
  while (at < end) {
    const next = following(at);
    if (!isNamed(at, name, length)) {
      memory.copy(to, at, next - at);
      to += next - at;
    }
    at = next;
  }
  setLength(fields, <i32>(to - from));
}

/** How many entries there are, in all. */
export function countOf(fields: i32): i32 {
  let count = 0;
  for (begin(fields); at < end; at = following(at)) count++;
  return count;
}

export function new_fields(): i32 {
  return opened(Kind.Fields);
}

export function fields_from_list(list: usize, count: i32, into: usize): void {
  const fields = opened(Kind.Fields);
  for (let i = 0; i < count; i++) {
    const pair = list + 16 * i;
    addHeader(fields, load<u32>(pair), load<i32>(pair, 4), load<u32>(pair, 8), load<i32>(pair, 12));
  }
  store<u32>(into, 0);
  store<i32>(into, fields, 4);
}

export function fields_get(fields: i32, name: usize, length: i32, into: usize): void {
  let count = 0;
  for (begin(fields); at < end; at = following(at)) if (isNamed(at, name, length)) count++;
  const list = allocate(4, 8 * count);
  store<u32>(into, <u32>list);
  store<i32>(into, count, 4);
  let filled = list;
  for (begin(fields); at < end; at = following(at)) {
    if (!isNamed(at, name, length)) continue;
    const value = at + 4 + load<u32>(at);
    const size = load<i32>(value);
    const text = copied(value + 4, size);
    store<u32>(filled, <u32>text);
    store<i32>(filled, size, 4);
    filled += 8;
  }
}

export function fields_has(fields: i32, name: usize, length: i32): i32 {
  for (begin(fields); at < end; at = following(at)) if (isNamed(at, name, length)) return 1;
  return 0;
}

/** `result<_, header-error>`. */
function done(into: usize): void {
  store<u8>(into, 0);
}

export function fields_set(fields: i32, name: usize, length: i32, list: usize, count: i32, into: usize): void {
  remove(fields, name, length);
  for (let i = 0; i < count; i++)
    addHeader(fields, name, length, load<u32>(list + 8 * i), load<i32>(list + 8 * i, 4));
  done(into);
}

export function fields_append(fields: i32, name: usize, length: i32, value: usize, size: i32, into: usize): void {
  addHeader(fields, name, length, value, size);
  done(into);
}

export function fields_delete(fields: i32, name: usize, length: i32, into: usize): void {
  remove(fields, name, length);
  done(into);
}

export function fields_entries(fields: i32, into: usize): void {
  const count = countOf(fields);
  const list = allocate(4, 16 * count);
  store<u32>(into, <u32>list);
  store<i32>(into, count, 4);
  begin(fields);
  for (let i = 0; i < count; i++, at = following(at)) {
    const nameLength = load<i32>(at);
    const value = at + 4 + nameLength;
    store<u32>(list + 16 * i, <u32>copied(at + 4, nameLength));
    store<i32>(list + 16 * i, nameLength, 4);
    store<u32>(list + 16 * i, <u32>copied(value + 4, load<i32>(value)), 8);
    store<i32>(list + 16 * i, load<i32>(value), 12);
  }
}

export function fields_clone(fields: i32): i32 {
  const other = opened(Kind.Fields);
  append(other, bufferOf(fields), lengthIn(fields));
  return other;
}
