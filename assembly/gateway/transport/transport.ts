/**
 * An exchange with an upstream, by whichever transport that has. In this order: `send` until it MOVED; where there is a
 * body `sendBytes` and `sendFrom`, and `sendEnd` after it, while `readHead` is asked as well; once that MOVED,
 * `answerInto` until DONE, then `answerTrailers` until DONE, and `finish`. Each answers how far it came; WAITING says what
 * to wait for in the exchange. What a transport opens for a request it keeps in the request's handles: an exchange that is
 * given up needs no more than that those are closed, after `abort`.
 */
import { Stream } from "../wasi/stream";
import { Exchange } from "./exchange";
import {
  endOutgoing,
  outgoingHead,
  outgoingInto,
  outgoingTrailers,
  sendOutgoing,
  sendOutgoingBytes,
  sendOutgoingFrom,
} from "./outgoing";

/** Sends the request's head. */
export function send(x: Exchange): i32 {
  return sendOutgoing(x);
}

/** Sends bytes of the body, all of them where it MOVED, none where it is WAITING; at most 64 KiB. */
export function sendBytes(x: Exchange, bytes: usize, length: i32): i32 {
  return sendOutgoingBytes(x, bytes, length);
}

/** Sends what there is of the body in the caller's stream; DONE where that is over. */
export function sendFrom(x: Exchange, source: Stream): i32 {
  return sendOutgoingFrom(x, source);
}

/** Ends the body, with the fields behind it, which it takes, unless they are -1. */
export function sendEnd(x: Exchange, trailers: i32): i32 {
  return endOutgoing(x, trailers);
}

/** Reads the answer's head into the exchange. */
export function readHead(x: Exchange): i32 {
  return outgoingHead(x);
}

/** Writes what there is of the answer's body to the caller's stream; DONE where it is over. */
export function answerInto(x: Exchange, target: Stream): i32 {
  return outgoingInto(x, target);
}

/** DONE once it is known what follows the answer's body: the exchange's `trailers`. */
export function answerTrailers(x: Exchange): i32 {
  return outgoingTrailers(x);
}

/** Ends an exchange of which everything was read: its connection may serve another one. */
export function finish(_x: Exchange): void {}

/** Ends an exchange wherever it is: its connection is done with. */
export function abort(_x: Exchange): void {}
