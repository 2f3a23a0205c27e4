import { ComponentError } from "../../errors/component-error.ts";
import type { ComponentContext } from "../component.ts";
import { type Decoded, field, milliseconds } from "../metadata-schema.ts";
import { collectorUrl, sendTo } from "./collector.ts";
import { readableSpans } from "./open-telemetry/readable-span.ts";
import type { SpanEncoding } from "./open-telemetry/span-encoding.ts";
import { defineExporter, type ExporterDefinition, exportFields, type SpanExporter } from "./span-exporter.ts";

/** The encodings that a host has. Loaded when an exporter opens. */
export interface SpanEncodings {
  readonly json: () => Promise<SpanEncoding>;
  readonly protobuf?: () => Promise<SpanEncoding>;
}

const address = field((value) => collectorUrl(value, "/v1/traces"));

/** `name=value,other=value`, as OTEL_EXPORTER_OTLP_HEADERS has it: values are percent-encoded. */
const headers = field((value) => {
  const fields: Record<string, string> = {};
  for (const pair of value.split(",")) {
    if (pair.trim() === "") continue;
    const match = /^\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=(.*)$/.exec(pair);
    if (match === null) throw new Error("expected name=value, separated by commas");
    fields[match[1] as string] = decodeURIComponent((match[2] as string).trim());
  }
  return fields;
});

const protocol = field((value): "json" | "protobuf" => {
  if (value === "http/json" || value === "http") return "json";
  if (value === "http/protobuf") return "protobuf";
  throw new Error("expected http/json or http/protobuf; OTLP over gRPC is not supported");
});

const shared = {
  headers: headers("Sent with every batch: `name=value`, separated by commas."),
  timeout: milliseconds("How long the collector may take to answer.", 10_000),
  protocol: protocol("`http/json`, or on Node `http/protobuf`.", "json"),
  ...exportFields,
};

async function open(
  url: string,
  { headers: given = {}, timeout: timeoutMs, protocol: asked }: Decoded<typeof shared>,
  { name, appId, platform }: ComponentContext,
  encodings: SpanEncodings,
): Promise<SpanExporter> {
  const load = encodings[asked];
  if (load === undefined) {
    const message = `component ${name}: metadata field protocol: a page has http/json only`;
    throw new ComponentError("INVALID_ARGUMENT", message);
  }
  const encoding = await load();
  const type = asked === "json" ? "application/json" : "application/x-protobuf";
  return {
    async export(spans) {
      const body = encoding.serializeRequest(readableSpans(spans, appId));
      if (body === undefined) throw new ComponentError("INVALID_ARGUMENT", "the spans cannot be encoded");
      await sendTo({ url, headers: given, timeoutMs }, platform, type, body);
    },
    async close() {},
  };
}

/** The two exporters that speak OTLP over HTTP: OpenTelemetry's, and the one of the book's name. */
export function otlpExporters(encodings: SpanEncodings): readonly ExporterDefinition[] {
  const otlp = defineExporter({
    type: "exporters.otlp",
    version: "v1",
    summary: "Sends spans to an OpenTelemetry collector (OTLP over HTTP).",
    metadata: {
      ...shared,
      endpoint: address.required("The collector: `http://localhost:4318/v1/traces`, or without the path."),
    },
    features: [],
    open: ({ endpoint, ...rest }, context) => open(endpoint, rest, context, encodings),
  });
  const native = defineExporter({
    type: "exporters.native",
    version: "v1",
    summary: "`exporters.otlp` under the name that Dapr's first releases had for it.",
    metadata: {
      ...shared,
      agentEndpoint: address.required("The collector's address for OTLP over HTTP, port 4318 by default."),
    },
    features: [],
    open: ({ agentEndpoint, ...rest }, context) => open(agentEndpoint, rest, context, encodings),
  });
  return [otlp, native];
}
