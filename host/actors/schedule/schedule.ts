import { addSpans, type Span } from "./span.ts";

/** When something of an actor happens. Instants are milliseconds since the epoch, whole ones. */
export interface Schedule {
  /** The first tick; all others lie on the grid of periods that begins here. */
  readonly due: number;
  /** Undefined: it happens once. */
  readonly period: Span | undefined;
  /** How often in all; undefined: without end. */
  readonly repetitions: number | undefined;
  /** No tick is at or after it. */
  readonly until: number | undefined;
}

const longestMonthMs = 31 * 864e5;

/** The first tick later than `after`; undefined when there is none. Repetitions are counted by who lets it tick. */
export function nextTick({ due, period, until }: Schedule, after: number): number | undefined {
  let tick = due;
  if (after >= due) {
    if (period === undefined) return undefined;
    tick = tickAfter(due, period, after);
  }
  if (Number.isNaN(tick) || (until !== undefined && tick >= until)) return undefined;
  return tick;
}

function tickAfter(due: number, period: Span, after: number): number {
  const longest = period.months * longestMonthMs + period.days * 864e5 + period.ms;
  if (longest < 1) return after + 1;
  // Never too far, and short of the tick by as many periods as short months make up: the loop is short.
  let count = Math.max(1, Math.floor((after - due) / longest));
  let tick = addSpans(due, period, count);
  while (tick <= after) {
    count++;
    tick = addSpans(due, period, count);
  }
  return tick;
}
