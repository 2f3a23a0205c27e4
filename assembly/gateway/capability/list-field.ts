/** Fields whose values are lists: those of one name count as one (RFC 9110 §5.3). Names are found in whatever case. */
import { isBlank } from "../headers";
import { allocate } from "../memory";
import { copy, indexOf, isLowered, put } from "../text";
import { Field, FieldList } from "../wasi/fields";

const COMMA: u8 = 0x2c;
const EQUALS: u8 = 0x3d;
const QUOTE: u8 = 0x22;

/** As many seconds as a number of them may mean (RFC 9111 §1.2.2). */
const MOST_SECONDS: i64 = 0x7fffffff;

/** What all fields of that name say, or null. */
export function combined(list: FieldList, name: string): Field | null {
  let found: Field | null = null;
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    if (field.nameLength != name.length || !isLowered(field.name, name)) continue;
    if (found == null) found = field;
    else found = joined(found, field);
  }
  return found;
}

function joined(first: Field, second: Field): Field {
  const both = changetype<Field>(allocate(offsetof<Field>()));
  both.valueLength = first.valueLength + 2 + second.valueLength;
  both.value = allocate(both.valueLength);
  copy(put(copy(both.value, first.value, first.valueLength), ", "), second.value, second.valueLength);
  return both;
}

/** The seconds that a directive has, 0 where it has no number; -1: it is not there. */
export function directive(field: Field | null, name: string): i64 {
  if (field == null) return -1;
  const end = field.value + field.valueLength;
  for (let at = field.value; at < end; ) {
    const stop = indexOf(at, end, COMMA);
    at = pastBlanks(at, stop);
    if (<i32>(stop - at) >= name.length && isLowered(at, name)) {
      at = pastBlanks(at + name.length, stop);
      if (at == stop) return 0;
      if (load<u8>(at) == EQUALS) return secondsAt(at + 1, stop);
    }
    at = stop + 1;
  }
  return -1;
}

export function has(field: Field | null, name: string): bool {
  return directive(field, name) >= 0;
}

/** The seconds that a number is, in quotes or not; 0: it is none. */
export function secondsAt(at: usize, end: usize): i64 {
  at = pastBlanks(at, end);
  if (at < end && load<u8>(at) == QUOTE) at++;
  let seconds: i64 = 0;
  for (; at < end; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) break;
    seconds = min(seconds * 10 + digit, MOST_SECONDS);
  }
  return seconds;
}

function pastBlanks(at: usize, end: usize): usize {
  while (at < end && isBlank(load<u8>(at))) at++;
  return at;
}
