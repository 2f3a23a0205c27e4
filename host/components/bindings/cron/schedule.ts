import { parseDuration } from "../../../duration.ts";

/** The first moment after `after` at which it is due, in milliseconds since the epoch; undefined when there is none. */
export type Schedule = (after: number) => number | undefined;

const zoned = /^(?:CRON_)?TZ=(\S+)\s+(.+)$/;

/**
 * A schedule as daprd takes it: five fields, six with seconds before them, `@daily` and its like, `@every 1h30m` (counted
 * from `start`), each with `CRON_TZ=<zone>` before it. Throws an Error that says what was expected.
 */
export async function parseSchedule(text: string, start: number): Promise<Schedule> {
  const trimmed = text.trim();
  const [, every] = /^@every\s+(\S+)$/.exec(trimmed) ?? [];
  if (every !== undefined) {
    const period = parseDuration(every);
    if (period === undefined || period < 1) throw new Error("expected a duration after @every, such as 30s");
    return (after) => start + (Math.floor((after - start) / period) + 1) * period;
  }
  const [, timezone, pattern = trimmed] = zoned.exec(trimmed) ?? [];
  // Loaded with the first schedule: a sidecar without one starts without it.
  const { Cron } = await import("croner");
  const cron = new Cron(pattern, {
    paused: true,
    sloppyRanges: true,
    mode: "5-or-6-parts",
    ...(timezone !== undefined && { timezone }),
  });
  return (after) => cron.nextRun(new Date(after))?.getTime();
}
