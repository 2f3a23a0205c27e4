/** What became of a guest's calls, as fields of the message that it goes on with. */
import { Call, findField } from "../call";
import { allocate } from "../memory";
import { begins, indexOf, is, put, putNumber } from "../text";
import { FieldList } from "../wasi/fields";
import { addField, addText, backToMark, markMessage } from "./message";
import { textLength, textStart } from "./sentence";
import { readTime } from "./time";

/** What a guest is told of an answer. */
export const OF_STATE: i32 = 0;
export const ALL: i32 = 1;
/** All, of a server that is nobody's app: an error of ours is one of the fetch. */
export const FETCHED: i32 = 2;
/** The body alone, where there is one, as a field of the request. */
const PREPARED: i32 = 3;

const QUOTE: u8 = 0x22;

let kind: i32 = OF_STATE;
let prepared: usize = 0;
let preparedLength: i32 = 0;
/** Bytes that all results of a call may have. */
let room: i32 = 0;

export function tell(what: i32): void {
  kind = what;
}

/** The next answer becomes this field. */
export function prepare(field: usize, length: i32): void {
  kind = PREPARED;
  prepared = field;
  preparedLength = length;
}

/** All results of a call have to find room in the guest's memory, so no more is held for it. */
export function limitResults(bytes: u32): void {
  room = <i32>min<u32>(bytes, 0x7fffffff);
}

/** The next result begins here: what was kept of one that broke off is forgotten. */
export function beginResult(): void {
  markMessage();
}

/** An answer of the gateway's own: its error has a code. */
export function keepOwn(call: Call, status: i32, list: FieldList, body: usize, length: i32): void {
  backToMark();
  if (kind == FETCHED) {
    call.answered = true;
    return refuseCall(500, "ERR_CAPABILITY_RESULT", "the server did not answer");
  }
  keepHead(call, status, list);
  keepBody(call, body, length);
  const code = '{"errorCode":"';
  if (kind == PREPARED || status < 400 || !begins(body, length, code)) return;
  const first = body + <usize>code.length;
  addText(":error", first, <i32>(indexOf(first, body + length, QUOTE) - first));
}

/** The head of an answer: its fields lie where its body may be read. */
export function keepHead(call: Call, status: i32, list: FieldList): void {
  backToMark();
  call.status = status;
  if (kind == PREPARED) return;
  addStatus(status);
  if (kind == OF_STATE) return addOfState(list);
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    const name = field.name;
    if (!is(name, field.nameLength, "set-cookie")) addField(name, field.nameLength, field.value, field.valueLength);
  }
}

/** Its body, with which it is there. */
export function keepBody(call: Call, body: usize, length: i32): void {
  call.answered = true;
  if (length > room) {
    backToMark();
    return refuseCall(500, "ERR_CAPABILITY_RESULT", "the answer is too large for its limits");
  }
  if (kind != PREPARED) addText(":body", body, length);
  else if (call.status == 200) addField(prepared, preparedLength, body, length);
  room -= length;
}

function addStatus(status: i32): void {
  const digits = allocate(20);
  addText(":status", digits, <i32>(putNumber(digits, status) - digits));
}

/** Of an item: its ETag, and when it expires in milliseconds since 1970. */
function addOfState(list: FieldList): void {
  const etag = findField(list, "etag");
  if (etag != null) addText("etag", etag.value, etag.valueLength);
  const expires = findField(list, "metadata.ttlexpiretime");
  const time = expires == null ? 0 : readTime(expires.value, expires.valueLength);
  if (!time) return;
  const digits = allocate(20);
  addText("expires", digits, <i32>(putNumber(digits, time) - digits));
}

/** A call that was not performed, with the sentence that was said last, or another one. */
export function refuseCall(status: i32, code: string, cause: string = ""): void {
  if (kind == PREPARED) return;
  addStatus(status);
  const text = allocate(code.length);
  put(text, code);
  addText(":error", text, code.length);
  if (cause.length) {
    const body = allocate(cause.length);
    put(body, cause);
    addText(":body", body, cause.length);
  } else addText(":body", textStart(), textLength());
}
