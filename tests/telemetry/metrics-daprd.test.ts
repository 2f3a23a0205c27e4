import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, daprd, onPath, startDaprd } from "../hosts/daprd.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { daprletProgram, node } from "../hosts/node.ts";
import { startPlacement } from "../hosts/placement.ts";
import { scrape } from "./scrape.ts";

/** Names and labels that one of both has alone, and why. */
const differences: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /^dapr_component_\w+_latencies_count/, why: "daprd leaves out what took less than 1 ms" },
  { pattern: /path="\/dapr\/config"/, why: "the app is not asked for its actors yet" },
  { pattern: /ERR_DIRECT_INVOKE/, why: "daprd counts an app's own 418 as an error of its API" },
  { pattern: /_egress_bulk_event_count/, why: "daprd counts what failed alone" },
  { pattern: /path="\/v1.0\/healthz"|ERR_HEALTH_/, why: "how often it was asked until it was healthy" },
];

/** Sidecars of one machine share the actors of a type. */
const actorType = `Measured${process.pid}`;

const app = new Hono()
  .get("/dapr/config", (c) => c.json({ entities: [actorType] }))
  .put("/actors/:type/:id/*", (c) => c.text(""))
  .get("/dapr/subscribe", (c) =>
    c.json([
      { pubsubname: "pubsub", topic: "orders", route: "/orders" },
      { pubsubname: "pubsub", topic: "unwanted", route: "/unwanted" },
    ]),
  )
  .post("/orders", (c) => c.text(""))
  .post("/unwanted", (c) => c.json({ status: "DROP" }))
  .get("/tea", (c) => c.text("short and stout", 418));

const calls: readonly (readonly [method: string, path: string, body?: string])[] = [
  ["POST", "/v1.0/state/statestore", '[{"key":"a","value":1}]'],
  ["GET", "/v1.0/state/statestore/a"],
  ["GET", "/v1.0/state/nothing/a"],
  ["POST", "/v1.0/state/statestore", '[{"key":"a","value":1,"etag":"999"}]'],
  ["POST", "/v1.0/state/statestore", "no JSON"],
  ["POST", "/v1.0/state/statestore/bulk", '{"keys":["a","b"]}'],
  [
    "POST",
    "/v1.0/state/statestore/transaction",
    '{"operations":[{"operation":"upsert","request":{"key":"x","value":1}}]}',
  ],
  ["DELETE", "/v1.0/state/statestore/a"],
  ["POST", "/v1.0/publish/pubsub/orders", "{}"],
  ["POST", "/v1.0/publish/pubsub/unwanted", "{}"],
  ["POST", "/v1.0/publish/nothing/orders", "{}"],
  [
    "POST",
    "/v1.0-alpha1/publish/bulk/pubsub/orders",
    '[{"entryId":"1","event":"a","contentType":"text/plain"}]',
  ],
  ["GET", "/v1.0/invoke/shop/method/tea?sugar=2"],
  ["GET", "/v1.0/secrets/environment/HOME"],
  ["GET", "/v1.0/secrets/nothing/HOME"],
  ["GET", "/v1.0/metadata"],
  ["PUT", "/v1.0/metadata/key", "value"],
];

/** Need a placement service beside daprd. */
const actorCalls: typeof calls = [
  ["POST", `/v1.0/actors/${actorType}/1/method/purr`, "{}"],
  ["POST", `/v1.0/actors/${actorType}/1/timers/soon`, '{"dueTime":"0s"}'],
];

const resiliency = JSON.stringify({
  apiVersion: "dapr.io/v1alpha1",
  kind: "Resiliency",
  metadata: { name: "careful" },
  spec: {
    policies: { circuitBreakers: { breaker: { trip: "consecutiveFailures > 100" } } },
    targets: {
      apps: { shop: { circuitBreaker: "breaker" } },
      components: { statestore: { outbound: { circuitBreaker: "breaker" } } },
    },
  },
});

/** Each metric with its labels, without the lines of a histogram's bounds. */
async function measured(sidecar: Daprd): Promise<ReadonlySet<string>> {
  for (const [method, path, body] of hostsActors ? [...calls, ...actorCalls] : calls) {
    const headers = { "content-type": "application/json" };
    await sidecar.fetch(path, { method, headers, ...(body !== undefined && { body }) });
  }
  const found = async () => [...(await scrape(sidecar.metricsPort)).keys()];
  const dropped = (names: readonly string[]) =>
    names.some((name) => name.startsWith("dapr_component_pubsub_ingress_count") && name.includes("drop"));
  const fired = (names: readonly string[]) =>
    names.some((name) => name.startsWith("dapr_runtime_actor_timers_fired_total"));
  const all = async () => {
    const names = await found();
    expect([dropped(names), fired(names)]).toEqual([true, hostsActors]);
  };
  await vi.waitFor(all, { timeout: 10_000 });
  return new Set(
    (await found()).filter((name) => name.startsWith("dapr_") && !/^\w+_(bucket|sum)\{/.test(name)),
  );
}

const hostsActors = onPath("placement");
const missing = daprd.missing ?? node.missing;

describe.skipIf(missing !== undefined)("metrics beside daprd's", () => {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-metrics-"));
  const running: { stop(): unknown }[] = [];
  let ours: ReadonlySet<string>;
  let theirs: ReadonlySet<string>;

  beforeAll(async () => {
    const resources = join(folder, "resources");
    mkdirSync(resources);
    for (const [name, type, metadata] of [
      ["statestore", "state.in-memory", { actorStateStore: "true" }],
      ["pubsub", "pubsub.in-memory", {}],
      ["environment", "secretstores.local.env", {}],
    ] as const) {
      writeFileSync(join(resources, `${name}.yaml`), componentYaml({ name, type, metadata }));
    }
    writeFileSync(join(resources, "resiliency.yaml"), resiliency);
    const config = join(folder, "config.yaml");
    writeFileSync(
      config,
      "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: { name: c }\nspec: { metrics: { recordErrorCodes: true } }\n",
    );
    const [appPort] = (await freePorts(1)) as [number];
    const server = serve({ fetch: app.fetch, port: appPort, hostname: "127.0.0.1" });
    running.push({ stop: () => server.close() });
    const options = { appId: "shop", resources, config, appPort };
    const placement = hostsActors ? await startPlacement() : undefined;
    if (placement !== undefined) running.push(placement);
    const flags = placement === undefined ? [] : ["--placement-host-address", placement.address];
    const sidecars = await Promise.all([
      startDaprd({ ...options, program: [process.execPath, daprletProgram, "daprd"] }),
      startDaprd({ ...options, flags }),
    ]);
    running.push(...sidecars);
    [ours, theirs] = (await Promise.all(sidecars.map(measured))) as [Set<string>, Set<string>];
  }, 60_000);

  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  const unexplained = (some: ReadonlySet<string>, others: ReadonlySet<string>) =>
    [...some].filter((name) => !others.has(name) && !differences.some(({ pattern }) => pattern.test(name)));

  it("have all of its names and labels", () => {
    expect(theirs.size).toBeGreaterThan(50);
    expect(unexplained(theirs, ours)).toEqual([]);
  });

  it("have no others", () => {
    expect(unexplained(ours, theirs)).toEqual([]);
  });
});
