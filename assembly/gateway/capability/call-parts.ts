/** What calls of guests have in common: fields that must be there, methods, refusals. */
import { lower } from "../../access/pattern";
import { fieldNamed } from "./message";
import { Field, FieldList } from "../wasi/fields";
import { is, isLowered } from "../text";
import { refuseCall } from "./results";
import { more, moreOf, say } from "./sentence";

const DELETE: u8 = 0x7f;

/** A field with a value, or null: then the call is refused. */
export function required(part: FieldList, name: string): Field | null {
  const field = fieldNamed(part, name);
  if (field != null && field.valueLength) return field;
  say("the call has no ");
  more(name);
  refuseCall(400, "ERR_BAD_REQUEST");
  return null;
}

export function refuseAsWrong(cause: string): void {
  refuseCall(400, "ERR_BAD_REQUEST", cause);
}

/** Refuses what nobody granted: `what` and a name, which is shown. */
export function refuseAsForbidden(what: string, name: usize, length: i32): void {
  say(what);
  moreOf(name, length);
  more(" was not asked for in the package's manifest, or not granted by the user");
  refuseCall(403, "ERR_CAPABILITY_NOT_GRANTED");
}

/** The number on wasi:http of the call's method, GET where it has none; -1: it is refused. */
export function methodOf(part: FieldList): i32 {
  const method = methodNumber(part);
  if (method < 0) refuseAsWrong("the call has a :method that is not one of HTTP's usual ones");
  return method;
}

/** The same, of which nothing is said; -1: it is not one of HTTP's usual ones. */
export function methodNumber(part: FieldList): i32 {
  const field = fieldNamed(part, ":method");
  if (field == null || field.valueLength == 0) return 0;
  const at = field.value;
  switch (field.valueLength) {
    case 3:
      if (isLowered(at, "get")) return 0;
      if (isLowered(at, "put")) return 3;
      break;
    case 4:
      if (isLowered(at, "head")) return 1;
      if (isLowered(at, "post")) return 2;
      break;
    case 5:
      if (isLowered(at, "patch")) return 8;
      break;
    case 6:
      if (isLowered(at, "delete")) return 4;
  }
  return -1;
}

/** True where a text can be the value of a header. */
export function isFieldValue(at: usize, length: i32): bool {
  for (let i: usize = 0; i < <usize>length; i++) {
    const byte = load<u8>(at + i);
    if ((byte < 0x20 && byte != 0x09) || byte == DELETE) return false;
  }
  return true;
}

/** True where a name, which is lowered in its place, can be a header's (RFC 9110 §5.6.2). */
export function isFieldName(at: usize, length: i32): bool {
  if (length == 0) return false;
  for (let i: usize = 0; i < <usize>length; i++) {
    const byte = lower(load<u8>(at + i));
    store<u8>(at + i, byte);
    const isPlain = <u32>byte - 0x61 < 26 || <u32>byte - 0x30 < 10;
    if (isPlain || byte == 0x21 || (byte >= 0x23 && byte <= 0x27) || byte == 0x2a || byte == 0x2b) continue;
    if (byte == 0x2d || byte == 0x2e || (byte >= 0x5e && byte <= 0x60) || byte == 0x7c || byte == 0x7e) continue;
    return false;
  }
  return true;
}

/** The call's content type, or null. */
export function typeOf(part: FieldList): Field | null {
  return fieldNamed(part, "content-type");
}

/** True where the content type, if there is one, can be a header; else the call is refused. */
export function hasPlainType(part: FieldList): bool {
  const type = typeOf(part);
  if (type == null || isFieldValue(type.value, type.valueLength)) return true;
  refuseAsWrong("content-type is no value of a header");
  return false;
}

/** True where a field of the call is this text. */
export function says(field: Field | null, text: string): bool {
  return field != null && is(field.value, field.valueLength, text);
}
