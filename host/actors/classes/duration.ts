/** A duration as Dapr takes it: text as it is, a number of milliseconds as Go's. */
export function duration(value: string | number): string {
  if (typeof value === "string") return value;
  if (!Number.isFinite(value) || value < 0)
    throw new RangeError("a duration in milliseconds must be a number from 0 on");
  return `${Math.round(value)}ms`;
}
