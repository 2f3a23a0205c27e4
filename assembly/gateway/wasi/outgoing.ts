/** wasi:http/outgoing-handler: a request of our own, and what came back. */
import { ANSWER } from "../memory";
import { tag, word } from "./answers";

// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[constructor]outgoing-request")
declare function rawRequest(headers: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]outgoing-request.set-method")
declare function rawSetMethod(request: i32, method: i32, text: usize, length: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]outgoing-request.set-path-with-query")
declare function rawSetPath(request: i32, some: i32, text: usize, length: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]outgoing-request.set-scheme")
declare function rawSetScheme(request: i32, some: i32, scheme: i32, text: usize, length: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]outgoing-request.set-authority")
declare function rawSetAuthority(request: i32, some: i32, text: usize, length: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]outgoing-request.body")
declare function rawBody(request: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[constructor]request-options")
declare function rawOptions(): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]request-options.set-connect-timeout")
declare function rawSetConnectTimeout(options: i32, some: i32, nanos: u64): i32;
// @ts-ignore: decorator
@external("wasi:http/outgoing-handler@0.2.12", "handle")
declare function rawHandle(request: i32, some: i32, options: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]future-incoming-response.subscribe")
declare function rawSubscribe(future: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]future-incoming-response.get")
declare function rawGet(future: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]incoming-response.status")
declare function rawStatus(response: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]incoming-response.headers")
declare function rawHeaders(response: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]incoming-response.consume")
declare function rawConsume(response: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[resource-drop]outgoing-request")
export declare function dropOutgoingRequest(request: i32): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[resource-drop]future-incoming-response")
export declare function dropFutureResponse(future: i32): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[resource-drop]incoming-response")
export declare function dropIncomingResponse(response: i32): void;

/** A request that takes the fields. */
export function makeRequest(fields: i32): i32 {
  return rawRequest(fields);
}

/** False where the host does not take one of them. */
export function addressRequest(
  request: i32,
  secure: bool,
  authority: usize,
  authorityLength: i32,
  path: usize,
  pathLength: i32,
): bool {
  return (
    rawSetScheme(request, 1, secure ? 1 : 0, 0, 0) == 0 &&
    rawSetAuthority(request, 1, authority, authorityLength) == 0 &&
    rawSetPath(request, 1, path, pathLength) == 0
  );
}

export function setMethod(request: i32, method: i32, text: usize, length: i32): bool {
  return rawSetMethod(request, method, text, length) == 0;
}

/** The body to write, which the caller owns; before the request is sent. */
export function outgoingBody(request: i32): i32 {
  rawBody(request, ANSWER);
  return tag() ? -1 : word(4);
}

/** What is there of an answer instead of it. */
export const NOT_YET: i32 = -1;
export const FAILED: i32 = -2;

let failure: i32 = 0;

/** The `error-code` of the last failure: the position of its case in wasi:http/types. */
export function failureCode(): i32 {
  return failure;
}

/** Sends the request, which it takes, with a limit on connecting: what the answer is to be had from, or FAILED. */
export function sendRequest(request: i32, connectNanos: u64): i32 {
  const options = rawOptions();
  rawSetConnectTimeout(options, 1, connectNanos);
  rawHandle(request, 1, options, ANSWER);
  if (!tag()) return word(8);
  failure = load<u8>(ANSWER, 8);
  return FAILED;
}

export function whenResponse(future: i32): i32 {
  return rawSubscribe(future);
}

/** The response that the caller owns, NOT_YET or FAILED. */
export function takeResponse(future: i32): i32 {
  rawGet(future, ANSWER);
  if (!tag()) return NOT_YET;
  if (!tag(8) && !tag(16)) return word(24);
  failure = tag(8) ? 0 : load<u8>(ANSWER, 24);
  return FAILED;
}

export function responseStatus(response: i32): i32 {
  return rawStatus(response);
}

/** Fields that the caller owns. */
export function responseFields(response: i32): i32 {
  return rawHeaders(response);
}

/** The body that the caller owns; -1 where it was taken before. */
export function incomingBody(response: i32): i32 {
  rawConsume(response, ANSWER);
  return tag() ? -1 : word(4);
}
