/** The headers of a message, as a guest sees and changes them. Their order and repeats are kept; names are in lower case. */
import { allocate } from "../memory";
import { same } from "../text";
import { Field, FieldList } from "../wasi/fields";
import { fail } from "./host";

/** What a message's headers may take, in all: no host of the web's takes more. */
const MOST_FIELDS: i32 = 1000;
const MOST_BYTES: i32 = 256 << 10;

@unmanaged
export class HeaderList extends FieldList {
  /** Bytes of all names and values. */
  size: i32;
  changed: bool;
}

export function newList(): HeaderList {
  const list = changetype<HeaderList>(allocate(offsetof<HeaderList>()));
  list.first = allocate(<usize>(MOST_FIELDS + 1) * offsetof<Field>());
  list.count = 0;
  list.size = 0;
  list.changed = false;
  return list;
}

/** Those of a message: what has a colon before its name is the ABI's. */
export function readList(from: FieldList): HeaderList {
  const list = newList();
  for (let i = 0; i < from.count; i++) {
    const field = from.at(i);
    if (field.nameLength && load<u8>(field.name) != 0x3a) append(list, field.name, field.nameLength, field.value, field.valueLength);
  }
  list.changed = false;
  return list;
}

export function append(list: HeaderList, name: usize, nameLength: i32, value: usize, valueLength: i32): void {
  list.size += nameLength + valueLength;
  if (list.count >= MOST_FIELDS || list.size > MOST_BYTES) {
    fail("its headers are more than 1000, or have more than 262144 bytes");
  }
  const field = list.at(list.count++);
  field.name = name;
  field.nameLength = nameLength;
  field.value = value;
  field.valueLength = valueLength;
  list.changed = true;
}

export function remove(list: HeaderList, name: usize, length: i32): void {
  let kept = 0;
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    if (same(field.name, field.nameLength, name, length)) list.size -= field.nameLength + field.valueLength;
    else memory.copy(changetype<usize>(list.at(kept++)), changetype<usize>(field), offsetof<Field>());
  }
  if (kept != list.count) list.changed = true;
  list.count = kept;
}

export function has(list: FieldList, name: usize, length: i32): bool {
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    if (same(field.name, field.nameLength, name, length)) return true;
  }
  return false;
}

/** Its names, each once, sorted: a guest must not see in which order they came. */
export function namesOf(list: HeaderList): FieldList {
  const names = newList();
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    let at = names.count;
    let order = 1;
    while (at > 0 && order > 0) {
      order = compare(names.at(at - 1), field);
      if (order > 0) at--;
    }
    if (at > 0 && order == 0) continue;
    const place = changetype<usize>(names.at(at));
    memory.copy(place + offsetof<Field>(), place, <usize>(names.count - at) * offsetof<Field>());
    const name = names.at(at);
    name.value = field.name;
    name.valueLength = field.nameLength;
    names.count++;
  }
  return names;
}

/** By their bytes, of a name that stands as a value and one of a field. */
function compare(known: Field, field: Field): i32 {
  const order = memory.compare(known.value, field.name, min(known.valueLength, field.nameLength));
  return order ? order : known.valueLength - field.nameLength;
}
