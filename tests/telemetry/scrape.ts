import parse from "parse-prometheus-text-format";

/** Dapr's metrics by `name{label="value",…}`, its labels in order, read by a parser that is not ours. */
export function samplesOf(text: string): ReadonlyMap<string, number> {
  // The parser mixes the series of a histogram up: it is to take each of its lines for itself.
  const lines = parse(text.replace(/^(# TYPE \S+) histogram$/gm, "$1 untyped"));
  return new Map(
    lines.flatMap(({ name, metrics }) =>
      metrics.map(({ labels = {}, value }): [string, number] => {
        const told = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
        return [`${name}{${told.map(([label, of]) => `${label}="${of}"`).join(",")}}`, Number(value)];
      }),
    ),
  );
}

/** Those at a port. */
export async function scrape(port: number): Promise<ReadonlyMap<string, number>> {
  return samplesOf(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
}
