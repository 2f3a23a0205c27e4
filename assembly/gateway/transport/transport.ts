/**
 * An exchange with an upstream, by whichever transport that has. In this order: `send` until it MOVED; where there is a
 * body `sendBytes` and `sendFrom`, and `sendEnd` after it, while `readHead` is asked as well; once that MOVED,
 * `answerInto` until DONE, then `answerTrailers` until DONE, and `finish`. Each answers how far it came; WAITING says what
 * to wait for in the exchange. What a transport opens for a request it keeps in the request's handles: an exchange that is
 * given up needs no more than that those are closed, after `abort`.
 */
import { TRANSPORT_SOCKETS } from "../records.gen";
import { HAS_SOCKETS } from "../variant";
import { Stream } from "../wasi/stream";
import { Exchange } from "./exchange";
import {
  endOutgoing,
  outgoingBytes,
  outgoingHead,
  outgoingInto,
  outgoingTrailers,
  sendOutgoing,
  sendOutgoingBytes,
  sendOutgoingFrom,
} from "./outgoing";
import { socketBytes, socketHead, socketInto, socketTrailers } from "./socket-answer";
import { abortSocket, endSocket, finishSocket, sendSocket, sendSocketBytes, sendSocketFrom } from "./sockets";

// @ts-ignore: decorator
@inline
function bySocket(x: Exchange): bool {
  return x.upstream.transport == TRANSPORT_SOCKETS;
}

/** Sends the request's head. */
export function send(x: Exchange): i32 {
  if (HAS_SOCKETS) {
    if (bySocket(x)) return sendSocket(x);
  }
  return sendOutgoing(x);
}

/** Sends bytes of the body, all of them where it MOVED, none where it is WAITING; at most 64 KiB. */
export function sendBytes(x: Exchange, bytes: usize, length: i32): i32 {
  if (HAS_SOCKETS) {
    if (bySocket(x)) return sendSocketBytes(x, bytes, length);
  }
  return sendOutgoingBytes(x, bytes, length);
}

/** Sends what there is of the body in the caller's stream; DONE where that is over. */
export function sendFrom(x: Exchange, source: Stream): i32 {
  if (HAS_SOCKETS) {
    if (bySocket(x)) return sendSocketFrom(x, source);
  }
  return sendOutgoingFrom(x, source);
}

/** Ends the body, with the fields behind it, which it takes, unless they are -1. */
export function sendEnd(x: Exchange, trailers: i32): i32 {
  if (HAS_SOCKETS) {
    if (bySocket(x)) return endSocket(x, trailers);
  }
  return endOutgoing(x, trailers);
}

/** Reads the answer's head into the exchange. */
export function readHead(x: Exchange): i32 {
  if (HAS_SOCKETS) {
    if (bySocket(x)) return socketHead(x);
  }
  return outgoingHead(x);
}

/** Writes what there is of the answer's body to the caller's stream; DONE where it is over. */
export function answerInto(x: Exchange, target: Stream): i32 {
  if (HAS_SOCKETS) {
    if (bySocket(x)) return socketInto(x, target);
  }
  return outgoingInto(x, target);
}

/**
 * Reads what there is of the answer's body instead, 64 KiB at most: `moved` bytes, also 0, at `data`, until anything is
 * allocated or read; DONE where it is over.
 */
export function answerBytes(x: Exchange): i32 {
  if (HAS_SOCKETS) {
    if (bySocket(x)) return socketBytes(x);
  }
  return outgoingBytes(x);
}

/** DONE once it is known what follows the answer's body: the exchange's `trailers`. */
export function answerTrailers(x: Exchange): i32 {
  if (HAS_SOCKETS) {
    if (bySocket(x)) return socketTrailers(x);
  }
  return outgoingTrailers(x);
}

/** Ends an exchange of which everything was read: its connection may serve another one. */
export function finish(x: Exchange): void {
  if (HAS_SOCKETS) {
    if (bySocket(x)) finishSocket();
  }
}

/** Ends an exchange wherever it is: its connection is done with. */
export function abort(x: Exchange): void {
  if (HAS_SOCKETS) {
    if (bySocket(x)) abortSocket();
  }
}
