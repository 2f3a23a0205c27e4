import { isWell } from "./health";
import { App, Upstream } from "./records.gen";
import { head } from "./table";
import { same } from "./text";
import { random } from "./wasi/random";

/** Upstreams of one app that are looked at. */
const MOST: u32 = 64;

/** A bit for each that was asked already. */
let asked: u64 = 0;

/** Begins choosing for a request. */
export function beginChoice(): void {
  asked = 0;
}

/**
 * The next upstream to ask: of those with the lowest priority, the gateway's own region first, each by its weight. Those
 * that failed of late come after all others. Null: all were asked.
 */
export function choose(app: App, now: u64): Upstream | null {
  const count = min(app.upstreamsCount, MOST);
  let best = u32.MAX_VALUE;
  let total: u32 = 0;
  let last = -1;
  let equals = 0;
  for (let i: u32 = 0; i < count; i++) {
    if ((asked >> i) & 1) continue;
    const upstream = app.upstream(i);
    const rank = rankOf(upstream, now);
    if (rank > best) continue;
    if (rank < best) {
      best = rank;
      total = 0;
      equals = 0;
    }
    total += upstream.weight;
    last = i;
    equals++;
  }
  if (last < 0) return null;
  if (equals > 1) last = byWeight(app, count, best, total, now);
  asked |= <u64>1 << last;
  return app.upstream(last);
}

function byWeight(app: App, count: u32, rank: u32, total: u32, now: u64): i32 {
  let left = total ? <u32>(random() % total) : 0;
  let first = -1;
  for (let i: u32 = 0; i < count; i++) {
    if ((asked >> i) & 1) continue;
    const upstream = app.upstream(i);
    if (rankOf(upstream, now) != rank) continue;
    if (first < 0) first = i;
    if (left < upstream.weight) return i;
    left -= upstream.weight;
  }
  return first;
}

/** Whoever is well comes first, then priority, then the region, then those that take a share at all. */
function rankOf(upstream: Upstream, now: u64): u32 {
  let rank: u32 = isWell(changetype<usize>(upstream), now) ? 0 : 1;
  rank = (rank << 8) | upstream.priority;
  const table = head();
  const away =
    table.regionLength != 0 && !same(upstream.region, upstream.regionLength, table.region, table.regionLength);
  rank = (rank << 1) | (away ? 1 : 0);
  return (rank << 1) | (upstream.weight ? 0 : 1);
}
