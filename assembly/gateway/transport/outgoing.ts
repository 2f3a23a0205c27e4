/** Calls out through the host's client, wasi:http/outgoing-handler: TLS, and hosts without sockets. */
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
  OUTPUT,
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
import { SCHEME_HTTPS } from "../records.gen";
import {
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

/** Of the one exchange: -1 where there is none. */
let future: i32 = -1;
let futureReady: i32 = -1;
let requestBody: i32 = -1;
let answerBody: i32 = -1;

/** Sends the head. The body, if there is one, is open from then on. */
export function sendOutgoing(x: Exchange): i32 {
  future = futureReady = requestBody = answerBody = -1;
  x.sent = false;
  const fields = makeFields(x.fields);
  if (fields < 0) return fault(x, FAILURE_PROTOCOL);
  const request = keep(OUTGOING_REQUEST, makeRequest(fields));
  const { upstream } = x;
  const secure = upstream.scheme == SCHEME_HTTPS;
  if (
    !setMethod(request, x.method, x.methodText, x.methodLength) ||
    !addressRequest(request, secure, upstream.authority, upstream.authorityLength, x.path, x.pathLength)
  ) {
    return fault(x, FAILURE_PROTOCOL);
  }
  requestBody = keep(OUTGOING_BODY, outgoingBody(request));
  const sent = sendRequest(gave(OUTGOING_REQUEST, request), x.connectNanos);
  if (sent == FAILED) return fault(x, failureOf(failureCode()));
  future = keep(FUTURE_RESPONSE, sent);
  x.sent = true;
  if (!x.hasBody) endOutgoing(-1);
  return MOVED;
}

/** The stream that the request's body is written to; its owner drops it before the body ends. */
export function outgoingWriter(): i32 {
  return keep(OUTPUT, bodyWriter(requestBody));
}

/** Ends the request's body, with trailers unless -1. */
export function endOutgoing(trailers: i32): bool {
  const body = requestBody;
  requestBody = -1;
  return finishOutgoing(gave(OUTGOING_BODY, body), trailers);
}

/** Reads the answer's head once it is there. */
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
  takeFields(responseFields(response), x.answerFields);
  answerBody = keep(INCOMING_BODY, incomingBody(response));
  close(INCOMING_RESPONSE, response);
  return MOVED;
}

/** The answer's body; its owner drops what it opens of it. */
export function outgoingAnswer(): i32 {
  return answerBody;
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
