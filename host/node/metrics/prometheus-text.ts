import { setImmediate } from "node:timers/promises";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { TextMetric } from "../../telemetry/metrics/meter-set.ts";
import { prometheusLines } from "../../telemetry/metrics/prometheus-lines.ts";

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
      // Calls are not to wait for more than one of them.
      const lines = await prometheusLines(metrics(), Registry, setImmediate);
      return lines + (await process.metrics());
    },
  };
}
