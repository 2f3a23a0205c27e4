/** Carries one exchange: both bodies at once, each as fast as the slower side of it. */
import { isEmpty, sendBody } from "./body";
import { Call } from "./call";
import { granting } from "./door/pages";
import { answered } from "./headers";
import { head } from "./table";
import {
  CALLER_FAULT,
  DONE,
  Exchange,
  FAILURE_PROTOCOL,
  FAILURE_TIMEOUT,
  MOVED,
  UPSTREAM_FAULT,
  WAITING,
} from "./transport/exchange";
import { abort, answerInto, answerTrailers, finish, readHead, send } from "./transport/transport";
import { bodyWriter, finishOutgoing } from "./wasi/bodies";
import { now, whenIt } from "./wasi/clocks";
import { makeFields } from "./wasi/fields";
import { FIELDS, gave, keep, OUTGOING_BODY } from "./wasi/handles";
import { makeResponse, respond, responseBody } from "./wasi/incoming";
import { dropPollable, wait, waitFor } from "./wasi/poll";
import { closeStream, openOutput, Stream } from "./wasi/stream";

const MILLISECOND: u64 = 1000000;

/** The caller's side of the answer. */
const TARGET: usize = memory.data(16, 4);

let answerBody: i32 = -1;
/** Nanoseconds on the clock at which the answer's head must be there; 0: no limit. */
let deadline: u64 = 0;
/** Nanoseconds that nothing may move once it is. */
let longest: u64 = 0;

/**
 * Sends the request and passes the answer on. DONE: all of it. UPSTREAM_FAULT: the upstream failed, before the caller saw
 * anything unless the call is answered. CALLER_FAULT: there is nobody to answer any more.
 */
export function relay(call: Call, x: Exchange, until: u64): i32 {
  deadline = until;
  longest = <u64>head().timeout * MILLISECOND;
  const end = carry(call, x);
  if (end == DONE) finish(x);
  else abort(x);
  return end;
}

function carry(call: Call, x: Exchange): i32 {
  let step = send(x);
  while (step == WAITING) {
    if (!sleep(x, -1, x.pollable, false)) return UPSTREAM_FAULT;
    step = send(x);
  }
  if (step != MOVED) return step;

  let sending = !isEmpty();
  let headed = false;
  while (true) {
    let upward = -1;
    let moved = false;
    if (sending) {
      step = sendBody(x);
      if (step == CALLER_FAULT) return step;
      // An upstream may answer before it has taken everything, and take no more: its answer tells.
      if (step == DONE || step == UPSTREAM_FAULT) sending = false;
      if (step == WAITING) upward = x.pollable;
      else moved = true;
    }
    if (!headed) {
      step = readHead(x);
      if (step == MOVED) {
        if (!beginAnswer(call, x)) {
          x.failure = FAILURE_PROTOCOL;
          return UPSTREAM_FAULT;
        }
        headed = true;
      }
    } else step = answerInto(x, changetype<Stream>(TARGET));
    if (step == DONE) break;
    if (step >= UPSTREAM_FAULT) return step;
    if (step == MOVED || moved) continue;
    if (!sleep(x, upward, x.pollable, headed)) return UPSTREAM_FAULT;
  }
  return endAnswer(x);
}

/** Waits for one of both directions. False where the time is over. */
function sleep(x: Exchange, upward: i32, downward: i32, headed: bool): bool {
  let count = 1;
  waitFor(0, downward);
  if (upward >= 0) waitFor(count++, upward);
  if (deadline == 0) {
    wait(count);
    return true;
  }
  const until = headed ? now() + longest : deadline;
  const alarm = whenIt(until);
  waitFor(count, alarm);
  const ready = wait(count + 1);
  dropPollable(alarm);
  if (ready & ((1 << count) - 1)) return true;
  x.failure = FAILURE_TIMEOUT;
  return false;
}

/** Sends the answer's head. False where it is none that can be sent. */
function beginAnswer(call: Call, x: Exchange): bool {
  const fields = makeFields(granting(answered(call, x.answerFields)));
  if (fields < 0) return false;
  const response = makeResponse(x.status, fields);
  if (response < 0) return false;
  answerBody = keep(OUTGOING_BODY, responseBody(response));
  openOutput(changetype<Stream>(TARGET), bodyWriter(answerBody));
  respond(call.out, response);
  call.answered = true;
  return true;
}

/** Ends the answer once the upstream's is over. What broke before is cut off, so that the caller can tell. */
function endAnswer(x: Exchange): i32 {
  let step = answerTrailers(x);
  while (step == WAITING) {
    if (!sleep(x, -1, x.pollable, true)) return UPSTREAM_FAULT;
    step = answerTrailers(x);
  }
  if (step != DONE) return step;
  closeStream(changetype<Stream>(TARGET));
  const trailers = x.trailers < 0 ? -1 : gave(FIELDS, x.trailers);
  return finishOutgoing(gave(OUTGOING_BODY, answerBody), trailers) ? DONE : CALLER_FAULT;
}
