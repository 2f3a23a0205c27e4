import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { toZipkinSpan } from "@opentelemetry/exporter-zipkin/build/src/transform";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sendTo } from "../../host/components/exporters/collector.ts";
import { readableSpans } from "../../host/components/exporters/open-telemetry/readable-span.ts";
import type { FinishedSpan } from "../../host/components/exporters/span-exporter.ts";
import { zipkinSpan } from "../../host/components/exporters/zipkin.ts";
import { startSidecar } from "../../host/node/index.ts";
import { nodePlatform } from "../../host/node/node-platform.ts";
import { exporterYaml, silent, startChain, tracingYaml } from "./chain.ts";
import { type Collector, startCollector } from "./collector.ts";

const span: FinishedSpan = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentId: "00f067aa0ba902b7",
  tracestate: "vendor=1",
  name: "relay",
  kind: "client",
  start: 1_767_225_600_123.25,
  end: 1_767_225_600_125.75,
  attributes: new Map<string, string | number | boolean>([
    ["dapr.status_code", "404"],
    ["count", 3],
    ["ok", true],
    ["net.peer.name", "b"],
  ]),
  status: { code: "error", message: "Not Found" },
};
const root: FinishedSpan = {
  ...span,
  parentId: undefined,
  tracestate: "",
  kind: "server",
  attributes: new Map(),
  status: { code: "ok" },
};

describe("Zipkin's JSON", () => {
  it.each([
    ["a child that failed", span],
    ["a root", root],
    ["one of no status", { ...span, kind: "producer" as const, status: { code: "unset" as const } }],
    ["one of a consumer", { ...root, kind: "consumer" as const }],
  ])("is OpenTelemetry's of %s, and names the peer besides", (_, given) => {
    const [theirs] = readableSpans([given], "a") as unknown as ReadableSpan[];
    const { remoteEndpoint, ...ours } = JSON.parse(JSON.stringify(zipkinSpan(given, "a")));
    const expected = toZipkinSpan(theirs as ReadableSpan, "a", "otel.status_code", "error");
    expect(ours).toEqual(
      JSON.parse(JSON.stringify({ ...expected, timestamp: Math.round(expected.timestamp) })),
    );
    expect(remoteEndpoint).toEqual(given.attributes.has("net.peer.name") ? { serviceName: "b" } : undefined);
  });

  it("gives a span a microsecond at least: Zipkin takes 0 for none", () => {
    expect(zipkinSpan({ ...span, end: span.start }, "a")).toMatchObject({ duration: 1 });
  });
});

it("what is sent to a collector goes nowhere else, wherever it leads", async () => {
  const elsewhere = await startCollector();
  const leading = createServer((_, response) =>
    response.writeHead(307, { location: `${elsewhere.url}/v1/traces` }).end(),
  );
  await new Promise<void>((resolve) => leading.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(leading.address() as AddressInfo).port}/v1/traces`;
  const to = { url, headers: { "x-key": "secret" }, timeoutMs: 5_000 };
  const platform = nodePlatform(silent);
  await expect(sendTo(to, platform, "application/json", "{}")).rejects.toThrow(/cannot be reached/);
  expect(elsewhere.received).toEqual([]);
  leading.close();
  await elsewhere.close();
});

interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly unknown[] };
    readonly scopeSpans: readonly { readonly spans: readonly Readonly<Record<string, unknown>>[] }[];
  }[];
}

describe("OTLP", () => {
  let collector: Collector;
  beforeEach(async () => {
    collector = await startCollector();
  });
  afterEach(() => collector.close());

  it("goes as JSON to the collector of a Configuration, with its headers", async () => {
    const section = `    otel:
      endpointAddress: "${collector.url.slice("http://".length)}"
      isSecure: false
      protocol: http
      headers: [{ name: x-key, value: "a,b" }]`;
    const chain = await startChain(tracingYaml("1", section));
    await chain.ask("?status=403", { tracestate: "a=1" });
    await chain.stop();
    const [first] = collector.received;
    expect([first?.path, first?.headers["content-type"], first?.headers["x-key"]]).toEqual([
      "/v1/traces",
      "application/json",
      "a,b",
    ]);
    const bodies = collector.received.map(({ body }): OtlpBody => JSON.parse(body.toString()));
    const spans = bodies.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ resource, scopeSpans }) => {
        expect(resource.attributes).toMatchObject([{ key: "service.name" }]);
        return scopeSpans.flatMap(({ spans }) => spans);
      }),
    );
    expect(spans).toHaveLength(4);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    for (const one of spans) {
      expect(one).toMatchObject({ status: { code: 2, message: "Permission Denied" } });
      expect(one.startTimeUnixNano).toMatch(/^\d{19}$/);
    }
    expect(spans.map(({ kind }) => kind).sort()).toEqual([2, 2, 3, 3]);
  });

  it("goes as protobuf, and under the book's name, where that is asked for", async () => {
    const chain = await startChain(
      tracingYaml("1") +
        exporterYaml("native", { agentEndpoint: `${collector.url}/agent`, protocol: "http/protobuf" }),
    );
    await chain.ask("");
    await chain.stop();
    expect(collector.received.length).toBeGreaterThan(0);
    for (const { path, headers, body } of collector.received) {
      expect([path, headers["content-type"]]).toEqual(["/agent", "application/x-protobuf"]);
      // Field 1 of the message, length-delimited: `resource_spans`.
      expect(body[0]).toBe(0x0a);
      expect(body.includes("dapr.status_code")).toBe(true);
    }
  });

  it("goes where the environment of a process on Node says, with what is left at its stop", async () => {
    const variables: Readonly<Record<string, string>> = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const sidecar = await startSidecar({
      appId: "a",
      components: [],
      environment: (name) => variables[name],
      log: silent,
    });
    const { headers } = await fetch(`${sidecar.url}/v1.0/metadata`);
    await sidecar.stop();
    const [sent] = collector.received;
    expect(sent?.path).toBe("/v1/traces");
    expect(sent?.body.toString()).toContain(headers.get("traceparent")?.slice(36, 52));
  });

  it("is what OpenTelemetry makes of the same spans", () => {
    const bytes = ProtobufTraceSerializer.serializeRequest(
      readableSpans([span], "a") as unknown as ReadableSpan[],
    );
    expect(Buffer.from(bytes ?? []).includes(Buffer.from(span.traceId, "hex"))).toBe(true);
  });

  it.each([
    [
      "exporters.otlp",
      "http://localhost:1",
      { protocol: "thrift" },
      /metadata field protocol: expected http\/json, http\/protobuf or grpc/,
    ],
    ["exporters.otlp", "not an address", {}, /metadata field endpoint: expected the address of a collector/],
    ["exporters.otlp", "ftp://localhost", {}, /expected the address of a collector/],
    [
      "exporters.otlp",
      "http://localhost:1",
      { headers: "nonsense" },
      /metadata field headers: expected name=value/,
    ],
  ])("refuses to open %s at %s with %j", async (type, endpoint, more, message) => {
    const metadata = { endpoint, ...more };
    await expect(startChain([{ name: "x", type, metadata }])).rejects.toThrow(message);
  });
});
