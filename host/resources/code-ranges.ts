import type { CodeRange } from "./resiliency.ts";

/**
 * Status codes as Dapr writes them: `429,500-599`. Undefined where none are named. `fail` is told what is wrong; codes
 * are from the first to the last of `valid`.
 */
export function codeRanges(
  value: unknown,
  [least, most]: CodeRange,
  fail: (expected: string) => never,
): readonly CodeRange[] | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string" && typeof value !== "number") fail("must be text such as 429,500-599");
  const parts = String(value)
    .split(",")
    .filter((part) => part !== "");
  return parts.map((part): CodeRange => {
    const [, from, to = from] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    const first = Number(from);
    const last = Number(to);
    if (!(first >= least && first <= last && last <= most)) {
      fail(`must be codes or ranges of codes from ${least} to ${most}, such as 429,500-599`);
    }
    return [first, last];
  });
}
