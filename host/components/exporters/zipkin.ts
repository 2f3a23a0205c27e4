import { ComponentError } from "../../errors/component-error.ts";
import { field, milliseconds } from "../metadata-schema.ts";
import { collectorUrl, sendTo } from "./collector.ts";
import { defineExporter, exportFields, type FinishedSpan } from "./span-exporter.ts";

const address = field((value) => collectorUrl(value, "/api/v2/spans"));
const kinds = { client: "CLIENT", server: "SERVER", producer: "PRODUCER", consumer: "CONSUMER" } as const;
/** What names the other side of a span, the first one that is there. */
const peers: readonly string[] = ["net.peer.name", "db.name"];

/** Microseconds: Zipkin knows no fraction of them, and takes a duration of 0 for none. */
const micros = (ms: number) => Math.round(ms * 1000);

/** A span as Zipkin's API v2 has it, with the tags that OpenTelemetry gives a status. */
export function zipkinSpan(span: FinishedSpan, serviceName: string): Readonly<Record<string, unknown>> {
  const { attributes, status, parentId } = span;
  const tags: Record<string, string> = {};
  for (const [name, value] of attributes) tags[name] = String(value);
  if (status.code !== "unset") tags["otel.status_code"] = status.code.toUpperCase();
  if (status.code === "error") tags.error = status.message ?? "";
  tags["service.name"] = serviceName;
  const peer = peers.map((name) => tags[name]).find((name) => name !== undefined);
  return {
    traceId: span.traceId,
    ...(parentId !== undefined && { parentId }),
    id: span.spanId,
    name: span.name,
    kind: kinds[span.kind],
    timestamp: micros(span.start),
    duration: Math.max(1, micros(span.end - span.start)),
    localEndpoint: { serviceName },
    ...(peer !== undefined && { remoteEndpoint: { serviceName: peer } }),
    tags,
  };
}

export const zipkinExporter = defineExporter({
  type: "exporters.zipkin",
  version: "v1",
  summary: "Sends spans to a Zipkin server as JSON (API v2).",
  metadata: {
    exporterAddress: address("The server: `http://localhost:9411/api/v2/spans`, or without the path."),
    endpointAddress: address("Another name for exporterAddress."),
    timeout: milliseconds("How long the server may take to answer.", 10_000),
    ...exportFields,
  },
  features: [],
  async open({ exporterAddress, endpointAddress, timeout: timeoutMs }, { name, appId, platform }) {
    const url = exporterAddress ?? endpointAddress;
    if (url === undefined) {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        `component ${name}: metadata field exporterAddress is required`,
      );
    }
    return {
      async export(spans) {
        const body = JSON.stringify(spans.map((span) => zipkinSpan(span, appId)));
        await sendTo({ url, headers: {}, timeoutMs }, platform, "application/json", body);
      },
      async close() {},
    };
  },
});
