import { closeInbox, copied, count, putBytes, putText } from "./memory";
import { name, nameLength, nextField, openFields, value, valueLength } from "./fields";
import { addHeader } from "./headers";
import { caseOf, takeOnce } from "./incoming";
import { append, bufferOf, extend, Kind, lengthIn, number, ofKind, opened, record, setLength, setNumber, used } from "./records";
import { openOutgoingBody } from "./streams";
import { putEntries } from "./answer";
import { BODY, CALL, FETCH, isText, METHOD, PATH_FIELD, SIDECAR, STATUS, URL } from "./words";

/** `outgoing-request`: 4 headers, 8 body, 12 method's text, 16 path's, 20 authority's, 36 whether it is HTTPS. */
const HEADERS = 4;
const CONTENT = 8;
const VERB = 12;
const PATH = 16;
const AUTHORITY = 20;
const SECURE = 36;

/** `future-incoming-response`: 4 its request, 8 its response, 12 whether it was taken, 16 its turn among the calls. */
const REQUEST = 4;
const RESPONSE = 8;
const TAKEN = 12;

/** `incoming-response`: 4 headers, 8 body, 12 status. */
const CODE = 12;

export function new_outgoing_request(headers: i32): i32 {
  const request = opened(Kind.Request);
  setNumber(request, HEADERS, headers);
  return request;
}

function text(request: i32, place: usize, from: usize, length: i32): void {
  // A text is a record that has nothing but its buffer.
  let handle = number(request, place);
  if (handle == 0) handle = opened(Kind.Options);
  setLength(handle, 0);
  append(handle, from, length);
  setNumber(request, place, handle);
}

/** A method's text, by the case of its variant. */
function verb(which: i32): u64 {
  if (which == 1) return 0x44414548; // HEAD
  if (which == 2) return 0x54534f50; // POST
  if (which == 3) return 0x545550; // PUT
  if (which == 4) return 0x4554454c4544; // DELETE
  if (which == 5) return 0x5443454e4e4f43; // CONNECT
  if (which == 6) return 0x534e4f4954504f; // OPTIONS
  if (which == 7) return 0x4543415254; // TRACE
  if (which == 8) return 0x4843544150; // PATCH
  return 0x544547; // GET
}

export function outgoing_request_set_method(request: i32, which: i32, from: usize, length: i32): i32 {
  ofKind(request, Kind.Request);
  if (which == 9) {
    text(request, VERB, from, length);
    return 0;
  }
  text(request, VERB, 0, 0);
  const word = verb(which);
  const handle = number(request, VERB);
  store<u64>(extend(handle, 8), word);
  setLength(handle, 8 - <i32>(clz(word) >> 3));
  return 0;
}

export function outgoing_request_set_path_with_query(request: i32, there: i32, from: usize, length: i32): i32 {
  ofKind(request, Kind.Request);
  text(request, PATH, from, there == 0 ? 0 : length);
  return 0;
}

export function outgoing_request_set_scheme(request: i32, there: i32, which: i32, from: usize, length: i32): i32 {
  ofKind(request, Kind.Request);
  if (there != 0 && which == 2) return 1;
  setNumber(request, SECURE, there != 0 && which == 1 ? 1 : 0);
  return 0;
}

export function outgoing_request_set_authority(request: i32, there: i32, from: usize, length: i32): i32 {
  ofKind(request, Kind.Request);
  text(request, AUTHORITY, from, there == 0 ? 0 : length);
  return 0;
}

export function outgoing_request_method(request: i32, into: usize): void {
  const text = load<i32>(ofKind(request, Kind.Request) + VERB);
  store<u32>(into, 0);
  if (text == 0) return;
  const which = caseOf(bufferOf(text), lengthIn(text));
  store<u32>(into, which);
  if (which != 9) return;
  store<u32>(into, <u32>copied(bufferOf(text), lengthIn(text)), 4);
  store<i32>(into, lengthIn(text), 8);
}

/** `option<string>`. */
function optional(text: i32, into: usize): void {
  store<u32>(into, 0);
  if (text == 0 || lengthIn(text) == 0) return;
  store<u32>(into, 1);
  store<u32>(into, <u32>copied(bufferOf(text), lengthIn(text)), 4);
  store<i32>(into, lengthIn(text), 8);
}

export function outgoing_request_path_with_query(request: i32, into: usize): void {
  optional(load<i32>(ofKind(request, Kind.Request) + PATH), into);
}

export function outgoing_request_authority(request: i32, into: usize): void {
  optional(load<i32>(ofKind(request, Kind.Request) + AUTHORITY), into);
}

export function outgoing_request_scheme(request: i32, into: usize): void {
  store<u32>(into, 1);
  store<u32>(into, load<u32>(ofKind(request, Kind.Request) + SECURE), 4);
}

export function outgoing_request_headers(request: i32): i32 {
  return load<i32>(ofKind(request, Kind.Request) + HEADERS);
}

export function outgoing_request_body(request: i32, into: usize): void {
  openOutgoingBody(ofKind(request, Kind.Request) + CONTENT, into);
}

export function new_request_options(): i32 {
  return opened(Kind.Options);
}

/** A call's deadline is the host's. */
export function request_options_set_connect_timeout(options: i32, there: i32, time: u64): i32 {
  return 0;
}

export function request_options_set_first_byte_timeout(options: i32, there: i32, time: u64): i32 {
  return 0;
}

export function request_options_set_between_bytes_timeout(options: i32, there: i32, time: u64): i32 {
  return 0;
}

function noTime(into: usize): void {
  store<u8>(into, 0);
}

export function request_options_connect_timeout(options: i32, into: usize): void {
  noTime(into);
}

export function request_options_first_byte_timeout(options: i32, into: usize): void {
  noTime(into);
}

export function request_options_between_bytes_timeout(options: i32, into: usize): void {
  noTime(into);
}

/** No error of a stream is one of HTTP. */
export function types_http_error_code(error: i32, into: usize): void {
  store<u8>(into, 0);
}

/** The call is made with the others, once something waits for it. */
export function outgoing_handler_handle(request: i32, hasOptions: i32, options: i32, into: usize): void {
  ofKind(request, Kind.Request);
  const future = opened(Kind.Future);
  setNumber(future, REQUEST, request);
  store<u32>(into, 0);
  store<i32>(into, future, 8);
}

/** Of a pollable: 4 what it waits for, 0 nothing; 8 whether it is a timer. */
const TIMER = 8;

export function future_incoming_response_subscribe(future: i32): i32 {
  ofKind(future, Kind.Future);
  const pollable = opened(Kind.Pollable);
  setNumber(pollable, REQUEST, future);
  return pollable;
}

/** A timer: it is over as soon as nothing is asked for any more. Time passes only where something waits. */
export function monotonic_clock_subscribe_duration(time: u64): i32 {
  const pollable = opened(Kind.Pollable);
  setNumber(pollable, TIMER, 1);
  return pollable;
}

export function monotonic_clock_subscribe_instant(time: u64): i32 {
  return monotonic_clock_subscribe_duration(time);
}

export function isReady(pollable: i32): bool {
  ofKind(pollable, Kind.Pollable);
  if (number(pollable, TIMER) != 0) return !anyPending();
  const future = number(pollable, REQUEST);
  return future == 0 || number(future, RESPONSE) != 0;
}

/** `option<result<result<own<incoming-response>, error-code>>>`. */
export function future_incoming_response_get(future: i32, into: usize): void {
  ofKind(future, Kind.Future);
  memory.fill(into, 0, 40);
  if (number(future, RESPONSE) == 0) return;
  store<u8>(into, 1);
  if (number(future, TAKEN) != 0) store<u8>(into, 1, 8);
  else store<i32>(into, number(future, RESPONSE), 24);
  setNumber(future, TAKEN, 1);
}

export function incoming_response_status(response: i32): i32 {
  return load<i32>(ofKind(response, Kind.Answer) + CODE);
}

export function incoming_response_headers(response: i32): i32 {
  return load<i32>(ofKind(response, Kind.Answer) + HEADERS);
}

export function incoming_response_consume(response: i32, into: usize): void {
  takeOnce(ofKind(response, Kind.Answer) + CONTENT, into);
}

function isPending(handle: i32): bool {
  return load<i32>(record(handle)) == Kind.Future && number(handle, RESPONSE) == 0;
}

export function anyPending(): bool {
  for (let handle = 1; handle <= used; handle++) if (isPending(handle)) return true;
  return false;
}

/** `localhost:3500` or `127.0.0.1:3500`: where any app's sidecar is. */
function isSidecar(authority: i32): bool {
  if (authority == 0) return false;
  const at = bufferOf(authority);
  const length = lengthIn(authority);
  return (
    isText(at, length, 0x736f686c61636f6c, 0x303035333a74) || isText(at, length, 0x2e302e302e373231, 0x303035333a31)
  );
}

/** `http://` or `https://`, the authority and the path, as one text. */
function address(request: i32): i32 {
  const url = opened(Kind.Options);
  const secure = number(request, SECURE) != 0;
  const at = extend(url, secure ? 8 : 7);
  store<u32>(at, 0x70747468);
  store<u32>(at, secure ? 0x2f2f3a73 : 0x2f2f3a, 4);
  if (!secure) store<u8>(at, 0x2f, 6);
  const authority = number(request, AUTHORITY);
  if (authority != 0) append(url, bufferOf(authority), lengthIn(authority));
  const path = number(request, PATH);
  if (path != 0) append(url, bufferOf(path), lengthIn(path));
  return url;
}

function putBuffer(word: u64, length: i32, handle: i32): void {
  putText(length, word);
  putBytes(handle == 0 ? 0 : bufferOf(handle), handle == 0 ? 0 : lengthIn(handle));
  count();
}

function putCall(request: i32): void {
  const own = isSidecar(number(request, AUTHORITY));
  putText(5, CALL);
  if (own) putText(7, SIDECAR);
  else putText(5, FETCH);
  count();
  if (own) putBuffer(PATH_FIELD, 4, number(request, PATH));
  else putBuffer(URL, 3, address(request));
  if (number(request, VERB) != 0) putBuffer(METHOD, 7, number(request, VERB));
  putEntries(number(request, HEADERS));
  const body = number(request, CONTENT);
  if (body != 0) putBuffer(BODY, 5, body);
}

/** All that is pending, as calls. */
export function putCalls(): void {
  for (let handle = 1, last = used; handle <= last; handle++) if (isPending(handle)) putCall(number(handle, REQUEST));
}

function status(): i32 {
  let read = 0;
  for (let i = 0; i < valueLength; i++) read = read * 10 + load<u8>(value + i) - 0x30;
  return read;
}

/** Their results, in the same order. */
export function takeResults(message: usize): void {
  let future = 0;
  let fields = 0;
  let body = 0;
  openFields(message);
  while (nextField()) {
    if (isText(name, nameLength, STATUS)) {
      do future++;
      while (!isPending(future));
      const response = opened(Kind.Answer);
      fields = opened(Kind.Fields);
      body = opened(Kind.IncomingBody);
      setNumber(response, HEADERS, fields);
      setNumber(response, CONTENT, body);
      setNumber(response, CODE, status());
      setNumber(future, RESPONSE, response);
    } else if (isText(name, nameLength, BODY)) append(body, value, valueLength);
    else if (nameLength > 0 && load<u8>(name) != 0x3a) addHeader(fields, name, nameLength, value, valueLength);
  }
  closeInbox();
}
