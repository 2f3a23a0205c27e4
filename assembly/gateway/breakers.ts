/**
 * Circuit breakers of upstreams, as the core decides them. An instance that is used again keeps them; a fresh one begins
 * with closed ones, and several count each for itself.
 *
 *    0 u32 upstream   where its record stands; 0: the slot is free
 *    8 ×92            as assembly/resiliency/breaker.ts draws it
 */
import { INBOX } from "../memory";
import { enterBreaker, leaveBreaker } from "../resiliency/breaker";
import { Policy, Upstream } from "./records.gen";
import { now } from "./wasi/clocks";

/** A power of two; upstreams beyond as many have none. */
const SLOTS: usize = 256;
const SLOT: usize = 104;
const RECORDS: usize = memory.data(26624, 8);

const BREAKER: usize = 8;
const BREAKER_BYTES: usize = 92;

/** What a breaker that lets nothing pass answers. */
export const REFUSED: i32 = -1;

/** How a request ended. */
export const SUCCESS: i32 = 0;
export const FAILURE: i32 = 1;
export const WITHDRAWN: i32 = 2;

/** The upstream's slot, a new one where it has none yet; 0 where all are taken. */
function find(upstream: usize, policy: Policy, time: f64): usize {
  const first = (upstream >> 2) & (SLOTS - 1);
  for (let i: usize = 0; i < SLOTS; i++) {
    const slot = RECORDS + ((first + i) & (SLOTS - 1)) * SLOT;
    if (load<usize>(slot) == upstream) return slot;
    if (load<usize>(slot)) continue;
    store<usize>(slot, upstream);
    begin(slot + BREAKER, policy, time);
    return slot;
  }
  return 0;
}

function begin(at: usize, policy: Policy, time: f64): void {
  memory.fill(at, 0, BREAKER_BYTES);
  const interval = policy.breakerInterval;
  if (interval > 0) store<f64>(at, time + interval);
  store<f64>(at, interval, 8);
  store<f64>(at, policy.breakerTimeout, 16);
  store<u32>(at, policy.breakerRequests, 24);
  store<u32>(at, policy.termsCount, 56);
  // Terms lie in the table as they do in a breaker.
  memory.copy(at + 60, policy.terms, policy.termsCount << 3);
}

/** Milliseconds on the clock. */
function milliseconds(): f64 {
  return <f64>now() / 1e6;
}

/** Lets a request pass: the generation in which it did, or REFUSED. */
export function enter(upstream: Upstream, policy: Policy): i32 {
  if (!policy.breakerRequests) return 0;
  const time = milliseconds();
  const slot = find(changetype<usize>(upstream), policy, time);
  if (!slot) return 0;
  memory.copy(INBOX, slot + BREAKER, BREAKER_BYTES);
  const refused = enterBreaker(time) != 0;
  memory.copy(slot + BREAKER, INBOX, BREAKER_BYTES);
  return refused ? REFUSED : <i32>(load<u32>(slot + BREAKER, 32) & 0x7fffffff);
}

/** Tells how a request ended that passed in that generation. */
export function leave(upstream: Upstream, policy: Policy, generation: i32, outcome: i32): void {
  if (!policy.breakerRequests) return;
  const time = milliseconds();
  const slot = find(changetype<usize>(upstream), policy, time);
  if (!slot) return;
  memory.copy(INBOX, slot + BREAKER, BREAKER_BYTES);
  leaveBreaker(time, generation, outcome);
  memory.copy(slot + BREAKER, INBOX, BREAKER_BYTES);
}
