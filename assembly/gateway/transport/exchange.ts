/** One request to an upstream and its answer, whoever carries it. There is one at a time, so there is one record. */
import { Upstream } from "../records.gen";
import { FieldList } from "../wasi/fields";

/** How far a step of an exchange came; a fault ends it. */
export const MOVED: i32 = 0;
/** Nothing to be had yet: wait for the pollable that is told with it. */
export const WAITING: i32 = 1;
/** There is no more. */
export const DONE: i32 = 2;
/** The upstream broke: {@link Exchange.failure} says how. */
export const UPSTREAM_FAULT: i32 = 3;
/** The caller broke, or went away. */
export const CALLER_FAULT: i32 = 4;

/** Why an exchange failed, in the order of the texts that tell it. */
export const FAILURE_UNREACHABLE: i32 = 0;
export const FAILURE_CONNECT_TIMEOUT: i32 = 1;
export const FAILURE_TIMEOUT: i32 = 2;
export const FAILURE_ENDED: i32 = 3;
export const FAILURE_PROTOCOL: i32 = 4;
export const FAILURE_REFUSED: i32 = 5;
export const FAILURE_NAME: i32 = 6;
export const FAILURE_TLS: i32 = 7;
/** Of ours: the caller sends more than it may, or a secret is not there. */
export const FAILURE_TOO_LARGE: i32 = 8;
export const FAILURE_SECRET: i32 = 9;
/** Of policies: a circuit breaker is open, or the answer counts as a failure. */
export const FAILURE_OPEN: i32 = 10;
export const FAILURE_STATUS: i32 = 11;
/** The request has been here before. */
export const FAILURE_ROUND: i32 = 12;
/** Of actors: who was taken for the owner is it not. */
export const FAILURE_MOVED: i32 = 13;

@unmanaged
export class Exchange {
  upstream: Upstream;
  /** The method's number on wasi:http, and its text where that is OTHER. */
  method: i32;
  methodText: usize;
  methodLength: i32;
  /** Path and query, as they go on the wire. */
  path: usize;
  pathLength: i32;
  /** A {@link FieldList}: without Host, and without anything of the framing. */
  firstField: usize;
  fieldCount: i32;
  /** False: there is no body, and none is framed. */
  hasBody: bool;
  /** Its bytes where the caller told them, else -1. */
  bodyLength: i64;
  /** Nanoseconds that connecting may take. */
  connectNanos: u64;

  /** What to wait for, where a step answers WAITING. It stays the exchange's own. */
  pollable: i32;
  /** Nanoseconds on the clock at which a step goes on even if that is not ready; 0: never. */
  wakeAt: u64;
  failure: i32;
  /** Bytes of the last step that MOVED, and where they are if it was one of reading them. */
  moved: i32;
  data: usize;
  /** It failed because its connection, which was idle before, had ended: another one may be had of the same upstream. */
  stale: bool;
  /** No connection that was idle is to be used. */
  fresh: bool;

  /** Of the answer, once its head was read. */
  status: i32;
  firstAnswerField: usize;
  answerFieldCount: i32;
  /** All of the answer is there, so that writing it waits for nobody but the caller. */
  whole: bool;
  /** Fields behind the answer's body: a handle of wasi:http, -1 for none. */
  trailers: i32;

  // @ts-ignore: decorator
  @inline
  get fields(): FieldList {
    return changetype<FieldList>(changetype<usize>(this) + offsetof<Exchange>("firstField"));
  }

  // @ts-ignore: decorator
  @inline
  get answerFields(): FieldList {
    return changetype<FieldList>(changetype<usize>(this) + offsetof<Exchange>("firstAnswerField"));
  }
}

const EXCHANGE: usize = memory.data(offsetof<Exchange>(), 8);

// @ts-ignore: decorator
@inline
export function exchange(): Exchange {
  return changetype<Exchange>(EXCHANGE);
}
