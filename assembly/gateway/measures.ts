/**
 * What this instance has answered, how long that took, and what upstreams took of it. Of instances there are as many as
 * requests at once, and each knows its own numbers only: they have its name.
 */
import { Call } from "./call";
import { addNamed } from "./headers";
import { allocate } from "./memory";
import { FLAG_METRICS, FLAG_SERVER_TIMING } from "./records.gen";
import { reply } from "./reply";
import { head } from "./table";
import { put, putHex, putNumber } from "./text";
import { now } from "./wasi/clocks";
import { FieldList } from "./wasi/fields";
import { random } from "./wasi/random";

const MILLISECOND: u64 = 1000000;
const SECOND: u64 = 1000000000;

/** Upper bounds of the histogram's buckets in milliseconds; the last one has none. */
const BOUNDS: usize = memory.data<u32>([5, 25, 100, 500, 2500, 10000]);
const BUCKETS: i32 = 7;

const CLASSES: i32 = 5;

/** Answers by the first digit of their status, and by how long they took. */
const ANSWERED: usize = memory.data(40, 8);
const LASTED: usize = memory.data(56, 8);
let total: u64 = 0;
let failures: u64 = 0;

let instance: u64 = 0;
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
  failures++;
}

/** The request was answered with this status; 0: it was not. */
export function countAnswer(status: i32): void {
  if (!(head().flags & FLAG_METRICS) || status < 100 || status > 599) return;
  raise(ANSWERED, status / 100 - 1);
  const took = now() - began;
  total += took;
  let bucket = 0;
  while (bucket < BUCKETS - 1 && took > <u64>load<u32>(BOUNDS + (<usize>bucket << 2)) * MILLISECOND) bucket++;
  raise(LASTED, bucket);
}

function raise(counters: usize, index: i32): void {
  const at = counters + (<usize>index << 3);
  store<u64>(at, load<u64>(at) + 1);
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

/** Writes a point and as many digits as the unit has zeros, and one. */
function putFraction(to: usize, value: u64, unit: u64): usize {
  store<u8>(to++, 0x2e);
  for (; unit; unit /= 10) store<u8>(to++, <u8>(0x30 + ((value / unit) % 10)));
  return to;
}

/** True where `GET /metrics` is this gateway's own. */
export function showsMetrics(): bool {
  return (head().flags & FLAG_METRICS) != 0;
}

/** Answers with the counters as Prometheus reads them. */
export function showMetrics(call: Call): void {
  if (!instance) instance = random();
  const text = allocate(4096);
  let to = put(text, "# HELP daprlet_gateway_requests_total Requests that this instance has answered.\n");
  to = put(to, "# TYPE daprlet_gateway_requests_total counter\n");
  for (let i = 0; i < CLASSES; i++) {
    to = putNumber(put(label(put(to, "daprlet_gateway_requests_total")), ',status="'), i + 1);
    to = value(put(to, 'xx"}'), load<u64>(ANSWERED + (<usize>i << 3)));
  }
  to = put(to, "# HELP daprlet_gateway_request_duration_seconds Time until all of an answer was sent.\n");
  to = put(to, "# TYPE daprlet_gateway_request_duration_seconds histogram\n");
  let count: u64 = 0;
  for (let i = 0; i < BUCKETS; i++) {
    count += load<u64>(LASTED + (<usize>i << 3));
    to = put(label(put(to, "daprlet_gateway_request_duration_seconds_bucket")), ',le="');
    if (i == BUCKETS - 1) to = put(to, "+Inf");
    else {
      const bound = load<u32>(BOUNDS + (<usize>i << 2));
      to = putFraction(putNumber(to, bound / 1000), bound % 1000, 100);
    }
    to = value(put(to, '"}'), count);
  }
  to = put(label(put(to, "daprlet_gateway_request_duration_seconds_sum")), "} ");
  to = put(putFraction(putNumber(to, total / SECOND), total % SECOND, 100000000), "\n");
  to = value(put(label(put(to, "daprlet_gateway_request_duration_seconds_count")), "}"), count);
  to = put(to, "# HELP daprlet_gateway_upstream_failures_total Attempts at an upstream that failed.\n");
  to = put(to, "# TYPE daprlet_gateway_upstream_failures_total counter\n");
  to = value(put(label(put(to, "daprlet_gateway_upstream_failures_total")), "}"), failures);
  reply(call, 200, "text/plain; version=0.0.4; charset=utf-8", text, <i32>(to - text));
}

function label(to: usize): usize {
  return put(putHex(put(to, '{instance="'), instance), '"');
}

function value(to: usize, count: u64): usize {
  return put(putNumber(put(to, " "), count), "\n");
}
