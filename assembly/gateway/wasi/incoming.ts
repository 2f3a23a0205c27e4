/** wasi:http/types on the server's side: the request that came, and its answer. */
import { ANSWER } from "../memory";
import { tag, word } from "./answers";

// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]incoming-request.method")
declare function rawMethod(request: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]incoming-request.path-with-query")
declare function rawPath(request: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]incoming-request.scheme")
declare function rawScheme(request: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]incoming-request.authority")
declare function rawAuthority(request: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]incoming-request.headers")
declare function rawHeaders(request: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]incoming-request.consume")
declare function rawConsume(request: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[constructor]outgoing-response")
declare function rawResponse(headers: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]outgoing-response.set-status-code")
declare function rawSetStatus(response: i32, status: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]outgoing-response.body")
declare function rawBody(response: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[static]response-outparam.set")
declare function rawSet(out: i32, error: i32, a: i32, b: i32, c: u64, d: i32, e: i32, f: i32, g: i32): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[resource-drop]incoming-request")
export declare function dropIncomingRequest(request: i32): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[resource-drop]outgoing-response")
export declare function dropOutgoingResponse(response: i32): void;

/** Methods by their number on this interface; any other is a text. */
export const GET: i32 = 0;
export const HEAD: i32 = 1;
export const POST: i32 = 2;
export const OTHER: i32 = 9;

/** The method's number; where it is OTHER, its text is the answer's span. */
export function requestMethod(request: i32): i32 {
  rawMethod(request, ANSWER);
  return load<u8>(ANSWER);
}

/** The span of the last method, path or authority. */
// @ts-ignore: decorator
@inline
export function spanStart(): usize {
  return <usize>word(4);
}

// @ts-ignore: decorator
@inline
export function spanLength(): i32 {
  return word(8);
}

/** False where there is none. */
export function requestPath(request: i32): bool {
  rawPath(request, ANSWER);
  return tag();
}

export function requestAuthority(request: i32): bool {
  rawAuthority(request, ANSWER);
  return tag();
}

export function isSecure(request: i32): bool {
  rawScheme(request, ANSWER);
  return tag() && load<u8>(ANSWER, 4) == 1;
}

/** Fields that the caller owns. */
export function requestFields(request: i32): i32 {
  return rawHeaders(request);
}

/** The body that the caller owns; -1 where it was taken before. */
export function requestBody(request: i32): i32 {
  rawConsume(request, ANSWER);
  return tag() ? -1 : word(4);
}

/** A response of this status that takes the fields; -1 for a status that is none. */
export function makeResponse(status: i32, fields: i32): i32 {
  const response = rawResponse(fields);
  // It begins with this one.
  if (status == 200) return response;
  if (rawSetStatus(response, status) == 0) return response;
  dropOutgoingResponse(response);
  return -1;
}

/** The body to write, which the caller owns; before the response is sent. */
export function responseBody(response: i32): i32 {
  rawBody(response, ANSWER);
  return tag() ? -1 : word(4);
}

/** Sends the response's head. Takes both. */
export function respond(out: i32, response: i32): void {
  rawSet(out, 0, response, 0, 0, 0, 0, 0, 0);
}
