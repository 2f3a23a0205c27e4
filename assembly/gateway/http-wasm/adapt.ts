/**
 * A guest of http-wasm as a middleware of our own ABI: this module is the guest that the gateway sees, and the host that the
 * guest of http-wasm sees. It is composed in beside each of those, so a gateway without them has nothing of it.
 */
import { allocate, release } from "../memory";
import {
  SETTING_BRIEF,
  SETTING_INITIALIZES,
  SETTING_STARTS,
} from "../records.gen";
import { addField, addText, ANSWER, beginMessage, fieldNamed, messageLength, messageStart, readMessage } from "../capability/message";
import { says } from "../capability/call-parts";
import { indexOf, put, putNumber } from "../text";
import { Field, FieldList } from "../wasi/fields";
import { answered, begin, buffersResponse, Exchange, exchange, setConfig } from "./exchange";
import { guestInitialize, guestRequest, guestResponse, guestStart, limitMemory } from "./guest";
import { append, has, HeaderList, readList } from "./header-list";
import { settings } from "./host";
import { open, precede } from "./message-body";
import { flushLines } from "./wasi";

const FIELDS: usize = memory.data(8, 4);
const QUESTION_MARK: u8 = 0x3f;

let begun: bool = false;
/** Where the arena begins. */
let base: usize = 0;
/** What the guest knows its exchange by. */
let context: i32 = 0;

/** What the guest said of the response before the request went on. */
let earlyStatus: i32 = 0;
let earlyFields: usize = 0;
let earlyBody: usize = 0;
let earlyLength: i32 = 0;

export function abiVersion(): i32 {
  return 1;
}

export function allocateMessage(size: i32): usize {
  const at = allocate(<usize>size + 8);
  if (base == 0) base = at;
  return at;
}

/** `pointer << 32 | length` of the answer. */
export function handleMessage(at: usize, length: i32): u64 {
  const list = changetype<FieldList>(FIELDS);
  readMessage(at, length, list);
  if (says(fieldNamed(list, ":operation"), "handle-request")) {
    // What an exchange left behind that never saw its response is not needed any more.
    release(base);
    const moved = allocate(<usize>length + 8);
    memory.copy(moved, at, length);
    readMessage(moved, length, list);
    handleRequest(list);
  } else handleResponse(list);
  return (<u64>messageStart() << 32) | <u64>messageLength();
}

function valueOf(list: FieldList, name: string): Field {
  return fieldNamed(list, name)!;
}

/** The guest's start functions run with its first request: they take its time. */
function beginGuest(): void {
  if (begun) return;
  begun = true;
  if (settings() & SETTING_STARTS) guestStart();
  if (settings() & SETTING_INITIALIZES) guestInitialize();
  flushLines();
}

function handleRequest(list: FieldList): void {
  limitMemory();
  const config = valueOf(list, ":config");
  setConfig(config.value, config.valueLength);
  beginGuest();
  const body = valueOf(list, ":body");
  const one = begin(readList(list), body.value, body.valueLength);
  const method = valueOf(list, ":method");
  one.method = method.value;
  one.methodLength = method.valueLength;
  takeUri(one, valueOf(list, ":path"), valueOf(list, ":query"));
  const said = guestRequest();
  context = <i32>(said >> 32);
  flushLines();
  beginMessage(ANSWER);
  if (<u32>said) tellRequest(one);
  else {
    addNumber(":status", one.status ? one.status : 200);
    addText(":body", one.responseBody.written, one.responseBody.size);
    addList(one.responseFields);
  }
}

function takeUri(one: Exchange, path: Field, query: Field): void {
  const size = path.valueLength + query.valueLength;
  one.uri = allocate(<usize>size + 1);
  memory.copy(one.uri, path.value, path.valueLength);
  store<u8>(one.uri + <usize>path.valueLength, QUESTION_MARK);
  memory.copy(one.uri + <usize>path.valueLength + 1, query.value, query.valueLength);
  one.uriLength = query.valueLength ? size + 1 : path.valueLength;
}

/** The request goes on, as the guest left it. */
function tellRequest(one: Exchange): void {
  addLiteral(":next", "true");
  if (one.renamed) addText(":method", one.method, one.methodLength);
  if (one.moved) {
    const last = one.uri + <usize>one.uriLength;
    const mark = indexOf(one.uri, last, QUESTION_MARK);
    const query = min(mark + 1, last);
    addText(":path", one.uri, <i32>(mark - one.uri));
    addText(":query", query, <i32>(last - query));
  }
  const body = one.requestBody;
  if (body.written) addText(":body", body.written, body.size);
  else if (body.at && !(one.features & 1)) addText(":body", body.start + <usize>body.at, body.length - body.at);
  if (one.requestFields.changed) {
    addLiteral(":fields", "1");
    addList(one.requestFields);
  }
  const isBrief = (settings() & SETTING_BRIEF) != 0;
  earlyStatus = one.statusChanged ? one.status : 0;
  earlyFields = changetype<usize>(one.responseFields);
  earlyBody = one.responseBody.written;
  earlyLength = one.responseBody.size;
  if (earlyBody || (!isBrief && buffersResponse(one))) addLiteral(":sees", "all");
  else if (!isBrief || earlyStatus || one.responseFields.count) addLiteral(":sees", "head");
}

function handleResponse(list: FieldList): void {
  limitMemory();
  const one = exchange();
  const given = statusIn(valueOf(list, ":status"));
  const body = valueOf(list, ":body");
  const fields = readList(list);
  // What it said before comes first; headers of the answer stand.
  open(one.responseBody, body.value, body.valueLength);
  if (earlyBody) precede(one.responseBody, earlyBody, earlyLength);
  addEarly(fields);
  const hasEarly = fields.changed;
  fields.changed = false;
  // Where the response is not buffered, a status is on its way as soon as it is set.
  const status = earlyStatus && !buffersResponse(one) ? earlyStatus : given;
  answered(one, status, fields);
  if (!(settings() & SETTING_BRIEF)) {
    guestResponse(context, 0);
    flushLines();
  }
  beginMessage(ANSWER);
  addLiteral(":next", "true");
  if (one.status != given) addNumber(":status", one.status);
  const written = one.responseBody;
  if (written.written) addText(":body", written.written, written.size);
  else if (earlyBody) addText(":body", written.start, written.length);
  if (!hasEarly && !one.responseFields.changed) return;
  addLiteral(":fields", "1");
  addList(one.responseFields);
}

function addEarly(fields: HeaderList): void {
  const early = changetype<HeaderList>(earlyFields);
  const known = changetype<FieldList>(allocate(offsetof<FieldList>()));
  known.first = fields.first;
  known.count = fields.count;
  for (let i = 0; i < early.count; i++) {
    const field = early.at(i);
    if (!has(known, field.name, field.nameLength)) append(fields, field.name, field.nameLength, field.value, field.valueLength);
  }
}

function statusIn(field: Field): i32 {
  let status = 0;
  for (let i: usize = 0; i < <usize>field.valueLength; i++) status = status * 10 + load<u8>(field.value + i) - 0x30;
  return status;
}

function addLiteral(name: string, value: string): void {
  const at = allocate(value.length);
  put(at, value);
  addText(name, at, value.length);
}

function addNumber(name: string, value: i32): void {
  const digits = allocate(20);
  addText(name, digits, <i32>(putNumber(digits, value) - digits));
}

/** Headers as they go on: line ends become a space, as in Go. */
function addList(list: HeaderList): void {
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    const text = allocate(field.valueLength);
    const end = plain(field.value, field.value + <usize>field.valueLength, text);
    addField(field.name, field.nameLength, text, <i32>(end - text));
  }
}

function plain(at: usize, last: usize, to: usize): usize {
  const start = to;
  for (; at < last; at++) {
    const byte = load<u8>(at);
    if (byte != 0x0a && byte != 0x0d) store<u8>(to++, byte);
    else if (at + 1 == last || (load<u8>(at, 1) != 0x0a && load<u8>(at, 1) != 0x0d)) store<u8>(to++, 0x20);
  }
  while (to > start && load<u8>(to - 1) == 0x20) to--;
  return to;
}
