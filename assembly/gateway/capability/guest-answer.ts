/** What a guest answers, as an answer of the API; host/capability/guest-answer.ts has the same rules. */
import { escape, GROWTH } from "../../json/escape";
import { lower } from "../../access/pattern";
import { Call } from "../call";
import { addGrants } from "../door/pages";
import { add, addLiteral, beginFields } from "../headers";
import { allocate } from "../memory";
import { replyWith } from "../reply";
import { begins, copy, is, put } from "../text";
import { Field, FieldList } from "../wasi/fields";
import { guestFailed, guestFailedBy } from "./faults";
import { fieldNamed } from "./message";
import { more, moreOf, say } from "./sentence";

/** Bytes of all headers together: more than a browser sends or takes. */
const MOST_HEADERS: i32 = 32768;

/** Who is told to have answered an operation, if it is one. */
let source: string = "";

/** Answers the caller with a guest's answer, or another `from`'s. False, and nothing answered, where that is none. */
export function answerWith(call: Call, fields: FieldList, from: string = ""): bool {
  source = from;
  const code = fieldNamed(fields, ":error");
  const status = statusOf(fields);
  if (status < 0) return false;
  const body = fieldNamed(fields, ":body");
  if (code != null) return answerError(call, status, code, body);
  const list = beginFields(fields.count);
  let size = 0;
  for (let i = 0; i < fields.count; i++) {
    const field = fields.at(i);
    if (!isAllowed(field)) continue;
    if (!isPlain(field)) {
      say("its answer has a header ");
      moreOf(field.name, field.nameLength);
      more(" that is none");
      guestFailed();
      return false;
    }
    size += field.nameLength + field.valueLength;
    add(list, field.name, field.nameLength, field.value, field.valueLength);
  }
  if (areTooLong(size)) return false;
  confine(list);
  const empty = status == 204 || status == 304 || body == null;
  replyWith(call, status, list, empty ? 0 : body!.value, empty ? 0 : body!.valueLength);
  return true;
}

/** Counts headers of a guest: true where they are more than are passed on. */
export function areTooLong(size: i32): bool {
  if (size > MOST_HEADERS) guestFailedBy("its answer has more headers than are passed on");
  return size > MOST_HEADERS;
}

function guestLied(how: string): bool {
  guestFailedBy(how);
  return false;
}

/** What no answer of a guest is without: it must not run in a page that has the gateway's origin. */
function confine(list: FieldList): void {
  seal(list);
  if (source.length) addLiteral(list, "daprlet-capability-source", source);
  addGrants(list);
}

/** Marks an answer that a guest had a part in. */
export function seal(list: FieldList): void {
  addLiteral(list, "x-content-type-options", "nosniff");
  addLiteral(list, "content-security-policy", "sandbox; default-src 'none'");
}

/** The status of an answer; -1: it has one that is none, and the guest failed. */
export function statusOf(fields: FieldList): i32 {
  const status = readStatus(fields);
  if (status < 0) guestFailedBy("its answer has a :status that is none");
  return status;
}

function readStatus(fields: FieldList): i32 {
  const field = fieldNamed(fields, ":status");
  if (field == null) return fieldNamed(fields, ":error") == null ? 200 : 500;
  if (field.valueLength != 3) return -1;
  let status = 0;
  for (let i: usize = 0; i < 3; i++) {
    const digit = <i32>load<u8>(field.value + i) - 0x30;
    if (<u32>digit > 9) return -1;
    status = status * 10 + digit;
  }
  return status >= 200 && status < 600 ? status : -1;
}

function answerError(call: Call, status: i32, code: Field, body: Field | null): bool {
  if (!isCode(code.value, code.valueLength)) return guestLied("its answer has an :error that is no code");
  const length = body == null ? 0 : body.valueLength;
  const text = allocate(length * GROWTH + code.valueLength + 64);
  let end = copy(put(text, '{"errorCode":"'), code.value, code.valueLength);
  end = put(end, '","message":"');
  if (body != null) end += escape(body.value, length, end, true);
  end = put(end, '"}');
  const list = beginFields(0);
  addLiteral(list, "content-type", "application/json");
  confine(list);
  replyWith(call, status, list, text, <i32>(end - text));
  return true;
}

/** A capital letter, then capitals, digits and underscores. */
function isCode(at: usize, length: i32): bool {
  if (length < 1 || length > 64) return false;
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(at + <usize>i);
    const isLetter = <u32>byte - 0x41 < 26;
    if (!isLetter && (i == 0 || (<u32>byte - 0x30 >= 10 && byte != 0x5f))) return false;
  }
  return true;
}

/** Lowers the name in its place. True for a header that speaks neither for the connection nor for the gateway. */
function isAllowed(field: Field): bool {
  const name = field.name;
  const length = field.nameLength;
  for (let i: usize = 0; i < <usize>length; i++) store<u8>(name + i, lower(load<u8>(name + i)));
  if (begins(name, length, "x-")) return length > 2 && isWord(name, length) && !is(name, length, "x-content-type-options");
  return (
    is(name, length, "content-type") ||
    is(name, length, "content-language") ||
    is(name, length, "content-disposition") ||
    is(name, length, "content-encoding") ||
    is(name, length, "cache-control") ||
    is(name, length, "etag") ||
    is(name, length, "expires") ||
    is(name, length, "last-modified") ||
    is(name, length, "vary") ||
    is(name, length, "retry-after") ||
    is(name, length, "age") ||
    is(name, length, "date") ||
    is(name, length, "location")
  );
}

function isWord(at: usize, length: i32): bool {
  for (let i: usize = 0; i < <usize>length; i++) {
    const byte = load<u8>(at + i);
    if (<u32>byte - 0x61 >= 26 && <u32>byte - 0x30 >= 10 && byte != 0x2d) return false;
  }
  return true;
}

/** Visible ASCII and spaces: a line end would begin another header. */
function isPlain(field: Field): bool {
  for (let i: usize = 0; i < <usize>field.valueLength; i++) {
    const byte = load<u8>(field.value + i);
    if (byte != 0x09 && <u32>byte - 0x20 >= 0x5f) return false;
  }
  return true;
}
