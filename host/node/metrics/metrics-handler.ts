import { type RuntimeRequest, type RuntimeResponse, text } from "../../http.ts";
import type { TextMetric } from "../../telemetry/metrics/meter-set.ts";
import type { PrometheusText } from "./prometheus-text.ts";

const paths: ReadonlySet<string> = new Set(["/", "/metrics"]);

/** What the metrics port answers. The library that writes the text is loaded with the first scrape. */
export function metricsHandler(
  metrics: () => readonly TextMetric[],
): (request: RuntimeRequest) => Promise<RuntimeResponse> {
  let loading: Promise<PrometheusText> | undefined;
  return async ({ method, path }) => {
    if (!paths.has(path)) return text("metrics are at /metrics", 404);
    if (method !== "GET" && method !== "HEAD") return text("metrics are read with GET", 405);
    loading ??= import("./prometheus-text.ts").then(({ prometheusText }) => prometheusText(metrics));
    const { contentType, read } = await loading;
    return {
      status: 200,
      headers: ["content-type", contentType],
      body: new TextEncoder().encode(await read()),
    };
  };
}
