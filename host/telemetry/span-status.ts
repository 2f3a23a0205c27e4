import type { SpanStatus } from "../components/exporters/span-exporter.ts";

/** What the statuses of HTTP are called on spans; the others go by their number. */
const names: ReadonlyMap<number, string> = new Map([
  [400, "Invalid Argument"],
  [403, "Permission Denied"],
  [404, "Not Found"],
  [500, "Internal"],
]);

/** The status of a span by that of the answer; `strict` tells of failures only, as today's Dapr does. */
export function spanStatus(status: number, strict: boolean): SpanStatus {
  if (status >= 400) return { code: "error", message: names.get(status) ?? String(status) };
  return { code: status >= 200 && status < 300 && !strict ? "ok" : "unset" };
}
