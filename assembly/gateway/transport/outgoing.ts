/** Calls out through the host's client, wasi:http/outgoing-handler: TLS, and hosts without sockets. */
import { SCHEME_HTTPS } from "../records.gen";
import { bodyStream, bodyWriter, finishOutgoing } from "../wasi/bodies";
import { makeFields, takeFields } from "../wasi/fields";
import {
  close,
  FUTURE_RESPONSE,
  gave,
  INCOMING_BODY,
  INCOMING_RESPONSE,
  keep,
  OUTGOING_BODY,
  OUTGOING_REQUEST,
  POLLABLE,
} from "../wasi/handles";
import {
  addressRequest,
  FAILED,
  failureCode,
  incomingBody,
  makeRequest,
  NOT_YET,
  outgoingBody,
  responseFields,
  responseStatus,
  sendRequest,
  setMethod,
  takeResponse,
  whenResponse,
} from "../wasi/outgoing";
import { closeStream, openInput, openOutput, Stream } from "../wasi/stream";
import { CLOSED, read, readBytes, writable, write } from "../wasi/streams";
import {
  CALLER_FAULT,
  DONE,
  Exchange,
  FAILURE_CONNECT_TIMEOUT,
  FAILURE_ENDED,
  FAILURE_NAME,
  FAILURE_PROTOCOL,
  FAILURE_REFUSED,
  FAILURE_TIMEOUT,
  FAILURE_TLS,
  FAILURE_UNREACHABLE,
  MOVED,
  UPSTREAM_FAULT,
  WAITING,
} from "./exchange";
import { pipe, waitFor } from "./pipe";
import { takeTrailersOf, Trailing } from "./trailers";

/** Bytes that are read at once. */
const PIECE: i32 = 65536;

/** Of the one exchange: -1 where there is none. */
let future: i32 = -1;
let futureReady: i32 = -1;
let requestBody: i32 = -1;
let answerBody: i32 = -1;

/** Bytes of the first ones of the request's body that are sent already. */
let written: i32 = 0;

/** The streams of both bodies, as long as they are open. */
const REQUEST: usize = memory.data(16, 4);
const ANSWER: usize = memory.data(16, 4);
const TRAILING: usize = memory.data(8, 4);

export function sendOutgoing(x: Exchange): i32 {
  future = futureReady = requestBody = answerBody = -1;
  written = 0;
  const fields = makeFields(x.fields);
  if (fields < 0) return fault(x, FAILURE_PROTOCOL);
  const request = keep(OUTGOING_REQUEST, makeRequest(fields));
  const upstream = x.upstream;
  const secure = upstream.scheme == SCHEME_HTTPS;
  if (
    !setMethod(request, x.method, x.methodText, x.methodLength) ||
    !addressRequest(request, secure, upstream.authority, upstream.authorityLength, x.path, x.pathLength)
  ) {
    return fault(x, FAILURE_PROTOCOL);
  }
  requestBody = keep(OUTGOING_BODY, outgoingBody(request));
  if (x.hasBody) openOutput(changetype<Stream>(REQUEST), bodyWriter(requestBody));
  const sent = sendRequest(gave(OUTGOING_REQUEST, request), x.connectNanos);
  if (sent == FAILED) return fault(x, failureOf(failureCode()));
  future = keep(FUTURE_RESPONSE, sent);
  if (!x.hasBody) finishOutgoing(gave(OUTGOING_BODY, requestBody), -1);
  return MOVED;
}

export function sendOutgoingBytes(x: Exchange, bytes: usize, length: i32): i32 {
  const stream = changetype<Stream>(REQUEST);
  while (written < length) {
    const room = writable(stream.handle);
    if (room == 0) return waitFor(x, stream);
    const part = min(room, length - written);
    if (room < 0 || write(stream.handle, bytes + written, part) < 0) return fault(x, FAILURE_ENDED);
    written += part;
  }
  written = 0;
  return MOVED;
}

export function sendOutgoingFrom(x: Exchange, source: Stream): i32 {
  return pipe(x, source, changetype<Stream>(REQUEST), true);
}

export function endOutgoing(x: Exchange, trailers: i32): i32 {
  closeStream(changetype<Stream>(REQUEST));
  return finishOutgoing(gave(OUTGOING_BODY, requestBody), trailers) ? MOVED : fault(x, FAILURE_ENDED);
}

export function outgoingHead(x: Exchange): i32 {
  const response = takeResponse(future);
  if (response == NOT_YET) {
    if (futureReady < 0) futureReady = keep(POLLABLE, whenResponse(future));
    x.pollable = futureReady;
    return WAITING;
  }
  if (futureReady >= 0) close(POLLABLE, futureReady);
  close(FUTURE_RESPONSE, future);
  if (response == FAILED) return fault(x, failureOf(failureCode()));
  keep(INCOMING_RESPONSE, response);
  x.status = responseStatus(response);
  x.whole = false;
  takeFields(responseFields(response), x.answerFields);
  answerBody = keep(INCOMING_BODY, incomingBody(response));
  close(INCOMING_RESPONSE, response);
  openInput(changetype<Stream>(ANSWER), bodyStream(answerBody));
  changetype<Trailing>(TRAILING).future = -1;
  return MOVED;
}

export function outgoingInto(x: Exchange, target: Stream): i32 {
  return pipe(x, changetype<Stream>(ANSWER), target, false);
}

export function outgoingBytes(x: Exchange): i32 {
  const stream = changetype<Stream>(ANSWER);
  const some = read(stream.handle, PIECE);
  if (some == 0) return waitFor(x, stream);
  if (some < 0) return some == CLOSED ? DONE : fault(x, FAILURE_ENDED);
  x.data = readBytes();
  x.moved = some;
  return MOVED;
}

export function outgoingTrailers(x: Exchange): i32 {
  closeStream(changetype<Stream>(ANSWER));
  const step = takeTrailersOf(x, changetype<Trailing>(TRAILING), answerBody);
  return step == CALLER_FAULT ? fault(x, FAILURE_ENDED) : step;
}

function fault(x: Exchange, failure: i32): i32 {
  x.failure = failure;
  return UPSTREAM_FAULT;
}

/** By the `error-code` of wasi:http/types; what is not listed ended the connection in some other way. */
function failureOf(code: i32): i32 {
  if (code <= 1) return FAILURE_NAME;
  if (code <= 5) return FAILURE_UNREACHABLE;
  if (code == 6) return FAILURE_REFUSED;
  if (code == 8) return FAILURE_CONNECT_TIMEOUT;
  if (code == 9 || code == 10 || code == 33) return FAILURE_TIMEOUT;
  if (code >= 12 && code <= 14) return FAILURE_TLS;
  return code == 7 || code == 24 ? FAILURE_ENDED : FAILURE_PROTOCOL;
}
