/** One comparison: both sides measured in the same run, on the same machine. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  /** By the name of the side. */
  readonly values: ReadonlyMap<string, number>;
  /** True where less is better (a time). */
  readonly less?: boolean;
  /** What is aimed at, as said where the row is missed: the ratio of the first side to the second. */
  readonly aim?: number;
  /** Why a missed aim is missed. */
  readonly why?: string;
}

const figure = (value: number | undefined): string => {
  if (value === undefined) return "–";
  if (value >= 1000) return `${Math.round(value).toLocaleString("en-GB")}`;
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
};

/** Prints rows side by side, with the ratio of the first side to each other one. Never fails a run. */
export function printRows(title: string, sides: readonly string[], rows: readonly Row[]): void {
  const [first = "", ...others] = sides;
  const lines = [["", "unit", ...sides, ...others.map((other) => `${first} / ${other}`)]];
  const missed: string[] = [];
  for (const { what, unit, values, less, aim, why } of rows) {
    const own = values.get(first);
    const ratios = others.map((other) => {
      const value = values.get(other);
      return own === undefined || value === undefined ? "–" : `${(own / value).toFixed(2)}×`;
    });
    lines.push([what, unit, ...sides.map((side) => figure(values.get(side))), ...ratios]);
    const reference = values.get(others[0] ?? "");
    if (aim === undefined || own === undefined || reference === undefined) continue;
    const ratio = own / reference;
    if (less ? ratio > aim : ratio < aim) {
      missed.push(
        `${what}: ${ratio.toFixed(2)}× of ${others[0]}, aimed at ${less ? "at most" : "at least"} ${aim}×${why === undefined ? "" : `: ${why}`}`,
      );
    }
  }
  const widths = lines[0]?.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0))) ?? [];
  const text = lines.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
  console.log(`\n${title}\n${text.join("\n")}`);
  for (const sentence of missed) console.log(`not reached – ${sentence}`);
}
