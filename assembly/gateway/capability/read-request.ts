/** A request as a guest is told it, checked by the operation's description; host/capability/read-request.ts has the same. */
import { unescape } from "../../http/percent";
import { SKIP } from "../../json/fields";
import { Call, findField } from "../call";
import { ERR_CAPABILITY_REQUEST } from "../errors.gen";
import { allocate } from "../memory";
import { BodyType, Guest, Operation, Parameter, PLACE_HEADER, PLACE_PATH, PLACE_QUERY } from "../records.gen";
import { fail } from "../reply";
import { scanBody } from "../state/scan-body";
import { begins, indexOf, same } from "../text";
import { readWhole, TOO_LARGE, TOO_SLOW, wholeBody } from "../whole-body";
import { addField, addText, beginMessage, REQUEST } from "./message";
import { isFitting, isJsonOf, mayBeSoMany } from "./schema-check";
import { asParameter, more, moreOf, say } from "./sentence";

const AMPERSAND: u8 = 0x26;
const EQUALS: u8 = 0x3d;
const COMMA: u8 = 0x2c;
const SLASH: u8 = 0x2f;
const SEMICOLON: u8 = 0x3b;
const SPACE: u8 = 0x20;

/** The guest whose operation is asked for. */
let owner: usize = 0;

let bodySize: i32 = 0;

/** Bytes of the body of the request that was read last. */
export function requestBodySize(): i32 {
  return bodySize;
}

/** Makes it the message. False where the caller was told what is wrong with it. */
export function readRequest(call: Call, guest: Guest, operation: Operation, path: usize, length: i32): bool {
  owner = changetype<usize>(guest);
  const size = readBody(call);
  if (size < 0) return false;
  bodySize = size;
  beginMessage(REQUEST);
  addText(":offer", operation.offer, operation.offerLength);
  addText(":operation", operation.id, operation.idLength);
  addText(":method", operation.method, operation.methodLength);
  const slashed = allocate(length + 1);
  store<u8>(slashed, SLASH);
  memory.copy(slashed + 1, path, length);
  addText(":path", slashed, length + 1);
  addText(":query", call.query, call.queryLength);
  addText(":body", wholeBody(), size);
  if (!isBodyTaken(call, operation, size)) return false;
  addHeader(call, "accept");
  addHeader(call, "content-type");
  for (let i: u32 = 0; i < operation.parametersCount; i++) {
    if (!addParameter(call, operation, operation.parameter(i), path, length)) return false;
  }
  return true;
}

/** Reads the body whole: its length, or -1 where the caller was told why that cannot be. */
export function readBody(call: Call): i32 {
  const size = readWhole(call);
  if (size == TOO_LARGE) refused(call, "the body is larger than the gateway takes", 413);
  else if (size < 0) refused(call, size == TOO_SLOW ? "the body did not come in time" : "the body ended early", 400);
  return size < 0 ? -1 : size;
}

function refused(call: Call, cause: string, status: i32): bool {
  say(cause);
  asParameter(0);
  fail(call, ERR_CAPABILITY_REQUEST, status);
  return false;
}

export function addHeader(call: Call, name: string): void {
  const field = findField(call.fields, name);
  if (field != null) addText(name, field.value, field.valueLength);
}

function isBodyTaken(call: Call, operation: Operation, size: i32): bool {
  if (size == 0) return operation.needsBody ? refused(call, "a body is required", 400) : true;
  if (operation.typesCount == 0) return true;
  const field = findField(call.fields, "content-type");
  const at: usize = field == null ? 0 : field.value;
  let end: usize = field == null ? 0 : indexOf(at, at + field.valueLength, SEMICOLON);
  while (end > at && load<u8>(end - 1) == SPACE) end--;
  for (let i: u32 = 0; i < operation.typesCount; i++) {
    const type = operation.type(i);
    if (!isType(type.text, type.textLength, at, <i32>(end - at))) continue;
    return isOfType(type, size) ? true : refused(call, "the body does not match its schema", 400);
  }
  return refused(call, "a body of this type is not taken", 415);
}

/** Whether the body is what is asked of bodies of its type. */
function isOfType(type: BodyType, size: i32): bool {
  if (!type.isJson) return true;
  const body = wholeBody();
  return scanBody(SKIP, body, size) == 0 && isJsonOf(changetype<Guest>(owner), type.schema, body, size);
}

/** Whether a type is the described one, of which the part behind the slash, or both, may be a star. */
function isType(known: usize, knownLength: i32, type: usize, length: i32): bool {
  if (begins(known, knownLength, "*/*")) return true;
  const wild = load<u8>(known + knownLength - 1) == 0x2a;
  const compared = wild ? knownLength - 1 : length;
  if (wild ? length < compared : knownLength != length) return false;
  for (let i: usize = 0; i < <usize>compared; i++) if ((load<u8>(type + i) | lowering(load<u8>(type + i))) != load<u8>(known + i)) return false;
  return true;
}

// @ts-ignore: decorator
@inline
function lowering(byte: u8): u8 {
  return <u32>byte - 0x41 < 26 ? 0x20 : 0;
}

const MISMATCH: string = " does not match its schema";

/** The values of the parameter that is being read. */
let given: i32 = 0;

function addParameter(call: Call, operation: Operation, one: Parameter, path: usize, length: i32): bool {
  given = 0;
  if (one.place == PLACE_PATH) {
    if (!addFromPath(call, operation, one, path, path + length)) return false;
  } else if (one.place == PLACE_QUERY) {
    if (!addFromQuery(call, one)) return false;
  } else if (!addFromHeader(call, one)) return false;
  if (given == 0 && one.isRequired) return refuseParameter(call, one, " is required");
  if (!one.isList) return given < 2 || refuseParameter(call, one, " is given more than once");
  return !given || mayBeSoMany(changetype<Guest>(owner), one, given) || refuseParameter(call, one, MISMATCH);
}

function addFromPath(call: Call, operation: Operation, one: Parameter, path: usize, end: usize): bool {
  let at = path;
  for (let i: u32 = 0; i < operation.segmentsCount; i++) {
    const stop = indexOf(at, end, SLASH);
    const segment = operation.segment(i);
    if (segment.takes && same(segment.text, segment.textLength, one.name, one.nameLength)) {
      return addValues(call, one, at, <i32>(stop - at));
    }
    at = stop + 1;
  }
  return true;
}

function addFromQuery(call: Call, one: Parameter): bool {
  const end = call.query + call.queryLength;
  for (let at = call.query; at < end; ) {
    const stop = indexOf(at, end, AMPERSAND);
    const equals = indexOf(at, stop, EQUALS);
    const name = allocate(stop - at);
    const nameLength = unescape(at, <i32>(equals - at), name, true);
    if (nameLength >= 0 && same(name, nameLength, one.name, one.nameLength)) {
      const from = min(equals + 1, stop);
      const value = allocate(stop - from);
      const size = unescape(from, <i32>(stop - from), value, true);
      if (size < 0) return refuseParameter(call, one, " has an escape that is none");
      if (!addValues(call, one, value, size)) return false;
    }
    at = stop + 1;
  }
  return true;
}

function addFromHeader(call: Call, one: Parameter): bool {
  for (let i = 0; i < call.fieldCount; i++) {
    const field = call.fields.at(i);
    if (!same(field.name, field.nameLength, one.name, one.nameLength)) continue;
    return addValues(call, one, field.value, field.valueLength);
  }
  return true;
}

/** One value, or those between its commas. */
function addValues(call: Call, one: Parameter, value: usize, length: i32): bool {
  if (!one.isList || one.explodes) return addValue(call, one, value, length);
  const end = value + length;
  for (let at = value; at <= end; ) {
    const stop = indexOf(at, end, COMMA);
    if (!addValue(call, one, at, <i32>(stop - at))) return false;
    at = stop + 1;
  }
  return true;
}

function addValue(call: Call, one: Parameter, value: usize, length: i32): bool {
  given++;
  if (!isFitting(changetype<Guest>(owner), one, value, length)) return refuseParameter(call, one, MISMATCH);
  addField(one.field, one.fieldLength, value, length);
  return true;
}

function refuseParameter(call: Call, one: Parameter, what: string): bool {
  say(one.place == PLACE_PATH ? "path" : one.place == PLACE_HEADER ? "header" : "query");
  more(" parameter ");
  moreOf(one.name, one.nameLength);
  more(what);
  asParameter(0);
  fail(call, ERR_CAPABILITY_REQUEST);
  return false;
}
