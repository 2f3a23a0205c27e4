import { INBOX } from "../memory";

/**
 * A circuit breaker. The host keeps its bytes and puts them at the inbox for a call, which changes them in place.
 *
 *    0 f64 expiry      when the state ends; 0: it does not
 *    8 f64 interval    after which the counts begin anew while closed; 0: never
 *   16 f64 open        how long it stays open
 *   24 u32 admits      requests that pass while half-open, and successes that close it
 *   28 u32 state
 *   32 u32 generation  raised whenever the counts begin anew
 *   36 u32 ×5          requests, total successes, total failures, consecutive successes, consecutive failures
 *   56 u32 terms       all of which trip it; 0: the host decides
 *   60 u32 ×2 each     counter | relation << 8, and a number
 *
 * An answer of a request that began in an earlier generation says nothing of this one, and is not counted.
 */
const EXPIRY: usize = INBOX;
const INTERVAL: usize = INBOX + 8;
const OPEN_FOR: usize = INBOX + 16;
const ADMITS: usize = INBOX + 24;
const STATE: usize = INBOX + 28;
const GENERATION: usize = INBOX + 32;
const COUNTS: usize = INBOX + 36;
const TERMS: usize = INBOX + 56;
const TERM: usize = INBOX + 60;

const CLOSED: u32 = 0;
const HALF_OPEN: u32 = 1;
const OPEN: u32 = 2;

const REQUESTS: u32 = 0;
const SUCCESSES: u32 = 1;
const FAILURES: u32 = 2;
const CONSECUTIVE_SUCCESSES: u32 = 3;
const CONSECUTIVE_FAILURES: u32 = 4;

/** How a request ended: `withdrawn` says nothing of what is behind the breaker. */
const SUCCESS: i32 = 0;
const FAILURE: i32 = 1;

/** The state at this time. */
export function breakerState(now: f64): i32 {
  const expiry = load<f64>(EXPIRY);
  if (expiry != 0 && expiry < now) {
    const state = load<u32>(STATE);
    if (state == OPEN) begin(HALF_OPEN, now);
    else if (state == CLOSED) begin(CLOSED, now);
  }
  return load<u32>(STATE);
}

/** 0: one request may pass, and is counted. Else why not: 1, half-open with as many as it admits; 2, open. */
export function enterBreaker(now: f64): i32 {
  const state: u32 = breakerState(now);
  if (state == OPEN) return OPEN;
  if (state == HALF_OPEN && count(REQUESTS) >= load<u32>(ADMITS)) return HALF_OPEN;
  raise(REQUESTS);
  return 0;
}

/**
 * Tells how a request ended that entered in `generation`. 1: a failure was counted that trips the breaker if the host's
 * own condition says so, which is to call `tripBreaker` then.
 */
export function leaveBreaker(now: f64, generation: u32, outcome: i32): i32 {
  const state: u32 = breakerState(now);
  if (generation != load<u32>(GENERATION)) return 0;
  if (outcome == SUCCESS) {
    raise(SUCCESSES);
    raise(CONSECUTIVE_SUCCESSES);
    clear(CONSECUTIVE_FAILURES);
    if (state == HALF_OPEN && count(CONSECUTIVE_SUCCESSES) >= load<u32>(ADMITS)) begin(CLOSED, now);
    return 0;
  }
  if (outcome != FAILURE) {
    store<u32>(COUNTS, count(REQUESTS) - 1);
    return 0;
  }
  if (state == HALF_OPEN) {
    begin(OPEN, now);
    return 0;
  }
  raise(FAILURES);
  raise(CONSECUTIVE_FAILURES);
  clear(CONSECUTIVE_SUCCESSES);
  const terms = load<u32>(TERMS);
  if (terms == 0) return 1;
  if (holds(terms)) begin(OPEN, now);
  return 0;
}

/** Opens a breaker that is closed. */
export function tripBreaker(now: f64): void {
  if (breakerState(now) == CLOSED) begin(OPEN, now);
}

function holds(terms: u32): bool {
  for (let i: u32 = 0; i < terms; i++) {
    const at = TERM + (<usize>i << 3);
    const term = load<u32>(at);
    if (!relates(count(term & 0xff), term >> 8, load<u32>(at, 4))) return false;
  }
  return true;
}

/** The relations are `>`, `>=`, `<`, `<=`, `==` and `!=`, in this order. */
function relates(value: u32, relation: u32, number: u32): bool {
  switch (relation) {
    case 0:
      return value > number;
    case 1:
      return value >= number;
    case 2:
      return value < number;
    case 3:
      return value <= number;
    case 4:
      return value == number;
    default:
      return value != number;
  }
}

function begin(state: u32, now: f64): void {
  store<u32>(STATE, state);
  store<u32>(GENERATION, load<u32>(GENERATION) + 1);
  memory.fill(COUNTS, 0, 20);
  const interval = load<f64>(INTERVAL);
  let expiry: f64 = 0;
  if (state == OPEN) expiry = now + load<f64>(OPEN_FOR);
  else if (state == CLOSED && interval > 0) expiry = now + interval;
  store<f64>(EXPIRY, expiry);
}

// @ts-ignore: decorator
@inline
function count(counter: u32): u32 {
  return load<u32>(COUNTS + (<usize>counter << 2));
}

// @ts-ignore: decorator
@inline
function raise(counter: u32): void {
  store<u32>(COUNTS + (<usize>counter << 2), count(counter) + 1);
}

// @ts-ignore: decorator
@inline
function clear(counter: u32): void {
  store<u32>(COUNTS + (<usize>counter << 2), 0);
}
