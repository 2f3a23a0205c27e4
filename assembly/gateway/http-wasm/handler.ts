/** What a guest may import of `http_handler`; host/capability/http-wasm/handler-functions.ts has the same, with each span checked. */
import { lower } from "../../access/pattern";
import { isFieldName } from "../capability/call-parts";
import { allocate, mark, release } from "../memory";
import { put, same } from "../text";
import { FieldList } from "../wasi/fields";
import { configured, enable, exchange, mayChange, mayRead, setStatus, statusOf } from "./exchange";
import { check, give, taken } from "./guest";
import { append, HeaderList, namesOf, remove } from "./header-list";
import { fail, failAt, log as logLine, tick } from "./host";
import { readPart, writePart } from "./message-body";
import { setUri } from "./uri";

/** Bytes of a line: what is beyond is left out. */
const MOST_LINE: u32 = 1024;

/** Kinds of headers: those of the request, of the response, and the trailers of both, of which there are none. */
const RESPONSE: u32 = 1;
const TRAILERS: u32 = 4;

const ANSWER_OUTSIDE = "where it wants an answer is outside of its memory";

export function enableFeatures(wanted: i32): i32 {
  return enable(wanted);
}

export function getConfig(buffer: u32, limit: u32): i32 {
  return giveText(configured().config, configured().configLength, buffer, limit);
}

/** From -1 on: debug, info, warn, error; what is beyond is said to nobody. */
export function logEnabled(level: i32): i32 {
  return <u32>(level + 1) < 4 ? 1 : 0;
}

export function log(level: i32, message: u32, length: u32): void {
  tick();
  if (length) check(message, length, "what it logs is outside of its memory");
  const before = mark();
  const size = min(length, MOST_LINE);
  const text = taken(message, size, "");
  if (logEnabled(level)) logLine(level + 1, text, size);
  release(before);
}

export function getMethod(buffer: u32, limit: u32): i32 {
  const one = exchange();
  return giveText(one.method, one.methodLength, buffer, limit);
}

export function setMethod(at: u32, length: u32): void {
  const one = exchange();
  mayChange(one, false);
  const method = taken(at, length, "a method is outside of its memory");
  if (!isFieldName(method, length)) fail("it sets a method that is none");
  for (let i: usize = 0; i < length; i++) {
    const byte = load<u8>(method + i);
    if (<u32>byte - 0x61 < 26) store<u8>(method + i, byte - 0x20);
  }
  one.renamed = one.renamed || !same(method, length, one.method, one.methodLength);
  one.method = method;
  one.methodLength = length;
}

export function getUri(buffer: u32, limit: u32): i32 {
  const one = exchange();
  return giveText(one.uri, one.uriLength, buffer, limit);
}

export function changeUri(at: u32, length: u32): void {
  const one = exchange();
  mayChange(one, false);
  setUri(one, taken(at, length, "a URI is outside of its memory"), length);
}

export function getProtocolVersion(buffer: u32, limit: u32): i32 {
  const before = mark();
  const at = allocate(8);
  put(at, "HTTP/1.1");
  const length = giveText(at, 8, buffer, limit);
  release(before);
  return length;
}

/** WASI does not tell who calls. */
export function getSourceAddr(buffer: u32, limit: u32): i32 {
  exchange();
  return 0;
}

export function getHeaderNames(kind: u32, buffer: u32, limit: u32): u64 {
  tick();
  const list = fieldsOf(kind);
  if (list == null) return 0;
  const before = mark();
  const answer = giveList(namesOf(list), 0, 0, buffer, limit);
  release(before);
  return answer;
}

export function getHeaderValues(kind: u32, name: u32, length: u32, buffer: u32, limit: u32): u64 {
  tick();
  const before = mark();
  const wanted = nameAt(name, length);
  const list = fieldsOf(kind);
  const answer = list == null ? 0 : giveList(list, wanted, length, buffer, limit);
  release(before);
  return answer;
}

export function setHeaderValue(kind: u32, name: u32, nameLength: u32, value: u32, length: u32): void {
  tick();
  const list = changing(kind);
  const named = nameAt(name, nameLength);
  remove(list, named, nameLength);
  append(list, named, nameLength, valueAt(value, length), length);
}

export function addHeaderValue(kind: u32, name: u32, nameLength: u32, value: u32, length: u32): void {
  tick();
  const list = changing(kind);
  append(list, nameAt(name, nameLength), nameLength, valueAt(value, length), length);
}

export function removeHeader(kind: u32, name: u32, length: u32): void {
  tick();
  const before = mark();
  const wanted = nameAt(name, length);
  if (fieldsOf(kind) != null) remove(changing(kind), wanted, length);
  release(before);
}

export function readBody(kind: u32, buffer: u32, limit: u32): u64 {
  tick();
  if (kind > RESPONSE) failAt("it asks for a body of kind ", kind);
  const one = exchange();
  mayRead(one, kind == RESPONSE);
  if (limit == 0) fail("it reads a body into a buffer of no bytes");
  check(buffer, limit, "where it reads a body is outside of its memory");
  const body = kind ? one.responseBody : one.requestBody;
  const count = readPart(body, buffer, limit);
  return (<u64>(body.at == body.length ? 1 : 0) << 32) | <u64>count;
}

export function writeBody(kind: u32, at: u32, length: u32): void {
  tick();
  if (kind > RESPONSE) failAt("it asks for a body of kind ", kind);
  const one = exchange();
  mayChange(one, kind == RESPONSE);
  if (length) check(at, length, "what it writes is outside of its memory");
  writePart(kind ? one.responseBody : one.requestBody, at, length);
}

export function getStatusCode(): i32 {
  return statusOf(exchange());
}

export function setStatusCode(status: u32): void {
  setStatus(exchange(), status);
}

/** Null: trailers. */
function fieldsOf(kind: u32): HeaderList | null {
  const one = exchange();
  if (kind > RESPONSE && kind < TRAILERS) return null;
  if (kind >= TRAILERS) failAt("it asks for a header of kind ", kind);
  return kind ? one.responseFields : one.requestFields;
}

function changing(kind: u32): HeaderList {
  const list = fieldsOf(kind);
  if (list == null) fail("it sets a trailer, and this host did not enable the feature trailers");
  mayChange(exchange(), kind == RESPONSE);
  return list!;
}

function nameAt(at: u32, length: u32): usize {
  if (length == 0) fail("it names a header by no text");
  const name = taken(at, length, "the name of a header is outside of its memory");
  for (let i: usize = 0; i < length; i++) store<u8>(name + i, lower(load<u8>(name + i)));
  return name;
}

function valueAt(at: u32, length: u32): usize {
  return taken(at, length, "the value of a header is outside of its memory");
}

/** Answers its length, and writes it where it fits: the guest comes again with more room else. */
function giveText(text: usize, length: i32, buffer: u32, limit: u32): i32 {
  tick();
  if (length > 0 && <u32>length <= limit) {
    check(buffer, length, ANSWER_OUTSIDE);
    give(buffer, text, length);
  }
  return length;
}

/** Values, each with a zero behind it; of all fields without a name. Answers how many there are, and how many bytes. */
function giveList(list: FieldList, name: usize, nameLength: i32, buffer: u32, limit: u32): u64 {
  let size: i32 = 0;
  let count = 0;
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    if (name && !same(field.name, field.nameLength, name, nameLength)) continue;
    size += field.valueLength + 1;
    count++;
  }
  if (size > 0 && <u32>size <= limit) {
    check(buffer, size, ANSWER_OUTSIDE);
    const text = allocate(size);
    let end = text;
    for (let i = 0; i < list.count; i++) {
      const field = list.at(i);
      if (name && !same(field.name, field.nameLength, name, nameLength)) continue;
      memory.copy(end, field.value, field.valueLength);
      end += <usize>field.valueLength;
      store<u8>(end++, 0);
    }
    give(buffer, text, size);
  }
  return (<u64>count << 32) | <u64>size;
}
