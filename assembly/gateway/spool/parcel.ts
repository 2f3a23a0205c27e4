import { Call, findField } from "../call";
import { allocate } from "../memory";
import { copy, is, put } from "../text";
import { Field } from "../wasi/fields";
import { POST } from "../wasi/incoming";

/**
 * An event as it waits: what has to be known to send it, in this order behind the record, and then its body.
 *
 *   ┌───────┬───────┬──────────────┬─────────────┬────────────┬─────┐
 *   │ topic │ query │ content-type │ traceparent │ tracestate │ via │
 *   └───────┴───────┴──────────────┴─────────────┴────────────┴─────┘
 */
@unmanaged
export class Parcel {
  form: u32;
  topicLength: u32;
  queryLength: u32;
  typeLength: u32;
  parentLength: u32;
  stateLength: u32;
  viaLength: u32;

  get topic(): usize {
    return changetype<usize>(this) + offsetof<Parcel>();
  }
}

const FIELDS: i32 = 4;

let packed: usize = 0;
let packedLength: i32 = 0;

// @ts-ignore: decorator
@inline
export function parcelBytes(): usize {
  return packed;
}

// @ts-ignore: decorator
@inline
export function parcelSize(): i32 {
  return packedLength;
}

/** Makes a parcel of a call, whose body is there as a whole. */
export function pack(call: Call, form: u32, topic: usize, topicLength: i32): void {
  const type = findField(call.fields, "content-type");
  const parent = findField(call.fields, "traceparent");
  const state = findField(call.fields, "tracestate");
  const texts = topicLength + call.queryLength + lengthOf(type) + lengthOf(parent) + lengthOf(state) + hopsLength(call);
  packed = allocate(<usize>offsetof<Parcel>() + texts + call.givenLength);
  const parcel = changetype<Parcel>(packed);
  parcel.form = form;
  parcel.topicLength = topicLength;
  parcel.queryLength = call.queryLength;
  parcel.typeLength = lengthOf(type);
  parcel.parentLength = lengthOf(parent);
  parcel.stateLength = lengthOf(state);
  parcel.viaLength = hopsLength(call);
  let end = copy(copy(parcel.topic, topic, topicLength), call.query, call.queryLength);
  end = putHops(copyValue(copyValue(copyValue(end, type), parent), state), call);
  packedLength = <i32>(copy(end, call.given, call.givenLength) - packed);
}

function lengthOf(field: Field | null): i32 {
  return field == null ? 0 : field.valueLength;
}

function copyValue(to: usize, field: Field | null): usize {
  return field == null ? to : copy(to, field.value, field.valueLength);
}

/** Of all fields that tell which gateways it has passed: each gateway adds one. */
function hopsLength(call: Call): i32 {
  let length = 0;
  for (let i = 0; i < call.fieldCount; i++) if (isHop(call.fields.at(i))) length += call.fields.at(i).valueLength + 1;
  return length;
}

function putHops(to: usize, call: Call): usize {
  for (let i = 0; i < call.fieldCount; i++) {
    if (isHop(call.fields.at(i))) to = put(copyValue(to, call.fields.at(i)), ",");
  }
  return to;
}

function isHop(field: Field): bool {
  return is(field.name, field.nameLength, "via");
}

/** Makes a call of a parcel, which is nobody's but the gateway's. The parcel has to stay where it is. */
export function unpack(call: Call, parcel: Parcel, length: i32): void {
  memory.fill(changetype<usize>(call), 0, offsetof<Call>());
  call.request = -1;
  call.out = -1;
  call.method = POST;
  call.query = parcel.topic + parcel.topicLength;
  call.queryLength = parcel.queryLength;
  call.firstField = allocate(FIELDS * offsetof<Field>());
  let at = addField(call, "content-type", call.query + parcel.queryLength, parcel.typeLength);
  at = addField(call, "traceparent", at, parcel.parentLength);
  at = addField(call, "tracestate", at, parcel.stateLength);
  at = addField(call, "via", at, parcel.viaLength);
  call.given = at;
  call.givenLength = length - <i32>(at - changetype<usize>(parcel));
}

/** Adds a field, if it has a value, and answers where that ends. */
function addField(call: Call, name: string, value: usize, length: u32): usize {
  if (length == 0) return value;
  const field = call.fields.at(call.fieldCount++);
  field.name = allocate(name.length);
  field.nameLength = name.length;
  put(field.name, name);
  field.value = value;
  field.valueLength = length;
  return value + length;
}
