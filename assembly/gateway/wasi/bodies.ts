/** wasi:http/types bodies: streams with trailers behind them, both ways. */
import { ANSWER } from "../memory";
import { tag, word } from "./answers";

// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]incoming-body.stream")
declare function rawStream(body: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[static]incoming-body.finish")
declare function rawFinishIncoming(body: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]future-trailers.subscribe")
declare function rawSubscribe(trailers: i32): i32;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]future-trailers.get")
declare function rawGet(trailers: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[method]outgoing-body.write")
declare function rawWrite(body: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[static]outgoing-body.finish")
declare function rawFinishOutgoing(body: i32, some: i32, trailers: i32, answer: usize): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[resource-drop]incoming-body")
export declare function dropIncomingBody(body: i32): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[resource-drop]outgoing-body")
export declare function dropOutgoingBody(body: i32): void;
// @ts-ignore: decorator
@external("wasi:http/types@0.2.12", "[resource-drop]future-trailers")
export declare function dropFutureTrailers(trailers: i32): void;

/** The stream of a body that nobody has read; its owner drops it before the body. */
export function bodyStream(body: i32): i32 {
  rawStream(body, ANSWER);
  return tag() ? -1 : word(4);
}

/** Ends reading: the trailers to wait for. Takes the body, whose stream is dropped already. */
export function finishIncoming(body: i32): i32 {
  return rawFinishIncoming(body);
}

export function whenTrailers(trailers: i32): i32 {
  return rawSubscribe(trailers);
}

/** What is known of trailers. */
export const PENDING: i32 = -1;
export const NO_TRAILERS: i32 = -2;
export const BROKEN_TRAILERS: i32 = -3;

/** Fields that the caller owns, or what is known instead. */
export function takeTrailers(trailers: i32): i32 {
  rawGet(trailers, ANSWER);
  if (!tag()) return PENDING;
  if (tag(8) || tag(16)) return BROKEN_TRAILERS;
  return tag(24) ? word(28) : NO_TRAILERS;
}

/** The stream that a body is written to; its owner drops it before the body. */
export function bodyWriter(body: i32): i32 {
  rawWrite(body, ANSWER);
  return tag() ? -1 : word(4);
}

/** Ends a body, with trailers unless they are -1: true where that succeeded. Takes both; a body dropped instead is cut off. */
export function finishOutgoing(body: i32, trailers: i32): bool {
  rawFinishOutgoing(body, trailers == -1 ? 0 : 1, trailers == -1 ? 0 : trailers, ANSWER);
  return !tag();
}
