import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { daprletProgram, node } from "../hosts/node.ts";
import { tracingYaml } from "../tracing/chain.ts";
import { startCollector, type ZipkinSpan } from "../tracing/collector.ts";
import { component } from "./launch.ts";

const sides = [
  {
    ...node,
    name: "daprlet --strict",
    program: [process.execPath, daprletProgram, "daprd"],
    flags: ["--strict"],
  },
  { ...daprd, program: ["daprd"], flags: [] },
];

/** Who hands on what it is asked, with its trace, answers what it is told, and takes events. */
async function startApp(sidecar: () => Daprd | undefined, peer: string): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { url = "", headers } = request;
    request.resume();
    const [, status] = /\/answer\/(\d+)/.exec(url) ?? [];
    if (status !== undefined) response.statusCode = Number(status);
    else if (url.startsWith("/relay/")) {
      const path = `/v1.0/invoke/${peer}/method/answer/${url.slice("/relay/".length)}`;
      const answer = await sidecar()?.fetch(path, { headers: { traceparent: String(headers.traceparent) } });
      response.statusCode = answer?.status ?? 500;
    } else if (url === "/dapr/subscribe") {
      response.setHeader("content-type", "application/json");
      response.write(JSON.stringify([{ pubsubname: "pubsub", topic: "orders", route: "/orders" }]));
    } else if (url !== "/orders") response.statusCode = 404;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Each span as what it is and whose child it is, without what differs from run to run. */
function shapes(spans: readonly ZipkinSpan[], ids: readonly string[]): readonly string[] {
  const neutral = (text: string) => ids.reduce((shown, id, i) => shown.replaceAll(id, "ab"[i] ?? ""), text);
  const shown = ({ localEndpoint, kind, name }: ZipkinSpan) =>
    neutral(`${localEndpoint.serviceName} ${kind} ${name.toLowerCase()}`);
  return spans
    .map((span) => {
      const parent = spans.find(({ id, traceId }) => id === span.parentId && traceId === span.traceId);
      const above = parent === undefined ? (span.parentId ?? "nothing") : shown(parent);
      return `${shown(span)} under ${above}: ${span.tags["otel.status_code"] ?? "unset"}`;
    })
    .sort();
}

const caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const events = [1, 2].map((n) => ({ entryId: String(n), event: {}, contentType: "application/json" }));

describe.each(sides)("the spans of $name", ({ missing, program, flags }) => {
  it.skipIf(missing !== undefined)("have daprd's names, kinds, parents and failures", async () => {
    const folder = mkdtempSync(join(tmpdir(), "daprlet-tracing-"));
    const collector = await startCollector();
    const section = `    zipkin: { endpointAddress: "${collector.url}/api/v2/spans" }`;
    const config = join(folder, "config.yaml");
    writeFileSync(config, tracingYaml("1", section));
    const resources = mkdtempSync(join(folder, "resources-"));
    writeFileSync(join(resources, "pubsub.yaml"), component("pubsub", "pubsub.in-memory"));
    writeFileSync(join(resources, "state.yaml"), component("statestore", "state.in-memory"));
    const suffix = Math.random().toString(36).slice(2, 8);
    const ids = [`trace-a-${suffix}`, `trace-b-${suffix}`] as const;
    const sidecars: Daprd[] = [];
    const apps = [await startApp(() => sidecars[0], ids[1]), await startApp(() => sidecars[1], ids[0])];
    try {
      for (const [i, appId] of ids.entries()) {
        const { port: appPort } = (apps[i] as Server).address() as AddressInfo;
        sidecars.push(await startDaprd({ appId, resources, config, appPort, program, flags }));
      }
      const [a] = sidecars as [Daprd];
      const headers = { traceparent: caller, "content-type": "application/json" };
      const post = (path: string, body: unknown) =>
        a.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
      for (const status of [200, 404]) {
        const answer = await a.fetch(`/v1.0/invoke/${ids[1]}/method/relay/${status}`);
        expect(answer.status).toBe(status);
      }
      expect((await post("/v1.0/publish/pubsub/orders", {})).status).toBe(204);
      expect((await post("/v1.0/publish/bulk/pubsub/nobody", events)).status).toBe(204);
      expect((await a.fetch("/v1.0/state/statestore/k")).status).toBe(204);
      expect((await a.fetch("/v1.0/healthz")).status).toBe(204);
      await expect.poll(() => collector.spans().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(14);
      expect(shapes(collector.spans(), ids)).toEqual([
        "a CLIENT /v1.0/publish/bulk/pubsub/nobody under b7ad6b7169203331: unset",
        "a CLIENT /v1.0/publish/pubsub/orders under b7ad6b7169203331: unset",
        "a CLIENT /v1.0/state/statestore/k under nothing: unset",
        "a CLIENT calllocal/b/relay/200 under nothing: unset",
        "a CLIENT calllocal/b/relay/404 under nothing: ERROR",
        "a CLIENT pubsub/orders under a CLIENT /v1.0/publish/pubsub/orders: unset",
        "a PRODUCER /v1.0/publish/bulk/pubsub/nobody under a CLIENT /v1.0/publish/bulk/pubsub/nobody: unset",
        "a PRODUCER /v1.0/publish/bulk/pubsub/nobody under a CLIENT /v1.0/publish/bulk/pubsub/nobody: unset",
        "a SERVER calllocal/a/answer/200 under b CLIENT calllocal/a/answer/200: unset",
        "a SERVER calllocal/a/answer/404 under b CLIENT calllocal/a/answer/404: unset",
        "b CLIENT calllocal/a/answer/200 under b SERVER calllocal/b/relay/200: unset",
        "b CLIENT calllocal/a/answer/404 under b SERVER calllocal/b/relay/404: ERROR",
        "b SERVER calllocal/b/relay/200 under a CLIENT calllocal/b/relay/200: unset",
        "b SERVER calllocal/b/relay/404 under a CLIENT calllocal/b/relay/404: unset",
      ]);
    } finally {
      await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
      for (const app of apps) {
        app.closeAllConnections();
        app.close();
      }
      await collector.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
