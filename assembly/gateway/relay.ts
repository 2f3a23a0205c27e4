/** Carries one exchange: both bodies at once, each as fast as the slower side of it. */
import { alarm } from "./alarm";
import { isForLater, isTriedAgain } from "./attempts";
import { isEmpty, sendBody } from "./body";
import { Call, findField } from "./call";
import { copyTexts, showAnswer, showHead, shownStatus } from "./capability/middleware";
import { keepBody, keepHead } from "./capability/results";
import { granting } from "./door/pages";
import { answered, removeNamed } from "./headers";
import { addTiming, askUpstream } from "./measures";
import {
  CALLER_FAULT,
  DONE,
  Exchange,
  FAILURE_MOVED,
  FAILURE_PROTOCOL,
  FAILURE_STATUS,
  FAILURE_TIMEOUT,
  MOVED,
  UPSTREAM_FAULT,
  WAITING,
} from "./transport/exchange";
import { abort, answerInto, answerTrailers, finish, readHead, send } from "./transport/transport";
import { beginText, textLength, textStart } from "./growing-text";
import { beginPieces } from "./script/output";
import { giveAnswer, isReadWhole, remake, takeBytes } from "./state/remote-answer";
import { is } from "./text";
import { HAS_ACTORS, HAS_FOLDER, HAS_PACKAGES, HAS_SCRIPT } from "./variant";
import { bodyWriter, finishOutgoing } from "./wasi/bodies";
import { now } from "./wasi/clocks";
import { FieldList, makeFields } from "./wasi/fields";
import { FIELDS, gave, keep, OUTGOING_BODY, OUTGOING_RESPONSE } from "./wasi/handles";
import { HEAD, makeResponse, respond, responseBody } from "./wasi/incoming";
import { wait, waitFor } from "./wasi/poll";
import { closeStream, openOutput, Stream } from "./wasi/stream";
import { blockingFlush, writable } from "./wasi/streams";

const MILLISECOND: u64 = 1000000;

const NO_CONTENT: i32 = 204;

/** The caller's side of the answer. */
const TARGET: usize = memory.data(16, 4);

/** A caller that went away is noticed after as long, where nothing is written to it. */
const LOOK: u64 = 5000000000;

let answerBody: i32 = -1;
/** The answer whose head waits for its body; -1: it was sent. */
let held: i32 = -1;
/** Nanoseconds on the clock at which the upstream or the caller has to have done something; 0: no limit. */
let deadline: u64 = 0;
/** How much later that is whenever one has. */
let patience: u64 = 0;
let headed: bool = false;
/** Part of the answer was not read. */
let isLeft: bool = false;

/**
 * Sends the request and passes the answer on, whose head must be there by `until`, and in which nobody may keep still for
 * longer than `patient` milliseconds. DONE: all of it. UPSTREAM_FAULT: the upstream failed, before the caller saw anything
 * unless the call is answered. CALLER_FAULT: there is nobody to answer any more.
 */
export function relay(call: Call, x: Exchange, until: u64, patient: u32): i32 {
  deadline = until;
  patience = <u64>patient * MILLISECOND;
  headed = false;
  held = -1;
  isLeft = false;
  x.wakeAt = 0;
  askUpstream();
  const end = carry(call, x);
  if (end == DONE && !isLeft) finish(x);
  else abort(x);
  return end;
}

function carry(call: Call, x: Exchange): i32 {
  let step = send(x);
  while (step == WAITING) {
    const end = sleep(x, -1, x.pollable);
    if (end != MOVED) return end;
    step = send(x);
  }
  if (step != MOVED) return step;

  let sending = !isEmpty();
  let moves = false;
  while (true) {
    let upward = -1;
    let moved = false;
    if (sending) {
      step = sendBody(x);
      if (step == CALLER_FAULT) return step;
      // An upstream may answer before it has taken everything, and take no more: its answer tells.
      if (step == DONE || step == UPSTREAM_FAULT) sending = false;
      if (step == WAITING) upward = x.pollable;
      moved = step == MOVED;
    }
    if (!headed) {
      step = readHead(x);
      if (step == MOVED) {
        if (HAS_ACTORS && call.placement && isMoved(x)) {
          x.failure = FAILURE_MOVED;
          return UPSTREAM_FAULT;
        }
        if (isTriedAgain(x.status) || (HAS_FOLDER && call.isKept && isForLater(x.status, call.isDelivery))) {
          x.failure = FAILURE_STATUS;
          return UPSTREAM_FAULT;
        }
        if (HAS_FOLDER && call.isDelivery) return take(call, x, !sending);
        if (HAS_PACKAGES && call.isGuests) return makeResult(call, x);
        if (HAS_FOLDER && isReadWhole(call, x.status)) return makeAnswer(call, x);
        if (HAS_PACKAGES && call.passed & call.passedWhole) return makeAnswer(call, x);
        if (!beginAnswer(call, x)) return broken(x);
        headed = true;
      }
    } else step = answerInto(x, changetype<Stream>(TARGET));
    if (step == DONE) break;
    if (step >= UPSTREAM_FAULT) return step;
    if (step == MOVED || moved) {
      moves = true;
      continue;
    }
    release(call);
    if (moves && deadline) deadline = max(deadline, now() + patience);
    moves = false;
    const end = sleep(x, upward, x.pollable);
    if (end != MOVED) return end;
  }
  return endAnswer(call, x);
}

/** Reads the answer whole, and gives the caller what is made of it. */
function makeAnswer(call: Call, x: Exchange): i32 {
  const list = timed(granting(withoutLength(answered(call, x.answerFields))));
  // They lie where the body is read.
  const fields = makeFields(list);
  if (fields < 0) return broken(x);
  keep(FIELDS, fields);
  if (HAS_PACKAGES && call.passed) copyTexts(list);
  const end = readText(x);
  if (end != DONE) return end;
  const isShown = HAS_PACKAGES ? call.passed != 0 : false;
  if (HAS_FOLDER && !isShown) return giveAnswer(call, x.status, fields) ? DONE : broken(x);
  if (HAS_FOLDER && !remake(call, x.status)) return broken(x);
  showAnswer(call, x.status, list, textStart(), textLength());
  return DONE;
}

/** Reads the answer's body whole into a text. */
function readText(x: Exchange): i32 {
  beginText();
  while (true) {
    const step = takeBytes(x);
    if (step == DONE) return DONE;
    const end = step == WAITING ? sleep(x, -1, x.pollable) : step;
    if (end != MOVED) return end;
  }
}

/** Makes the answer the result of a guest's call. */
function makeResult(call: Call, x: Exchange): i32 {
  keepHead(call, x.status, answered(call, x.answerFields));
  const end = readText(x);
  if (end == DONE) keepBody(call, textStart(), textLength());
  return end;
}

function broken(x: Exchange): i32 {
  x.failure = FAILURE_PROTOCOL;
  return UPSTREAM_FAULT;
}

/** Takes an answer's status for a delivery. What has a body costs its connection. */
function take(call: Call, x: Exchange, sent: bool): i32 {
  call.answered = true;
  call.status = x.status;
  isLeft = !(sent && x.whole && x.status == NO_CONTENT && answerInto(x, changetype<Stream>(TARGET)) == DONE);
  return DONE;
}

/** Waits for one of both directions. A fault where the time is over, or the caller is away. */
function sleep(x: Exchange, upward: i32, downward: i32): i32 {
  let limit = deadline;
  if (x.wakeAt && (limit == 0 || x.wakeAt < limit)) limit = x.wakeAt;
  const before = limit || headed ? now() : 0;
  if (headed && (limit == 0 || before + LOOK < limit)) limit = before + LOOK;
  let count = 1;
  waitFor(0, downward);
  if (upward >= 0) waitFor(count++, upward);
  if (limit) waitFor(count++, alarm(before, limit));
  const ready = wait(count);
  // Whoever is ready in time is asked, whatever else is over.
  if (!limit || ready != 1 << (count - 1)) return MOVED;
  if (headed && writable(changetype<Stream>(TARGET).handle) < 0) return CALLER_FAULT;
  if (deadline == 0 || now() < deadline) return MOVED;
  x.failure = FAILURE_TIMEOUT;
  return UPSTREAM_FAULT;
}

/** The answer of a sidecar that does not own the actor: it has not reached that. */
function isMoved(x: Exchange): bool {
  if (x.status != 409) return false;
  const field = findField(x.answerFields, "daprlet-actor");
  return field != null && is(field.value, field.valueLength, "moved");
}

function withoutLength(list: FieldList): FieldList {
  removeNamed(list, "content-length");
  return list;
}

function timed(list: FieldList): FieldList {
  addTiming(list);
  return list;
}

/** Sends the answer's head. False where it is none that can be sent. */
function beginAnswer(call: Call, x: Exchange): bool {
  if (call.isScript) return beginPrinting(call, x);
  let list = timed(granting(answered(call, x.answerFields)));
  let status = x.status;
  if (HAS_PACKAGES && call.passed) {
    list = showHead(call, status, list);
    status = shownStatus();
  }
  const fields = makeFields(list);
  if (fields < 0) return false;
  const response = makeResponse(status, fields);
  if (response < 0) return false;
  answerBody = keep(OUTGOING_BODY, responseBody(response));
  openOutput(changetype<Stream>(TARGET), bodyWriter(answerBody));
  held = keep(OUTGOING_RESPONSE, response);
  call.status = status;
  // An answer that is there as a whole goes to the host in one piece.
  if (!x.whole) release(call);
  return true;
}

/** Sends the head of the answer, unless that is done. */
function release(call: Call): void {
  if (held < 0) return;
  respond(call.out, gave(OUTGOING_RESPONSE, held));
  held = -1;
  call.answered = true;
}

function beginPrinting(call: Call, x: Exchange): bool {
  if (HAS_SCRIPT) openOutput(changetype<Stream>(TARGET), beginPieces(x.status));
  answerBody = -1;
  call.answered = true;
  return true;
}

/** Ends the answer once the upstream's is over. What broke before is cut off, so that the caller can tell. */
function endAnswer(call: Call, x: Exchange): i32 {
  let step = answerTrailers(x);
  while (step == WAITING) {
    const end = sleep(x, -1, x.pollable);
    if (end != MOVED) return end;
    step = answerTrailers(x);
  }
  if (step != DONE) return step;
  if (HAS_SCRIPT && answerBody < 0) blockingFlush(changetype<Stream>(TARGET).handle);
  closeStream(changetype<Stream>(TARGET));
  if (HAS_SCRIPT && answerBody < 0) return DONE;
  const trailers = x.trailers < 0 ? -1 : gave(FIELDS, x.trailers);
  const whole = finishOutgoing(gave(OUTGOING_BODY, answerBody), trailers);
  release(call);
  // A length that stands for what is not sent seems too short to the host.
  return whole || x.method == HEAD || x.status == 304 ? DONE : CALLER_FAULT;
}
