import { parseInstant } from "./instant.ts";
import type { Schedule } from "./schedule.ts";
import { addSpans, isNothing, parseSpan, type Span } from "./span.ts";

export type ScheduleKind = "timer" | "reminder";

/** As registered; empty where left out. */
export interface ScheduleTexts {
  readonly dueTime: string;
  readonly period: string;
  readonly ttl: string;
}

/** What was registered can be no schedule; the message says which part of it, as Dapr does where it knows. */
export class ScheduleError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ScheduleError";
  }
}

/**
 * The schedule of a timer or reminder that is registered `now`. `name` is for messages. The ttl counts from the first
 * tick.
 */
export function parseSchedule(kind: ScheduleKind, name: string, texts: ScheduleTexts, now: number): Schedule {
  const { dueTime, ttl } = texts;
  const due = dueTime === "" ? now : instantOf(kind, "due time", dueTime, now);
  const repeated = kind === "timer" ? timerPeriod(texts.period) : reminderPeriod(texts.period);
  const until = ttl === "" ? undefined : instantOf(kind, "TTL", ttl, due);
  if (until !== undefined && (until < due || until < now)) {
    const instant = new Date(due).toISOString();
    throw new ScheduleError(`${kind} ${name} has already expired: dueTime: ${instant} TTL: ${ttl}`);
  }
  return { due, ...repeated, until };
}

function instantOf(kind: ScheduleKind, what: "due time" | "TTL", text: string, from: number): number {
  const failed = (cause: string) => new ScheduleError(`error parsing ${kind} ${what}: ${cause}`);
  if (/^R\d+\//.test(text)) throw failed("repetitions are not allowed");
  const span = parseSpan(text);
  if (span !== undefined && span.ms < 0 && what === "due time") throw failed(`it is negative: ${text}`);
  const instant = span === undefined ? parseInstant(text) : addSpans(from, span, 1);
  if (Number.isNaN(instant)) throw failed(`unsupported time/duration format: ${text}`);
  return instant;
}

type Repeated = Pick<Schedule, "period" | "repetitions">;

const once: Repeated = { period: undefined, repetitions: undefined };

function timerPeriod(text: string): Repeated {
  return repeatedBy(text, (cause) =>
    cause === undefined
      ? `invalid timer period: parse error: unsupported duration format: ${text}`
      : `invalid timer period: ${cause}`,
  );
}

/** Dapr's reminders know hours, minutes and seconds. */
function reminderPeriod(text: string): Repeated {
  const failed = (cause: string | undefined) =>
    cause === undefined ? `unsupported period format: ${text}` : `invalid reminder period: ${cause}`;
  const repeated = repeatedBy(text, failed);
  const { months = 0, days = 0 } = repeated.period ?? {};
  if (months > 0 || days > 0) throw new ScheduleError(failed(undefined));
  return repeated;
}

function repeatedBy(text: string, wording: (cause: string | undefined) => string): Repeated {
  if (text === "") return once;
  const [, digits, rest = ""] = /^(?:R([+-]?\d+)\/(?=P))?(.*)$/s.exec(text) ?? [];
  const repetitions = digits === undefined ? undefined : Number(digits);
  const period: Span | undefined = parseSpan(rest);
  if (period === undefined || (repetitions ?? 0) > Number.MAX_SAFE_INTEGER) {
    throw new ScheduleError(wording(undefined));
  }
  if (repetitions === 0) throw new ScheduleError(wording("has zero repetitions"));
  if (repetitions !== undefined && repetitions < 0)
    throw new ScheduleError(wording("has negative repetitions"));
  if (period.ms < 0) throw new ScheduleError(wording("it is negative"));
  return isNothing(period) ? once : { period, repetitions };
}
