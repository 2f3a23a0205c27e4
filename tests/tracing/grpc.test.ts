import { rmSync } from "node:fs";
import { Metadata, ServerCredentials, status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CollectorConnection } from "../../host/components/exporters/collector.ts";
import { otlpExporters } from "../../host/components/exporters/otlp.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { grpcConnection } from "../../host/node/components/otlp-grpc.ts";
import { startSidecar } from "../../host/node/index.ts";
import { nodePlatform } from "../../host/node/node-platform.ts";
import { nodeOtlp, nodeRegistry } from "../../host/node/registry.ts";
import { certificate } from "../certificate.ts";
import { exporterYaml, silent, startChain, tracingYaml } from "./chain.ts";
import { type GrpcCollector, startGrpcCollector } from "./grpc-collector.ts";

// The library reads once, where it loads, whom it believes.
const roots = await vi.hoisted(async () => {
  const { mkdtempSync, writeFileSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const { certificate } = await import("../certificate.ts");
  const folder = mkdtempSync(`${tmpdir()}/daprlet-roots-`);
  process.env.GRPC_DEFAULT_SSL_ROOTS_FILE_PATH = `${folder}/roots.pem`;
  writeFileSync(`${folder}/roots.pem`, certificate.cert);
  return folder;
});
afterAll(() => rmSync(roots, { recursive: true }));

let collector: GrpcCollector;
beforeEach(async () => {
  collector = await startGrpcCollector();
});
afterEach(() => collector.close());

const section = (more: string) => `    otel:
      endpointAddress: "${collector.address}"
      isSecure: false
      protocol: grpc
${more}`;

describe("OTLP over gRPC", () => {
  it("goes to the collector of a Configuration, with its headers", async () => {
    const chain = await startChain(
      tracingYaml("1", section('      headers: [{ name: X-Key, value: "a,b" }]')),
    );
    await chain.ask("?status=403");
    await chain.stop();
    expect(collector.batches.map((metadata) => metadata.get("x-key"))).toContainEqual(["a,b"]);
    const { spans } = collector;
    const ids = new Map(spans.map((span) => [span.span_id.toString("hex"), span]));
    const shapes = spans.map(({ service, kind, name, parent_span_id, status }) => {
      const parent = ids.get(parent_span_id?.toString("hex") ?? "");
      return [service, kind, name, parent?.service, status.code, status.message];
    });
    expect(shapes.sort()).toEqual([
      ["a", 3, "relay", undefined, 2, "Permission Denied"],
      ["b", 2, "relay", "a", 2, "Permission Denied"],
      ["b", 3, "answer", "b", 2, "Permission Denied"],
      ["c", 2, "answer", "b", 2, "Permission Denied"],
    ]);
    expect(new Set(spans.map(({ trace_id }) => trace_id.toString("hex"))).size).toBe(1);
    for (const span of spans) expect(span.start_time_unix_nano).toMatch(/^\d{19}$/);
  });

  it("goes under the book's name, and where the environment of a process says", async () => {
    const book = exporterYaml("native", { agentEndpoint: collector.address, protocol: "grpc" });
    const chain = await startChain(tracingYaml("1") + book);
    await chain.ask("");
    await chain.stop();
    expect(collector.spans).toHaveLength(4);
    const variables: Readonly<Record<string, string>> = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${collector.address}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    };
    const environment = (name: string) => variables[name];
    const sidecar = await startSidecar({ appId: "a", components: [], environment, log: silent });
    const { headers } = await fetch(`${sidecar.url}/v1.0/metadata`);
    await sidecar.stop();
    expect(collector.spans.at(-1)?.span_id.toString("hex")).toBe(headers.get("traceparent")?.slice(36, 52));
  });

  it("keeps what a collector that is busy refused, and sends it again", async () => {
    const chain = await startChain(tracingYaml("1", section("")));
    collector.answers.push({ code: status.UNAVAILABLE });
    await chain.a.fetch("/v1.0/metadata");
    await chain.a.advance(1_000);
    await expect.poll(() => collector.batches).toHaveLength(1);
    expect(collector.spans).toEqual([]);
    await expect
      .poll(async () => {
        await chain.a.advance(1_000);
        return collector.spans.length;
      })
      .toBe(1);
    await chain.stop();
  });

  it("is refused by name in a page, which has no gRPC", async () => {
    const registry = { ...nodeRegistry, exporters: otlpExporters({ json: nodeOtlp.json }) };
    const opening = startChain(tracingYaml("1", section("")), { registry });
    await expect(opening).rejects.toThrow(/metadata field protocol: a page has http\/json only/);
  });

  it("refuses to open with headers that gRPC cannot carry", async () => {
    const metadata = { endpoint: collector.address, protocol: "grpc", headers: "x-key=%C3%A4" };
    const opening = startChain([{ name: "x", type: "exporters.otlp", metadata }]);
    await expect(opening).rejects.toThrow(
      "component x: metadata field headers: x-key cannot be sent over gRPC",
    );
  });
});

describe("a connection over gRPC", () => {
  const clock = new FakeClock();
  const timeoutMs = 3_000;
  const platform = { ...nodePlatform(silent), clock };
  const body = new Uint8Array();
  const open = (url = `http://${collector.address}`): CollectorConnection =>
    grpcConnection({ url, headers: {}, timeoutMs }, platform);

  const retry = new Metadata();
  retry.set("grpc-status-details-bin", Buffer.from("later"));
  it.each([
    ["what is malformed", { code: status.INVALID_ARGUMENT }, "INVALID_ARGUMENT"],
    ["what is not allowed", { code: status.PERMISSION_DENIED }, "PERMISSION_DENIED"],
    ["a caller it does not know", { code: status.UNAUTHENTICATED }, "UNAUTHENTICATED"],
    ["a service that it does not have", { code: status.UNIMPLEMENTED }, "UNIMPLEMENTED"],
    ["a batch that is too large", { code: status.RESOURCE_EXHAUSTED }, "INVALID_ARGUMENT"],
    ["too much at a time", { code: status.RESOURCE_EXHAUSTED, metadata: retry }, "UNAVAILABLE"],
    ["a failure of its own", { code: status.INTERNAL }, "UNAVAILABLE"],
  ])("says of %s whether it is worth sending again", async (_, refusal, code) => {
    collector.answers.push({ details: "why", ...refusal });
    const connection = open();
    const message = `${collector.address}: ${status[refusal.code]}: why`;
    await expect(connection.send(body)).rejects.toMatchObject({ code, message });
    await expect(connection.send(body)).resolves.toBeUndefined();
    connection.close();
  });

  it("gives up waiting for an answer", async () => {
    collector.answers.push("silence");
    const connection = open();
    const sent = connection.send(body);
    await expect.poll(() => collector.batches).toHaveLength(1);
    const refused = expect(sent).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringMatching(/no answer within 3000 ms/),
    });
    await clock.advance(timeoutMs);
    await refused;
    connection.close();
  });

  it("comes back with its collector", async () => {
    const { address } = collector;
    const connection = open();
    await connection.send(body);
    collector.close();
    await expect.poll(() => connection.send(body).catch(({ code }) => code)).toBe("UNAVAILABLE");
    collector = await startGrpcCollector(ServerCredentials.createInsecure(), address);
    const came = () =>
      connection.send(body).then(
        () => true,
        () => false,
      );
    await expect.poll(came, { timeout: 10_000 }).toBe(true);
    connection.close();
  });

  it("is encrypted where the address says https, and believes no server of another name", async () => {
    const { key, cert } = certificate;
    const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
    const secure = await startGrpcCollector(ServerCredentials.createSsl(null, [pair]), "0.0.0.0:0");
    const port = secure.address.split(":")[1];
    const tried = [`https://127.0.0.1:${port}`, `https://127.0.0.2:${port}`, `http://127.0.0.1:${port}`];
    const outcomes = tried.map(async (url) => {
      const connection = open(url);
      const outcome = await connection.send(body).catch(({ code }) => code);
      connection.close();
      return outcome;
    });
    expect(await Promise.all(outcomes)).toEqual([undefined, "UNAVAILABLE", "UNAVAILABLE"]);
    secure.close();
  });
});
