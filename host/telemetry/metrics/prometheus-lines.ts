import type { Metric, Registry } from "prom-client";
import type { Series } from "./meter.ts";
import type { TextMetric } from "./meter-set.ts";

interface Value {
  readonly metricName: string;
  readonly labels?: Readonly<Record<string, string | number>>;
  /** Of all lines of a series: the library writes them once. */
  readonly sharedLabels?: Readonly<Record<string, string>>;
  readonly value: number;
}

function labelsOf({ meter, constant }: TextMetric, { values }: Series): Record<string, string> {
  return { ...constant, ...Object.fromEntries(meter.labels.map((label, i) => [label, values[i] ?? ""])) };
}

function histogram(metric: TextMetric): Value[] {
  const { name, meter } = metric;
  return meter.all.flatMap((series) => {
    const sharedLabels = labelsOf(metric, series);
    let below = 0;
    const buckets = [...meter.bounds, "+Inf"].map((le, i) => {
      below += series.spread[i] as number;
      return { metricName: `${name}_bucket`, labels: { le }, sharedLabels, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, sharedLabels, value: series.sum },
      { metricName: `${name}_count`, sharedLabels, value: series.count },
    ];
  });
}

function counts(metric: TextMetric): Value[] {
  const { name, meter } = metric;
  return meter.all.map((series) => ({
    metricName: name,
    labels: labelsOf(metric, series),
    value: series.count,
  }));
}

/** A metric of one app or several as the registry asks for it: no more than this of the library's own classes. */
function collected(metric: TextMetric, all: readonly TextMetric[]): Metric {
  const { name, help, kind } = metric;
  const values = all.flatMap(kind === "histogram" ? histogram : counts);
  const get = async () => ({ name, help, type: kind, aggregator: "sum", values });
  return { name, help, get } as unknown as Metric;
}

/**
 * Metrics in Prometheus' text, each once, also where several apps have it. `pause` is awaited between them: one with many
 * series takes a while.
 */
export async function prometheusLines(
  metrics: readonly TextMetric[],
  Text: new () => Registry,
  pause?: () => Promise<unknown>,
): Promise<string> {
  const byName = new Map<string, TextMetric[]>();
  for (const metric of metrics) {
    const known = byName.get(metric.name);
    if (known === undefined) byName.set(metric.name, [metric]);
    else known.push(metric);
  }
  const texts: string[] = [];
  for (const all of byName.values()) {
    const one = new Text();
    one.registerMetric(collected(all[0] as TextMetric, all));
    texts.push(await one.metrics());
    await pause?.();
  }
  return texts.join("");
}
