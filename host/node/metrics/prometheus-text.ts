import { setImmediate } from "node:timers/promises";
import { collectDefaultMetrics, type Metric, Registry } from "prom-client";
import type { Series } from "../../telemetry/metrics/meter.ts";
import type { TextMetric } from "../../telemetry/metrics/meter-set.ts";

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

/** A metric as the registry asks for it: no more than this of the library's own classes. */
function collected(metric: TextMetric): Metric {
  const { name, help, kind } = metric;
  const values = kind === "histogram" ? histogram : counts;
  const get = async () => ({ name, help, type: kind, aggregator: "sum", values: values(metric) });
  return { name, help, get } as unknown as Metric;
}

export interface PrometheusText {
  readonly contentType: string;
  read(): Promise<string>;
}

/** What a scrape of this process is answered: Node's own metrics, and those given at the time. */
export function prometheusText(metrics: () => readonly TextMetric[]): PrometheusText {
  const process = new Registry();
  collectDefaultMetrics({ register: process });
  return {
    contentType: process.contentType,
    async read() {
      const texts: string[] = [];
      for (const metric of metrics()) {
        const own = new Registry();
        own.registerMetric(collected(metric));
        texts.push(await own.metrics());
        // One with many series takes a while, in which calls are not to wait for the next one, too.
        await setImmediate();
      }
      return texts.join("") + (await process.metrics());
    },
  };
}
