const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** An RFC 3339 date and time in milliseconds since the epoch, rounded up; NaN when it is none or there is no such day. */
export function parseInstant(text: string): number {
  const match = rfc3339.exec(text);
  if (match === null) return Number.NaN;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN;
  const offset = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0);
  if (hour > 23 || minute > 59 || second > 59 || offset >= 24 * 60) return Number.NaN;
  const ms = Number(`0.${match[7] ?? 0}`) * 1000;
  const minutes = 60 * hour + minute - (match[8] === "-" ? -offset : offset);
  return Math.ceil(date.getTime() + 6e4 * minutes + 1000 * second + ms);
}
