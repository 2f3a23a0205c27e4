import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import type { Platform } from "../../platform.ts";
import type { ComponentContext } from "../component.ts";
import { type Decoded, field, milliseconds } from "../metadata-schema.ts";
import { type Collector, type CollectorConnection, collectorUrl, sendTo } from "./collector.ts";
import { readableSpans } from "./open-telemetry/readable-span.ts";
import type { SpanEncoding } from "./open-telemetry/span-encoding.ts";
import { defineExporter, type ExporterDefinition, exportFields, type SpanExporter } from "./span-exporter.ts";

type Connect = (collector: Collector, platform: Platform) => CollectorConnection;

/** What a host has of OTLP: encodings, and gRPC for the second of them. Loaded when an exporter opens. */
export interface OtlpProtocols {
  readonly json: () => Promise<SpanEncoding>;
  readonly protobuf?: () => Promise<SpanEncoding>;
  /** Throws where a header cannot be sent. */
  readonly grpc?: () => Promise<Connect>;
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

const protocol = field((value): "json" | "protobuf" | "grpc" => {
  if (value === "http/json" || value === "http") return "json";
  if (value === "http/protobuf") return "protobuf";
  if (value === "grpc") return value;
  throw new Error("expected http/json, http/protobuf or grpc");
});

const shared = {
  headers: headers("Sent with every batch: `name=value`, separated by commas."),
  timeout: milliseconds("How long the collector may take to answer.", 10_000),
  protocol: protocol("`http/json`, or on Node `http/protobuf` or `grpc`.", "json"),
  ...exportFields,
};

function overHttp(type: string): Connect {
  return (collector, platform) => ({
    send: (body) => sendTo(collector, platform, type, body),
    close: () => undefined,
  });
}

/** The encoding and the way to a collector; undefined where the host has none. */
async function load(
  asked: "json" | "protobuf" | "grpc",
  protocols: OtlpProtocols,
): Promise<readonly [SpanEncoding, Connect] | undefined> {
  if (asked === "json") return [await protocols.json(), overHttp("application/json")];
  const encoding = await protocols.protobuf?.();
  const connect = asked === "grpc" ? await protocols.grpc?.() : overHttp("application/x-protobuf");
  return encoding && connect && [encoding, connect];
}

async function open(
  url: string,
  { headers: given = {}, timeout: timeoutMs, protocol: asked }: Decoded<typeof shared>,
  { name, appId, platform }: ComponentContext,
  protocols: OtlpProtocols,
): Promise<SpanExporter> {
  const loaded = await load(asked, protocols);
  if (loaded === undefined) {
    const message = `component ${name}: metadata field protocol: a page has http/json only (a collector's port 4318)`;
    throw new ComponentError("INVALID_ARGUMENT", message);
  }
  const [encoding, connect] = loaded;
  let connection: CollectorConnection;
  try {
    connection = connect({ url, headers: given, timeoutMs }, platform);
  } catch (error) {
    const message = `component ${name}: metadata field headers: ${reasonOf(error)}`;
    throw new ComponentError("INVALID_ARGUMENT", message);
  }
  return {
    async export(spans) {
      const body = encoding.serializeRequest(readableSpans(spans, appId));
      if (body === undefined) throw new ComponentError("INVALID_ARGUMENT", "the spans cannot be encoded");
      await connection.send(body);
    },
    async close() {
      connection.close();
    },
  };
}

/** The two exporters that speak OTLP: OpenTelemetry's, and the one of the book's name. */
export function otlpExporters(protocols: OtlpProtocols): readonly ExporterDefinition[] {
  const otlp = defineExporter({
    type: "exporters.otlp",
    version: "v1",
    summary: "Sends spans to an OpenTelemetry collector (OTLP over HTTP or gRPC).",
    metadata: {
      ...shared,
      endpoint: address.required(
        "The collector: `http://localhost:4318/v1/traces`, or without the path; over gRPC its port 4317.",
      ),
    },
    features: [],
    open: ({ endpoint, ...rest }, context) => open(endpoint, rest, context, protocols),
  });
  const native = defineExporter({
    type: "exporters.native",
    version: "v1",
    summary: "`exporters.otlp` under the name that Dapr's first releases had for it.",
    metadata: {
      ...shared,
      agentEndpoint: address.required(
        "The collector's address, by default port 4318 for HTTP and 4317 for gRPC.",
      ),
    },
    features: [],
    open: ({ agentEndpoint, ...rest }, context) => open(agentEndpoint, rest, context, protocols),
  });
  return [otlp, native];
}
