import type { ActorCounts, ActorMeter, Meters } from "../../host/telemetry/metrics/meters.ts";
import type { Counted, Measured } from "./actor-messages.ts";

/** Counts what becomes of a page's actors for its worker, which shows it. */
export class PageMeter implements Pick<Meters, "actors"> {
  #counts: () => readonly ActorCounts[] = () => [];
  #counted = new Map<string, Counted>();
  #told = "[]";

  actors(counts: () => readonly ActorCounts[]): ActorMeter {
    this.#counts = counts;
    const count = (what: Counted[0], type: string, success: boolean) => {
      const key = `${what} ${success} ${type}`;
      const [, , , before] = this.#counted.get(key) ?? [what, type, success, 0];
      this.#counted.set(key, [what, type, success, before + 1]);
    };
    return {
      fired: count,
      rebalanced: (type) => count("rebalanced", type, true),
      deactivated: (type, success) => count("deactivated", type, success),
    };
  }

  /** What is new; undefined where nothing is. `again`: the worker may be another one, which knows nothing yet. */
  news(again: boolean): Measured | undefined {
    const counts = this.#counts();
    const told = JSON.stringify(counts);
    if (!again && told === this.#told && this.#counted.size === 0) return undefined;
    this.#told = told;
    const counted = [...this.#counted.values()];
    this.#counted.clear();
    return { counts, counted };
  }
}

/** Counts in a worker what a page has counted. */
export function countAll(meter: ActorMeter, counted: readonly Counted[]): void {
  for (const [what, type, success, times] of counted) {
    for (let i = 0; i < times; i++) {
      if (what === "rebalanced") meter.rebalanced(type);
      else if (what === "deactivated") meter.deactivated(type, success);
      else meter.fired(what, type, success);
    }
  }
}

/** What there is in several pages. */
export function addedUp(
  pages: Iterable<{ readonly counts: readonly ActorCounts[] }>,
): readonly ActorCounts[] {
  const all = new Map<string, ActorCounts>();
  for (const { counts } of pages) {
    for (const { type, pending, timers } of counts) {
      const before = all.get(type) ?? { pending: 0, timers: 0 };
      all.set(type, { type, pending: before.pending + pending, timers: before.timers + timers });
    }
  }
  return [...all.values()];
}
