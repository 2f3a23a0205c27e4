/** A call of the API that a guest asks for: it takes the place of the request for as long as it lasts. */
import { route } from "../../http/route";
import { CHUNK, INBOX } from "../../memory";
import { A_GUESTS, Call, call, findField, verb } from "../call";
import { isBlocked } from "../door/api";
import { FieldList } from "../wasi/fields";
import { add, addNamed, beginFields } from "../headers";
import { allocate } from "../memory";
import { is, put } from "../text";
import { closeSince, kept } from "../wasi/handles";
import { AS_IT_IS } from "../state/remote-answer";
import { encode, ENCODED_GROWTH } from "../wire-path";

/** The request that the guest answers. */
const OUTER: usize = memory.data(offsetof<Call>(), 8);
let handles: i32 = 0;

/**
 * Begins one of that method, with those of the caller's fields that speak of its way, and room for so many others beside the
 * usual ones.
 */
export function beginInner(method: i32, until: u64, room: i32 = 0): Call {
  const inner = call();
  memory.copy(OUTER, changetype<usize>(inner), offsetof<Call>());
  handles = kept();
  const outer = changetype<Call>(OUTER);
  memory.fill(changetype<usize>(inner), 0, offsetof<Call>());
  inner.request = A_GUESTS;
  inner.out = -1;
  inner.method = method;
  inner.until = until;
  inner.answerAs = AS_IT_IS;
  inner.authority = outer.authority;
  inner.authorityLength = outer.authorityLength;
  const fields = inner.fields;
  fields.first = beginFields(room).first;
  pass(outer.fields, fields, "via");
  pass(outer.fields, fields, "traceparent");
  return inner;
}

function pass(from: FieldList, list: FieldList, name: string): void {
  const field = findField(from, name);
  if (field != null) add(list, field.name, field.nameLength, field.value, field.valueLength);
}

/** Adds a field. No other list may have been begun since the call was. */
export function addInner(inner: Call, name: string, value: usize, length: i32): void {
  addNamed(inner.fields, name, value, length);
}

/** Ends it: whatever it has opened is closed, and the request is the call again. */
export function endInner(): void {
  closeSince(handles);
  memory.copy(changetype<usize>(call()), OUTER, offsetof<Call>());
}

let path: usize = 0;
let end: usize = 0;

/** Begins a path that has room for texts of so many bytes. */
export function beginPath(start: string, bytes: i32): void {
  path = allocate(bytes * ENCODED_GROWTH + start.length + 64);
  end = put(path, start);
}

export function addToPath(text: string): void {
  end = put(end, text);
}

/** Adds one segment. */
export function addSegment(text: usize, length: i32): void {
  end = encode(end, text, length, true);
}

/** True for what is no name of a segment: such segments would be resolved. */
export function isNoSegment(text: usize, length: i32): bool {
  return length == 0 || is(text, length, ".") || is(text, length, "..");
}

/** Routes the path: the operation, or -1 where there is none that may be called. */
export function routeInner(inner: Call): i32 {
  inner.path = path;
  inner.pathLength = <i32>(end - path);
  if (inner.pathLength > CHUNK) return -1;
  memory.copy(INBOX, inner.path, inner.pathLength);
  const operation = route(verb(inner.method), inner.pathLength);
  return operation >= 0 && isBlocked(operation) ? -1 : operation;
}
