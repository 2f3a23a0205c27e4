import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import parsePrometheusTextFormat from "parse-prometheus-text-format";
import { afterAll, beforeAll, expect, it } from "vitest";
import { flags } from "../../host/gateway/table-shape.ts";
import type { Answer } from "../hosts/host.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow } from "./gateway-table.ts";
import { plainUpstream, portOf, type Seen, underWasmtime } from "./gateways.ts";

underWasmtime("counters that are merged in the folder", () => {
  const total = async (gateway: Gateway) => {
    const answer = await gateway.fetch("/metrics");
    const counts = answer.text.matchAll(/_requests_total\{gateway="gateway",status="(.)xx"\} (\d+)\n/g);
    return [...counts].reduce((sum, [, , count]) => sum + Number(count), 0);
  };

  it.each([false, true])(
    "are those of all instances and processes, across kills, reused: %s",
    async (reused) => {
      const folder = mkdtempSync(join(tmpdir(), "daprlet-measures-"));
      const table = { flags: flags.metrics | flags.merged };
      const options = { variant: "http+folder", reused, folder };
      const gateways = [await startGateway(table, options), await startGateway(table, options)];
      const [one, two] = gateways as [Gateway, Gateway];
      try {
        const before = await total(one);
        for (let i = 0; i < 6; i++) await (i % 2 ? one : two).fetch("/v1.0/healthz");
        // The two ways of asking count as well, each once its answer is out.
        await expect.poll(() => total(two)).toBeGreaterThanOrEqual(before + 7);
        await one.restart();
        const after = await total(one);
        expect(after).toBeGreaterThanOrEqual(before + 8);
        const calls = 64;
        await Promise.all(Array.from({ length: calls }, () => one.fetch("/v1.0/healthz")));
        // Of each instance an eighth may be missing for now; a restart's own look for health counts, too.
        await expect.poll(() => total(one)).toBeGreaterThanOrEqual(after + (calls * 7) / 8);
        expect(await total(one)).toBeLessThan(after + calls + 40);
      } finally {
        for (const gateway of gateways) await gateway.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
    30_000,
  );

  it("are an error where the folder is none", async () => {
    const gateway = await startGateway(
      { flags: flags.metrics | flags.merged },
      { variant: "http+folder", reused: true },
    );
    try {
      const answer = await gateway.fetch("/metrics");
      expect([answer.status, answer.text]).toEqual([503, expect.stringContaining("start it with --dir")]);
    } finally {
      await gateway.stop();
    }
  }, 30_000);
});

interface Told {
  readonly instance: string;
  /** By class of status, and `failures` of upstreams. */
  readonly counts: ReadonlyMap<string, number>;
  readonly statuses: readonly number[];
}

function toldBy({ text }: Answer): Told {
  const families = new Map(parsePrometheusTextFormat(text).map((each) => [each.name, each]));
  const requests = families.get("daprlet_gateway_requests_total")?.metrics ?? [];
  const byStatus = requests.map(({ labels, value }) => [labels?.status ?? "", Number(value)] as const);
  const failures = Number(families.get("daprlet_gateway_upstream_failures_total")?.metrics[0]?.value);
  return {
    instance: requests[0]?.labels?.instance ?? "",
    counts: new Map([...byStatus, ["failures", failures]]),
    statuses: byStatus.map(([, value]) => value),
  };
}

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
    for (let i = 0; i < 3; i++) await gateway.fetch("/v1.0/invoke/echo/method/status/404");
    await gateway.fetch("/v1.0/invoke/away/method/x");
    // Mostly one instance has answered all of them; on a busy machine several, and one of them tells of itself.
    const told = new Map<string, Told>();
    const ask = async () => {
      const one = toldBy(await gateway.fetch("/metrics"));
      told.set(one.instance, one);
      const all = [...told.values()];
      return ["4xx", "5xx", "failures"].map((name) =>
        all.reduce((sum, { counts }) => sum + (counts.get(name) ?? 0), 0),
      );
    };
    await expect.poll(ask).toEqual([3, 1, 1]);
    const answer = await gateway.fetch("/metrics");
    const { statuses } = toldBy(answer);
    expect(answer.header("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
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
    const all = statuses.reduce((a, b) => a + b, 0);
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
