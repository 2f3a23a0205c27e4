import { Call } from "./call";
import { answeredBy, BOUNDS, BUCKETS, CLASSES, counted, COUNTERS, FAILURES, lastedFor, TOTAL } from "./counters";
import { allocate } from "./memory";
import { isMerged, mergedCounters, mergeFault } from "./merge-counters";
import { FLAG_METRICS } from "./records.gen";
import { reply, say } from "./reply";
import { putQueues, queuesRoom } from "./spool/show-queues";
import { faultText } from "./state/store-faults";
import { head } from "./table";
import { copy, put, putFraction, putHex, putNumber } from "./text";
import { HAS_FOLDER } from "./variant";
import { random } from "./wasi/random";

const SECOND: u64 = 1000000000;

/** As many lines say whose they are. */
const MOST_LABELS: usize = 16;

let instance: u64 = 0;

/** True where `GET /metrics` is this gateway's own. */
export function showsMetrics(): bool {
  return (head().flags & FLAG_METRICS) != 0;
}

/**
 * Answers with the counters as Prometheus reads them. Of instances there are as many as requests at once, and each knows its
 * own numbers only, which have its name; those that are merged have the gateway's.
 */
export function showMetrics(call: Call): void {
  let from = COUNTERS;
  if (HAS_FOLDER && isMerged()) {
    from = mergedCounters();
    if (!from) return say(call, 503, faultText(mergeFault()));
  } else if (!instance) instance = random();
  const room = 4096 + <usize>head().appIdLength * MOST_LABELS;
  const text = allocate(HAS_FOLDER ? room + queuesRoom() : room);
  let to = put(text, "# HELP daprlet_gateway_requests_total Requests that were answered.\n");
  to = put(to, "# TYPE daprlet_gateway_requests_total counter\n");
  for (let i = 1; i <= CLASSES; i++) {
    to = putNumber(put(label(put(to, "daprlet_gateway_requests_total")), ',status="'), i);
    to = value(put(to, 'xx"}'), counted(from, answeredBy(i)));
  }
  to = put(to, "# HELP daprlet_gateway_request_duration_seconds Time until all of an answer was sent.\n");
  to = put(to, "# TYPE daprlet_gateway_request_duration_seconds histogram\n");
  let count: u64 = 0;
  for (let i = 0; i < BUCKETS; i++) {
    count += counted(from, lastedFor(i));
    to = put(label(put(to, "daprlet_gateway_request_duration_seconds_bucket")), ',le="');
    if (i == BUCKETS - 1) to = put(to, "+Inf");
    else {
      const bound = load<u32>(BOUNDS + (<usize>i << 2));
      to = putFraction(putNumber(to, bound / 1000), bound % 1000, 100);
    }
    to = value(put(to, '"}'), count);
  }
  to = put(label(put(to, "daprlet_gateway_request_duration_seconds_sum")), "} ");
  const total = counted(from, TOTAL);
  to = put(putFraction(putNumber(to, total / SECOND), total % SECOND, 100000000), "\n");
  to = value(put(label(put(to, "daprlet_gateway_request_duration_seconds_count")), "}"), count);
  to = put(to, "# HELP daprlet_gateway_upstream_failures_total Attempts at an upstream that failed.\n");
  to = put(to, "# TYPE daprlet_gateway_upstream_failures_total counter\n");
  to = value(put(label(put(to, "daprlet_gateway_upstream_failures_total")), "}"), counted(from, FAILURES));
  if (HAS_FOLDER) to = putQueues(to);
  reply(call, 200, "text/plain; version=0.0.4; charset=utf-8", text, <i32>(to - text));
}

/** Whose it is: the instance's, or the whole gateway's. */
function label(to: usize): usize {
  if (HAS_FOLDER && isMerged()) return put(copy(put(to, '{gateway="'), head().appId, head().appIdLength), '"');
  return put(putHex(put(to, '{instance="'), instance), '"');
}

function value(to: usize, count: u64): usize {
  return put(putNumber(put(to, " "), count), "\n");
}
