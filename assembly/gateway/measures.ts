/** What this instance has answered, how long that took, and what upstreams took of it. */
import { answeredBy, BOUNDS, BUCKETS, FAILURES, lastedFor, raise, TOTAL } from "./counters";
import { addNamed } from "./headers";
import { allocate } from "./memory";
import { FLAG_METRICS, FLAG_SERVER_TIMING } from "./records.gen";
import { head } from "./table";
import { put, putFraction, putNumber } from "./text";
import { now } from "./wasi/clocks";
import { FieldList } from "./wasi/fields";

const MILLISECOND: u64 = 1000000;

let began: u64 = 0;
let asked: u64 = 0;

/** A request has come. */
export function beginMeasures(): void {
  if (head().flags) began = now();
}

/** An upstream is asked; the last one counts. */
export function askUpstream(): void {
  if (head().flags) asked = now();
}

export function countFailure(): void {
  raise(FAILURES, 1);
}

/** The request was answered with this status; 0: it was not. */
export function countAnswer(status: i32): void {
  if (!(head().flags & FLAG_METRICS) || status < 100 || status > 599) return;
  raise(answeredBy(status / 100), 1);
  const took = now() - began;
  raise(TOTAL, took);
  let bucket = 0;
  while (bucket < BUCKETS - 1 && took > <u64>load<u32>(BOUNDS + (<usize>bucket << 2)) * MILLISECOND) bucket++;
  raise(lastedFor(bucket), 1);
}

/** Tells a caller, if it is to be told, what of the time until the answer's head was whose. */
export function addTiming(list: FieldList): void {
  if (!(head().flags & FLAG_SERVER_TIMING)) return;
  const text = allocate(80);
  let end = putMillis(put(text, "gateway;dur="), asked - began);
  end = putMillis(put(end, ", upstream;dur="), now() - asked);
  addNamed(list, "server-timing", text, <i32>(end - text));
}

function putMillis(to: usize, nanos: u64): usize {
  return putFraction(putNumber(to, nanos / MILLISECOND), (nanos % MILLISECOND) / 1000, 100);
}
