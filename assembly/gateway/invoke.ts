/** Service invocation: whom a call is for, where that is, and what is tried until somebody answers. */
import { beginRounds, isFailure, nextRound, policyOf, triesAgain } from "./attempts";
import { bodyLength, canRewind, isAnnouncedTooLarge, isEmpty, openBody, rewindBody } from "./body";
import { ALWAYS, BY_METHOD, Call } from "./call";
import { enter, FAILURE, leave, REFUSED, SUCCESS, WITHDRAWN } from "./breakers";
import { beginChoice, choose } from "./choice";
import { canBeApp, destination } from "./destination";
import { ERR_DIRECT_INVOKE } from "./errors.gen";
import { answeredWell, failed } from "./health";
import { goesRound } from "./hops";
import { countFailure } from "./measures";
import { outgoingFields } from "./outgoing-fields";
import { allocate } from "./memory";
import { App, Policy, PROTOCOL_SIDECAR, Upstream } from "./records.gen";
import { relay } from "./relay";
import { fail, literalParameter, parameter, say } from "./reply";
import { head } from "./table";
import { Target } from "./target";
import { copy, put } from "./text";
import {
  CALLER_FAULT,
  DONE,
  Exchange,
  exchange,
  FAILURE_CONNECT_TIMEOUT,
  FAILURE_ENDED,
  FAILURE_MOVED,
  FAILURE_NAME,
  FAILURE_OPEN,
  FAILURE_PROTOCOL,
  FAILURE_REFUSED,
  FAILURE_ROUND,
  FAILURE_SECRET,
  FAILURE_TIMEOUT,
  FAILURE_TOO_LARGE,
  FAILURE_UNREACHABLE,
  UPSTREAM_FAULT,
} from "./transport/exchange";
import { failureText } from "./transport/failures";
import { HAS_FOLDER, HAS_PACKAGES } from "./variant";
import { now } from "./wasi/clocks";
import { closeSince, kept } from "./wasi/handles";
import { encode, ENCODED_GROWTH } from "./wire-path";

const MILLISECOND: u64 = 1000000;

/** As long as the delivery of an event may last, all attempts together. */
const DELIVERY: u64 = 10000000000;

/** Upstreams that are asked in one round. */
const MOST_ATTEMPTS: i32 = 4;

/** Nanoseconds on the clock at which the call that is passed on is over; 0: never. */
let until: u64 = 0;

/** Passes a call on to whoever answers for its target. */
export function invoke(call: Call, target: Target): void {
  parameter(0, target.id, target.idLength);
  const app = destination(target);
  if (app == null) return refuseUnknown(call, target);
  passOn(call, target, app);
}

/** Passes a call on to one of those who answer for its target, and its answer back. */
export function passOn(call: Call, target: Target, app: App): void {
  if (admits(call) && !reach(call, target, app)) refuse(call, exchange().failure);
}

/** Begins passing a call on. False where its body is too large; then the caller was told. */
export function admits(call: Call): bool {
  if (goesRound(call)) {
    refuse(call, FAILURE_ROUND);
    return false;
  }
  const limit = head().timeout;
  until = limit ? now() + <u64>limit * MILLISECOND : 0;
  if (HAS_PACKAGES && call.until && (until == 0 || call.until < until)) until = call.until;
  openBody(call);
  if (!isAnnouncedTooLarge()) return true;
  refuse(call, FAILURE_TOO_LARGE);
  return false;
}

/** Begins the delivery of an event, whose body is there as a whole. */
export function beginDelivery(call: Call): void {
  until = now() + DELIVERY;
  openBody(call);
}

/** True where the call that is passed on may last no longer than until then. */
export function isOver(time: u64): bool {
  return until != 0 && time >= until;
}

/** Asks those who answer for its target. False: the caller knows nothing yet, and the exchange's failure says why. */
export function reach(call: Call, target: Target, app: App): bool {
  const began = now();
  const x = exchange();
  x.failure = 0;
  const policy = policyOf(app);
  beginRounds(policy, began, until);
  beginChoice();
  for (let attempt = 0; ; ) {
    const upstream = attempt < MOST_ATTEMPTS ? choose(app, began) : null;
    if (upstream == null) {
      if (attempt == 0 || !nextRound()) break;
      attempt = 0;
      beginChoice();
      continue;
    }
    const entered = policy == null ? 0 : enter(upstream, policy);
    if (entered == REFUSED) {
      if (attempt == 0) x.failure = FAILURE_OPEN;
      continue;
    }
    attempt++;
    const before = kept();
    if (!prepare(call, target, x, upstream)) {
      x.failure = FAILURE_SECRET;
      return false;
    }
    const end = attemptOnce(call, x, policy);
    if (policy != null) leave(upstream, policy, entered, outcomeOf(end, x.status));
    if (end == DONE || x.failure == FAILURE_MOVED) {
      answeredWell(changetype<usize>(upstream));
      return end == DONE;
    }
    if (end == CALLER_FAULT) {
      giveUp(call, x);
      return true;
    }
    failed(changetype<usize>(upstream), now());
    countFailure();
    if (call.answered || !mayRepeat(call, x)) break;
    closeSince(before);
    rewindBody();
  }
  return call.answered;
}

/** One attempt at an upstream, of which two connections may be tried. */
function attemptOnce(call: Call, x: Exchange, policy: Policy | null): i32 {
  let limit = until;
  let patient = head().timeout;
  if (policy != null && policy.timeout) {
    patient = policy.timeout;
    limit = now() + <u64>patient * MILLISECOND;
    if (until && until < limit) limit = until;
  }
  if ((HAS_FOLDER && call.isDelivery) || (HAS_PACKAGES && call.isGuests)) patient = 0;
  const end = relay(call, x, limit, patient);
  // Its connection may have been closed for no more than that nobody used it.
  if (end != UPSTREAM_FAULT || !x.stale || !mayRepeat(call, x)) return end;
  rewindBody();
  x.fresh = true;
  return relay(call, x, limit, patient);
}

function outcomeOf(end: i32, status: i32): i32 {
  if (end == CALLER_FAULT) return WITHDRAWN;
  return end == DONE && !isFailure(status) ? SUCCESS : FAILURE;
}

/** Answers a call for whom nobody answers. */
function refuseUnknown(call: Call, target: Target): void {
  if (canBeApp(target.id, target.idLength)) {
    literalParameter(1, "no app or site of this name: name it in the gateway's configuration, and build it again");
  } else {
    const cause = allocate(15 + target.idLength);
    copy(put(cause, "invalid app id "), target.id, target.idLength);
    parameter(1, cause, 15 + target.idLength);
  }
  fail(call, ERR_DIRECT_INVOKE);
}

/** Answers a call, of whose target the parameter is told, with why there is no answer. */
export function refuse(call: Call, failure: i32): void {
  let status = failure == FAILURE_ROUND ? 508 : 0;
  if (call.refusal) {
    literalParameter(call.causeAt, failureText(failure));
    return fail(call, failure == FAILURE_TOO_LARGE && call.tooLarge ? call.tooLarge : call.refusal, status);
  }
  literalParameter(1, failureText(failure));
  // As daprd: 500, but where HTTP has a word of its own for what an upstream did.
  if (failure == FAILURE_TIMEOUT) status = 504;
  else if (failure == FAILURE_PROTOCOL || failure == FAILURE_ENDED) status = 502;
  fail(call, ERR_DIRECT_INVOKE, status);
}

/** The caller broke off, or sends too much: it is answered all the same, if it still listens. */
function giveUp(call: Call, x: Exchange): void {
  if (call.answered) return;
  if (x.failure == FAILURE_TOO_LARGE) refuse(call, FAILURE_TOO_LARGE);
  else say(call, 400, "the request's body ended early");
}

/** Whether another upstream may be asked: this one cannot have seen the request, or may see it twice. */
function mayRepeat(call: Call, x: Exchange): bool {
  if (!canRewind()) return false;
  if (triesAgain()) return true;
  if (isUnreached(x.failure)) return true;
  if (x.failure == FAILURE_TIMEOUT) return false;
  return call.repeats == BY_METHOD ? isIdempotent(call.method) : call.repeats == ALWAYS;
}

/** True where the upstream cannot have seen anything of the request. */
export function isUnreached(failure: i32): bool {
  switch (failure) {
    case FAILURE_UNREACHABLE:
    case FAILURE_CONNECT_TIMEOUT:
    case FAILURE_REFUSED:
    case FAILURE_NAME:
      return true;
    default:
      return false;
  }
}

/** get, head, put, delete, options and trace, by their numbers on wasi:http. */
function isIdempotent(method: i32): bool {
  return method == 0 || method == 1 || method == 3 || method == 4 || method == 6 || method == 7;
}

/** Makes the request of it that the upstream gets. False where a secret for that is missing. */
function prepare(call: Call, target: Target, x: Exchange, upstream: Upstream): bool {
  x.upstream = upstream;
  x.method = call.method;
  x.methodText = call.methodText;
  x.methodLength = call.methodLength;
  x.hasBody = !isEmpty();
  x.bodyLength = bodyLength();
  x.connectNanos = <u64>head().connectTimeout * MILLISECOND;
  x.trailers = -1;
  x.stale = x.fresh = false;
  const size =
    upstream.pathLength +
    target.wireLength +
    (target.idLength + target.methodLength) * ENCODED_GROWTH +
    call.queryLength +
    32;
  x.path = allocate(size);
  let end = copy(x.path, upstream.path, upstream.pathLength);
  if (target.wire) end = copy(end, target.wire, target.wireLength);
  else {
    if (upstream.protocol == PROTOCOL_SIDECAR) {
      end = put(end, "/v1.0/invoke/");
      end = encode(end, target.id, target.idLength, true);
      end = put(end, "/method");
    }
    end = put(end, "/");
    end = encode(end, target.method, target.methodLength, false);
  }
  if (call.queryLength) end = copy(put(end, "?"), call.query, call.queryLength);
  x.pathLength = <i32>(end - x.path);
  return outgoingFields(call, target, x);
}
