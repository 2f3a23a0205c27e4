/** wasi:http/types fields: headers and trailers as a list in this memory. */
import { ANSWER } from "../memory";
import { tag, word } from "./answers";

// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]fields.entries")
declare function rawEntries(fields: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[static]fields.from-list")
declare function rawFromList(entries: usize, count: usize, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[constructor]fields")
declare function rawFields(): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[resource-drop]fields")
export declare function dropFields(fields: i32): void;

/**
 *   ┌──────────┬────────────┬───────────┬─────────────┐
 *   │ u32 name │ u32 length │ u32 value │ u32 length  │
 *   └──────────┴────────────┴───────────┴─────────────┘
 */
@unmanaged
export class Field {
  name: usize;
  nameLength: i32;
  value: usize;
  valueLength: i32;
}

/** A list of fields: where the first is, and how many there are. */
@unmanaged
export class FieldList {
  first: usize;
  count: i32;

  // @ts-ignore: decorator
  @inline
  at(index: i32): Field {
    return changetype<Field>(this.first + <usize>index * offsetof<Field>());
  }
}

/** Reads all fields into the arena and drops them. */
export function takeFields(fields: i32, list: FieldList): void {
  rawEntries(fields, ANSWER);
  list.first = <usize>word(0);
  list.count = word(4);
  dropFields(fields);
}

/** Bytes of a list that hosts take for sure, each field with what it costs besides: wasmtime ends who asks for more. */
const MOST_BYTES: i32 = 112 << 10;
const FIELD_COST: i32 = 64;

/** False where they are more than hosts take for sure. */
export function fits(list: FieldList): bool {
  let size = list.count * FIELD_COST;
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    size += field.nameLength + field.valueLength;
  }
  return size <= MOST_BYTES;
}

/** Fields of that list; -1 where they are too many, or the host takes one of them for none. */
export function makeFields(list: FieldList): i32 {
  if (!fits(list)) return -1;
  rawFromList(list.first, list.count, ANSWER);
  return tag() ? -1 : word(4);
}

export function noFields(): i32 {
  return rawFields();
}
