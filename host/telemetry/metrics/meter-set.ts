import type { Log } from "../../platform.ts";
import { Meter } from "./meter.ts";
import { type MeterName, type MeterRow, type MetricRow, metricTable } from "./metric-table.ts";
import type { Metrics } from "./metrics-settings.ts";

/** Of the labels that anybody may name, and so the most lines of one metric. */
const LIMIT = 500;
const PREFIX = "dapr_";
/** Dapr's own, in milliseconds and bytes. */
const latencies: readonly number[] = [
  1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 65, 80, 100, 130, 160, 200, 250, 300, 400, 500, 650,
  800, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000,
];
const sizes: readonly number[] = [
  1, 2, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304,
].map((kilobytes) => kilobytes * 1024);

/** Puts what the rules name in other words. A rule holds for all metrics that are counted together. */
function rewriting({ labels, metrics }: MeterRow, { rules = [] }: Metrics) {
  const names = metrics.map(({ name }) => PREFIX + name);
  const own = rules
    .filter(({ metric, label }) => names.includes(metric) && labels.includes(label))
    .map(({ label, pattern, replacement }) => ({
      position: labels.indexOf(label),
      pattern: new RegExp(pattern, "g"),
      replacement,
    }));
  if (own.length === 0) return undefined;
  return (values: readonly string[]) => {
    const told = [...values];
    for (const { position, pattern, replacement } of own) {
      told[position] = (told[position] as string).replace(pattern, replacement);
    }
    return told;
  };
}

export type MeterSet = Readonly<Record<MeterName, Meter>>;

/** A meter for each row of the table. */
export function meterSet(settings: Metrics, log: Log): MeterSet {
  const bounds = { count: [], ms: settings.latencyBuckets ?? latencies, bytes: sizes };
  const meters = Object.entries(metricTable).map(([name, row]: [string, MeterRow]) => [
    name,
    new Meter({
      labels: row.labels,
      bounds: bounds[row.unit],
      limit: LIMIT,
      rewrite: rewriting(row, settings),
      full: () =>
        log.warn(
          `metric ${PREFIX}${row.metrics[0]?.name} has ${LIMIT} sets of label values: further ones are counted as other; spec.metrics of a Configuration tells fewer apart (http.pathMatching, rules)`,
        ),
    }),
  ]);
  return Object.fromEntries(meters) as MeterSet;
}

/** One metric as a scrape shows it. */
export interface TextMetric {
  readonly name: string;
  readonly kind: MetricRow["kind"];
  readonly help: string;
  readonly constant: Readonly<Record<string, string>>;
  readonly meter: Meter;
}

/** Those of which there is something to show, as Dapr leaves out the others. */
export function textMetrics(set: MeterSet, appId: string, namespace: string): readonly TextMetric[] {
  return Object.entries(metricTable).flatMap(([name, row]: [string, MeterRow]) => {
    const meter = set[name as MeterName];
    if (meter.all.length === 0) return [];
    const constant = { app_id: appId, ...(row.namespaced && { namespace }) };
    return row.metrics.map((metric) => ({ ...metric, name: PREFIX + metric.name, constant, meter }));
  });
}
