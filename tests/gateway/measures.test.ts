import parsePrometheusTextFormat from "parse-prometheus-text-format";
import { afterAll, beforeAll, expect, it } from "vitest";
import { flags } from "../../host/gateway/table-shape.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow } from "./gateway-table.ts";
import { plainUpstream, portOf, type Seen, underWasmtime } from "./gateways.ts";

underWasmtime("what a gateway tells of itself", () => {
  let target: Target;
  let gateway: Gateway;
  beforeAll(async () => {
    target = await startTarget();
    const apps = [appRow("echo", [plainUpstream(portOf(target.url))]), appRow("away", [plainUpstream(1)])];
    gateway = await startGateway({ apps, flags: flags.serverTiming | flags.metrics }, { reused: true });
  }, 30_000);
  afterAll(async () => {
    await gateway?.stop();
    await target?.close();
  });

  it("is how long it and its upstream took", async () => {
    const answer = await gateway.fetch("/v1.0/invoke/echo/method/x");
    expect(answer.header("server-timing")).toMatch(/^gateway;dur=\d+\.\d{3}, upstream;dur=\d+\.\d{3}$/);
  });

  it("is what it has answered, one number for each class of status", async () => {
    // One after the other they are answered by one instance.
    for (let i = 0; i < 3; i++) await gateway.fetch("/v1.0/invoke/echo/method/status/404");
    await gateway.fetch("/v1.0/invoke/away/method/x");
    const answer = await gateway.fetch("/metrics");
    expect(answer.header("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const families = new Map(parsePrometheusTextFormat(answer.text).map((each) => [each.name, each]));
    const requests = families.get("daprlet_gateway_requests_total")?.metrics ?? [];
    const byStatus = new Map(requests.map(({ labels, value }) => [labels?.status, Number(value)]));
    expect(byStatus.get("4xx")).toBe(3);
    expect(byStatus.get("5xx")).toBe(1);
    expect(Number(families.get("daprlet_gateway_upstream_failures_total")?.metrics[0]?.value)).toBe(1);
    const buckets = [...answer.text.matchAll(/_bucket\{instance="[0-9a-f]{16}",le="([^"]+)"\} (\d+)\n/g)];
    expect(buckets.map(([, bound]) => bound)).toEqual([
      "0.005",
      "0.025",
      "0.100",
      "0.500",
      "2.500",
      "10.000",
      "+Inf",
    ]);
    const all = [...byStatus.values()].reduce((a, b) => a + b, 0);
    expect(Number(buckets.at(-1)?.[2])).toBe(all);
    expect(answer.text).toMatch(
      new RegExp(`_seconds_sum\\{[^}]*\\} \\d+\\.\\d{9}\n.*_seconds_count\\{[^}]*\\} ${all}\n`),
    );
  });

  it("leaves the path to whoever names an app", async () => {
    const answer = await gateway.fetch("/metrics", { headers: { "dapr-app-id": "echo" } });
    expect((answer.json as Seen).uri).toBe("/metrics");
  });
});
