/**
 * How often a call is tried: every upstream of its app once, which is a round, and, where a Resiliency says so, further
 * rounds after a wait. Whether there will be another one is settled when a round begins, since an answer that counts as a
 * failure passes to the caller when there will not.
 */
import { backOff } from "../resiliency/back-off";
import { alarm } from "./alarm";
import { canRewind } from "./body";
import { call } from "./call";
import { App, NONE, Policy, RETRY_EXPONENTIAL, RETRY_OFF } from "./records.gen";
import { head } from "./table";
import { now } from "./wasi/clocks";
import { wait, waitFor } from "./wasi/poll";
import { random } from "./wasi/random";

const MILLISECOND: u64 = 1000000;
/** No further round. */
const STOP: f64 = -1;

let policy: Policy | null = null;
let began: u64 = 0;
let until: u64 = 0;
let round: i32 = 0;
let pause: f64 = STOP;

/** What holds for calls of an app; null: nothing. */
export function policyOf(app: App): Policy | null {
  return app.policy == NONE ? null : head().rule(app.policy);
}

/** Begins the first round of a call, which is over at `end`, unless that is 0. */
export function beginRounds(chosen: Policy | null, time: u64, end: u64): void {
  policy = chosen;
  began = time;
  until = end;
  round = 0;
  begin(time);
}

function begin(time: u64): void {
  round++;
  pause = STOP;
  const held = policy;
  if (held == null || held.retry == RETRY_OFF) return;
  const exponential = held.retry == RETRY_EXPONENTIAL ? 1 : 0;
  const elapsed = <f64>(time - began) / <f64>MILLISECOND;
  const chance = <f64>(random() >>> 11) / 9007199254740992;
  pause = backOff(exponential, held.interval, <i32>held.retries, held.longest, round, elapsed, chance);
  if (pause >= 0 && until && time + nanos(pause) >= until) pause = STOP;
}

function nanos(milliseconds: f64): u64 {
  return <u64>(milliseconds * <f64>MILLISECOND);
}

/** Waits for the next round. False where this one was the last. */
export function nextRound(): bool {
  if (pause < 0) return false;
  const start = now();
  const end = start + nanos(pause);
  for (let time = start; time < end; time = now()) {
    waitFor(0, alarm(time, end));
    wait(1);
  }
  begin(now());
  return true;
}

/** Whether an answer of this status is a failure; what a component answers to a caller's mistake is none. */
export function isFailure(status: i32): bool {
  return status < 200 || status > (call().refusal ? 499 : 399);
}

/** True where an answer of this status is not passed on, because the call is tried again. */
export function isTriedAgain(status: i32): bool {
  const held = policy;
  if (held == null || pause < 0 || !isFailure(status) || !canRewind()) return false;
  if (held.codesCount == 0) return true;
  for (let i: u32 = 0; i < held.codesCount; i++) {
    const code = held.code(i);
    if (status >= <i32>code.first && status <= <i32>code.last) return true;
  }
  return false;
}

/**
 * True where an answer says that the upstream would take an event some other time: 408, 425, 429, what is its own fault
 * (but a circle, which stays one), and of a delivery also a token that it does not know, which is no fault of the event.
 */
export function isForLater(status: i32, isDelivery: bool): bool {
  if (status == 401) return isDelivery;
  return (status >= 500 && status != 508) || status == 408 || status == 425 || status == 429;
}

/** True where a policy has calls of any kind tried again, whatever their method. */
export function triesAgain(): bool {
  return pause >= 0;
}
