import { countOf } from "./headers";
import { count, putBytes, putRaw, putStatus, putText } from "./memory";
import { bufferOf, Kind, lengthIn, number, ofKind, opened, setNumber } from "./records";
import { openOutgoingBody } from "./streams";
import { BODY, STATUS } from "./words";

/** `outgoing-response`: 4 headers, 8 body, 12 status. */
const HEADERS = 4;
const CONTENT = 8;
const CODE = 12;

export function new_outgoing_response(headers: i32): i32 {
  ofKind(headers, Kind.Fields);
  const response = opened(Kind.Response);
  setNumber(response, HEADERS, headers);
  setNumber(response, CODE, 200);
  return response;
}

export function outgoing_response_status_code(response: i32): i32 {
  return load<i32>(ofKind(response, Kind.Response) + CODE);
}

export function outgoing_response_set_status_code(response: i32, code: i32): i32 {
  if (code < 200 || code > 599) return 1;
  store<i32>(ofKind(response, Kind.Response) + CODE, code);
  return 0;
}

export function outgoing_response_headers(response: i32): i32 {
  return load<i32>(ofKind(response, Kind.Response) + HEADERS);
}

export function outgoing_response_body(response: i32, into: usize): void {
  openOutgoingBody(ofKind(response, Kind.Response) + CONTENT, into);
}

let given: i32 = 0;

/** The error's code is left out: whoever asked is told that there was one. */
export function response_outparam_set(
  out: i32,
  failed: i32,
  response: i32,
  a: i32,
  b: i64,
  c: i32,
  d: i32,
  e: i32,
  f: i32,
): void {
  given = failed != 0 ? 0 : response;
}

export function noAnswer(): void {
  given = 0;
}

/** Headers lie in their record as in a message. */
export function putEntries(fields: i32): void {
  const entries = countOf(fields);
  putRaw(bufferOf(fields), lengthIn(fields));
  for (let i = 0; i < entries; i++) count();
}

function putCode(code: i32): void {
  putText(7, STATUS);
  putStatus(code);
  count();
}

/** The answer's fields; a guest that gave none has failed. */
export function putAnswer(): void {
  if (given == 0) return putCode(500);
  ofKind(given, Kind.Response);
  putCode(number(given, CODE));
  putEntries(number(given, HEADERS));
  const body = number(given, CONTENT);
  putText(5, BODY);
  putBytes(body == 0 ? 0 : bufferOf(body), body == 0 ? 0 : lengthIn(body));
  count();
}
