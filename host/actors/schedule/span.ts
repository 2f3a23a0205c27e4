import { parseDuration } from "../../duration.ts";

/** A length of time: months are as long as the calendar has them, all else is milliseconds, with a fraction. */
export interface Span {
  readonly months: number;
  readonly days: number;
  readonly ms: number;
}

const longestMs = 2 ** 63 / 1e6;
const units = "(?:(\\d+)Y)?(?:(\\d+)M)?(?:(\\d+)W)?(?:(\\d+)D)?(?:T(?:(\\d+)H)?(?:(\\d+)M)?(?:(\\d+)S)?)?";
const iso = new RegExp(`^P(?=[\\dT])${units}$`);

/** An ISO 8601 duration of whole numbers, or a Go duration; undefined when it is neither. Only Go's can be negative. */
export function parseSpan(text: string): Span | undefined {
  const match = iso.exec(text);
  if (match === null) {
    const ms = parseDuration(text);
    return ms === undefined || Math.abs(ms) >= longestMs ? undefined : { months: 0, days: 0, ms };
  }
  if (text.endsWith("T")) return undefined;
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((digits) => Number(digits ?? 0));
  return {
    months: 12 * years + months,
    days: 7 * weeks + days,
    ms: 1000 * (3600 * hours + 60 * minutes + seconds),
  };
}

export function isNothing({ months, days, ms }: Span): boolean {
  return months === 0 && days === 0 && ms === 0;
}

/**
 * That many spans after `instant`, in UTC and to the millisecond; NaN where the calendar ends. A month that is too short
 * for the day ends with its last one, so that the next span finds the day again.
 */
export function addSpans(instant: number, { months, days, ms }: Span, count: number): number {
  let start = instant;
  if (months !== 0) {
    const date = new Date(instant);
    const day = date.getUTCDate();
    date.setUTCMonth(date.getUTCMonth() + months * count + 1, 0);
    date.setUTCDate(Math.min(day, date.getUTCDate()));
    start = date.getTime();
  }
  return new Date(Math.ceil(start + count * (days * 864e5 + ms))).getTime();
}
