import {
  type BreakerCounts,
  type BreakerOutcome,
  type BreakerRecord,
  type BreakerSettings,
  type BreakerState,
  breakerCounters,
  type Core,
  tripRelations,
} from "./core.ts";
import type { CoreExports } from "./exports.ts";
import type { Inbox } from "./inbox.ts";

/** A breaker's bytes, as `assembly/resiliency/breaker.ts` draws them. */
const expiry = 0;
const interval = 8;
const openFor = 16;
const admits = 24;
const generationAt = 32;
const counts = 36;
const termCount = 56;
const terms = 60;
const termBytes = 8;
const mostTerms = 4;
const recordBytes = terms + mostTerms * termBytes;

const states: readonly BreakerState[] = ["closed", "half-open", "open"];
const outcomes: readonly BreakerOutcome[] = ["success", "failure", "withdrawn"];

type Breakers = Pick<
  Core,
  "backOff" | "newBreaker" | "breakerState" | "enterBreaker" | "leaveBreaker" | "tripBreaker"
>;

const view = (record: BreakerRecord) => new DataView(record.buffer, record.byteOffset, recordBytes);

/** Binds what resiliency asks of one instance. */
export function breakers(core: CoreExports, inbox: Inbox): Breakers {
  /** Lends a record to the core for one call, which changes it. */
  function lend<T>(record: BreakerRecord, call: () => T): T {
    inbox.put(record);
    const answer = call();
    record.set(inbox.bytes.subarray(inbox.start, inbox.start + recordBytes));
    return answer;
  }

  return {
    backOff({ policy, intervalMs, maxRetries = -1, longestMs }, failures, elapsedMs, chance) {
      const exponential = policy === "exponential" ? 1 : 0;
      const wait = core.backoff(exponential, intervalMs, maxRetries, longestMs, failures, elapsedMs, chance);
      return wait < 0 ? undefined : wait;
    },

    newBreaker(settings: BreakerSettings, now: number): BreakerRecord {
      if (settings.terms.length > mostTerms) throw new RangeError(`a breaker has at most ${mostTerms} terms`);
      const record = new Uint8Array(recordBytes) as BreakerRecord;
      const fields = view(record);
      fields.setFloat64(expiry, settings.intervalMs > 0 ? now + settings.intervalMs : 0, true);
      fields.setFloat64(interval, settings.intervalMs, true);
      fields.setFloat64(openFor, settings.timeoutMs, true);
      fields.setUint32(admits, settings.maxRequests, true);
      fields.setUint32(termCount, settings.terms.length, true);
      settings.terms.forEach(({ counter, relation, number }, i) => {
        const at = terms + i * termBytes;
        const kind = breakerCounters.indexOf(counter) | (tripRelations.indexOf(relation) << 8);
        fields.setUint32(at, kind, true);
        fields.setUint32(at + 4, number, true);
      });
      return record;
    },

    breakerState(record, now) {
      const state = states[lend(record, () => core.breaker(now))] as BreakerState;
      return { state, until: view(record).getFloat64(expiry, true) };
    },

    enterBreaker(record, now) {
      const refusal = lend(record, () => core.enter(now));
      if (refusal !== 0) return states[refusal] as "half-open" | "open";
      return view(record).getUint32(generationAt, true);
    },

    leaveBreaker(record, now, generation, outcome): BreakerCounts | undefined {
      const judge = lend(record, () => core.leave(now, generation, outcomes.indexOf(outcome)));
      if (judge === 0) return undefined;
      const fields = view(record);
      const values = breakerCounters.map((name, i) => [name, fields.getUint32(counts + i * 4, true)]);
      return Object.fromEntries(values) as BreakerCounts;
    },

    tripBreaker(record, now) {
      lend(record, () => core.trip(now));
    },
  };
}
