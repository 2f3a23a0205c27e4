import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { types } from "node:util";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import type { SidecarOptions } from "../../host/node/sidecar-options.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { rawRequest } from "../node/raw-http.ts";
import { scrape } from "./scrape.ts";

const open: NodeSidecar[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sidecar) => sidecar.stop()));
});

const app = new Hono()
  .get("/dapr/subscribe", (c) => c.json([{ pubsubname: "pubsub", topic: "orders", route: "/orders" }]))
  .post("/orders", (c) => c.json({ status: "DROP" }))
  .post("/queue", (c) => c.text(""))
  .get("/tea", (c) => c.text("short and stout", 418));

async function start(options: Partial<SidecarOptions> = {}) {
  const sidecar = await startSidecar({
    appId: "shop",
    logLevel: "error",
    metrics: {},
    app: (request) => app.fetch(request),
    ...options,
  });
  open.push(sidecar);
  await sidecar.runtime.appReady;
  return sidecar;
}

const configured = (metrics: object) =>
  JSON.stringify({
    apiVersion: "dapr.io/v1alpha1",
    kind: "Configuration",
    metadata: { name: "c" },
    spec: { metrics },
  });
const components = (["state.in-memory", "pubsub.in-memory"] as const).map((type) =>
  JSON.stringify({
    apiVersion: "dapr.io/v1alpha1",
    kind: "Component",
    metadata: { name: type === "state.in-memory" ? "statestore" : "pubsub" },
    spec: { type, version: "v1" },
  }),
);
const withSettings = (metrics: object) => ({
  components: [...components, configured(metrics)].join("\n---\n"),
});

const read = async ({ metricsPort = 0 }: NodeSidecar) => await scrape(metricsPort);

describe("metrics", () => {
  it("count what the API, the app and the components were asked", async () => {
    const sidecar = await start();
    const { url } = sidecar;
    const item = { method: "POST", body: '[{"key":"a","value":1}]' };
    await fetch(`${url}/v1.0/state/statestore`, item);
    await fetch(`${url}/v1.0/state/statestore`, { ...item, body: '[{"key":"a","value":1,"etag":"9"}]' });
    await fetch(`${url}/v1.0/state/statestore/a`);
    await fetch(`${url}/v1.0/invoke/shop/method/tea?sugar=secret`);
    await fetch(`${url}/v1.0/publish/pubsub/orders`, { method: "POST", body: "{}" });
    const dropped =
      'dapr_component_pubsub_ingress_count{app_id="shop",component="pubsub",namespace="",process_status="drop",status="success",topic="orders"}';
    await expect.poll(async () => (await read(sidecar)).get(dropped)).toBe(1);
    const samples = await read(sidecar);
    const expected = {
      'dapr_http_server_request_count{app_id="shop",method="POST",path="/v1.0/state/statestore",status="204"}': 1,
      'dapr_http_server_request_count{app_id="shop",method="POST",path="/v1.0/state/statestore",status="409"}': 1,
      'dapr_http_server_latency_count{app_id="shop",method="GET",path="/v1.0/invoke/shop/method/tea",status="418"}': 1,
      'dapr_http_server_request_bytes_count{app_id="shop"}': 5,
      'dapr_http_client_completed_count{app_id="shop",method="GET",path="/tea",status="418"}': 1,
      'dapr_component_state_count{app_id="shop",component="statestore",namespace="",operation="set",success="true"}': 1,
      'dapr_component_state_count{app_id="shop",component="statestore",namespace="",operation="set",success="false"}': 1,
      'dapr_component_state_latencies_count{app_id="shop",component="statestore",namespace="",operation="get",success="true"}': 1,
      'dapr_component_pubsub_egress_count{app_id="shop",component="pubsub",namespace="",success="true",topic="orders"}': 1,
      'dapr_runtime_component_init_total{app_id="shop",component="state.in-memory"}': 1,
      'dapr_runtime_component_loaded{app_id="shop"}': 2,
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, samples.get(name)]))).toEqual(
      expected,
    );
    expect([...samples.keys()].filter((name) => name.includes("secret"))).toEqual([]);
    expect(samples.get('dapr_http_server_response_bytes_bucket{app_id="shop",le="1024"}')).toBe(5);
    expect([...samples.keys()]).toContain("process_cpu_seconds_total{}");
  });

  it("count a stream once it has ended, with all of its bytes", async () => {
    const body = () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array(100_000));
          controller.close();
        },
      });
    const sidecar = await start({
      app: ({ url }) => new Response(body(), { status: url.endsWith("/large") ? 200 : 404 }),
    });
    await (await fetch(`${sidecar.url}/v1.0/invoke/shop/method/large`)).arrayBuffer();
    const samples = await read(sidecar);
    expect(samples.get('dapr_http_server_response_bytes_sum{app_id="shop"}')).toBe(100_000);
  });

  it("tell how often policies held, and what they changed", async () => {
    const resiliency = JSON.stringify({
      apiVersion: "dapr.io/v1alpha1",
      kind: "Resiliency",
      metadata: { name: "r" },
      spec: {
        policies: {
          retries: { once: { duration: "1ms", maxRetries: 1 } },
          timeouts: { fast: "20ms" },
          circuitBreakers: { second: { trip: "totalFailures > 1" } },
        },
        targets: {
          apps: { shop: { retry: "once", circuitBreaker: "second", timeout: "fast" } },
          components: { statestore: { outbound: { timeout: "fast" } } },
        },
      },
    });
    const sidecar = await start({
      components: [...components, resiliency].join("\n---\n"),
      app: ({ url }) =>
        url.endsWith("/hangs") ? new Promise(() => undefined) : new Response("", { status: 500 }),
    });
    for (const path of ["invoke/shop/method/fails", "invoke/shop/method/hangs", "state/statestore/a"]) {
      await fetch(`${sidecar.url}/v1.0/${path}`);
    }
    const samples = await read(sidecar);
    const told = (metric: string, policy: string, status = "", target = "app_shop") =>
      samples.get(
        `dapr_resiliency_${metric}{app_id="shop",flow_direction="outbound",name="r",namespace="",policy="${policy}",status="${status}",target="${target}"}`,
      );
    expect({
      loaded: samples.get('dapr_resiliency_loaded{app_id="shop",name="r",namespace=""}'),
      held: ["timeout", "retry"].map((policy) => told("count", policy)),
      closed: told("count", "circuitbreaker", "closed"),
      changed: ["timeout", "retry"].map((policy) => told("activations_total", policy)),
      opened: told("activations_total", "circuitbreaker", "open"),
      states: ["closed", "half-open", "open", "unknown"].map((state) =>
        told("cb_state", "circuitbreaker", state),
      ),
      store: told("count", "timeout", "", "Statestore_statestore"),
    }).toEqual({
      loaded: 1,
      held: [2, 2],
      closed: 2,
      changed: [1, 2],
      opened: 2,
      states: [0, 0, 1, 0],
      store: 1,
    });
  });

  it("count a call of a component once, whatever number of attempts it takes", async () => {
    const resource = (kind: string, name: string, spec: object) =>
      JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind, metadata: { name }, spec });
    const url = "http://127.0.0.1:1";
    const sidecar = await start({
      components: [
        resource("Component", "nowhere", {
          type: "bindings.http",
          version: "v1",
          metadata: [{ name: "url", value: url }],
        }),
        resource("Resiliency", "r", {
          policies: { retries: { twice: { duration: "1ms", maxRetries: 2 } } },
          targets: { components: { nowhere: { outbound: { retry: "twice" } } } },
        }),
      ].join("\n---\n"),
    });
    const body = JSON.stringify({ operation: "get" });
    await fetch(`${sidecar.url}/v1.0/bindings/nowhere`, { method: "POST", body });
    const counted = [...(await read(sidecar))].filter(([name]) =>
      name.startsWith("dapr_component_output_binding_count"),
    );
    expect(counted.map(([, count]) => count)).toEqual([1]);
  });

  it("count invocations on both sides, and none that found nobody", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dm-"));
    const [caller, called] = [
      await start({ machineFolder: folder, appId: "caller" }),
      await start({ machineFolder: folder, appId: "called" }),
    ];
    await fetch(`${caller.url}/v1.0/invoke/called/method/tea`);
    await fetch(`${caller.url}/v1.0/invoke/nobody/method/tea`);
    const [sent, received] = [await read(caller), await read(called)];
    const of = (samples: ReadonlyMap<string, number>) =>
      [...samples].filter(([name]) => /^dapr_runtime_service_\w+(total|_count)\{/.test(name));
    expect(of(sent)).toEqual([
      ['dapr_runtime_service_invocation_req_sent_total{app_id="caller",dst_app_id="called",type="unary"}', 1],
      [
        'dapr_runtime_service_invocation_res_recv_total{app_id="caller",src_app_id="called",status="418",type="unary"}',
        1,
      ],
      [
        'dapr_runtime_service_invocation_res_recv_latency_ms_count{app_id="caller",src_app_id="called",status="418"}',
        1,
      ],
    ]);
    expect(of(received)).toEqual([
      ['dapr_runtime_service_invocation_req_recv_total{app_id="called",src_app_id="caller"}', 1],
      ['dapr_runtime_service_invocation_res_sent_total{app_id="called",dst_app_id="caller",status="418"}', 1],
    ]);
    await Promise.all(open.splice(0).map((sidecar) => sidecar.stop()));
    rmSync(folder, { recursive: true });
  });

  it("count events by the way they took, and bindings and secrets by what was asked of them", async () => {
    const events = [{ entryId: "1", event: "a", contentType: "text/plain" }];
    const sidecar = await start({
      components: [
        { name: "pubsub", type: "pubsub.in-memory" },
        { name: "queue", type: "bindings.in-memory", metadata: { direction: "input,output" } },
        { name: "vault", type: "secretstores.in-memory", metadata: { a: "b" } },
        { name: "settings", type: "configuration.in-memory" },
      ],
    });
    const post = async (path: string, body: unknown) =>
      await fetch(sidecar.url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    await post("/v1.0/publish/bulk/pubsub/orders", events);
    await post("/v1.0/bindings/queue", { operation: "create", data: "event" });
    await fetch(`${sidecar.url}/v1.0/secrets/vault/a`);
    await fetch(`${sidecar.url}/v1.0/secrets/vault/none`);
    await fetch(`${sidecar.url}/v1.0/configuration/settings`);
    const counted = async () =>
      [...(await read(sidecar))]
        .filter(([name]) => /^dapr_component_\w+_count\{/.test(name) && !name.includes("latencies"))
        .map(
          ([name, value]) => `${name.replace(/app_id="shop",|namespace="",|dapr_component_/g, "")} ${value}`,
        )
        .sort();
    await expect
      .poll(counted)
      .toEqual([
        'configuration_count{component="settings",operation="get",success="true"} 1',
        'input_binding_count{component="queue",success="true"} 1',
        'output_binding_count{component="queue",operation="create",success="true"} 1',
        'pubsub_egress_bulk_count{component="pubsub",success="true",topic="orders"} 1',
        'pubsub_egress_bulk_event_count{component="pubsub",success="true",topic="orders"} 1',
        'pubsub_ingress_count{component="pubsub",process_status="drop",status="success",topic="orders"} 1',
        'secret_count{component="vault",operation="get",success="false"} 1',
        'secret_count{component="vault",operation="get",success="true"} 1',
      ]);
  });

  it("follow a Configuration", async () => {
    const sidecar = await start(
      withSettings({
        recordErrorCodes: true,
        latencyDistributionBuckets: [50, 5],
        http: { excludeVerbs: true, pathMatching: ["/tea/{kind}"], increasedCardinality: false },
        rules: [
          {
            name: "dapr_component_state_count",
            labels: [{ name: "component", regex: { store: "state[a-z]+" } }],
          },
        ],
      }),
    );
    await fetch(`${sidecar.url}/v1.0/state/statestore/a`);
    await fetch(`${sidecar.url}/v1.0/state/nothing/a`);
    await fetch(`${sidecar.url}/v1.0/invoke/shop/method/tea/green`);
    const samples = await read(sidecar);
    const names = [...samples.keys()];
    expect(names).toContain(
      'dapr_http_server_request_count{app_id="shop",method="",path="/v1.0/invoke/{app_id}/method/tea/{kind}",status="404"}',
    );
    expect(names).toContain('dapr_http_server_request_count{app_id="shop",method="",path="",status="204"}');
    expect(names).toContain(
      'dapr_component_state_count{app_id="shop",component="store",namespace="",operation="get",success="true"}',
    );
    expect(names).toContain(
      'dapr_error_code_total{app_id="shop",category="state",error_code="ERR_STATE_STORE_NOT_FOUND"}',
    );
    const bounds = names.flatMap(
      (name) => /^dapr_http_server_latency_bucket.*le="(.*?)"/.exec(name)?.[1] ?? [],
    );
    expect(new Set(bounds)).toEqual(new Set(["5", "50", "+Inf"]));
  });

  it.each([
    ["the options", { metrics: undefined }],
    ["a Configuration", withSettings({ enabled: false })],
  ])("are off where %s say so: nothing stands between the API and a component", async (_, options) => {
    const sidecar = await start(options as Partial<SidecarOptions>);
    expect(sidecar.metricsPort).toBeUndefined();
    const { component } = sidecar.runtime.sidecar.components.state.get("statestore") ?? {};
    expect(types.isProxy(component)).toBe(false);
    expect(sidecar.runtime.sidecar.meters).toBeUndefined();
  });

  it("are read at their own port alone, by no page and under no other name", async () => {
    const sidecar = await start({ metrics: {}, apiToken: "for the API" });
    const { metricsPort = 0, port } = sidecar;
    const status = async (path: string, more: readonly string[] = [], method = "GET") => {
      const host = more.some((line) => line.startsWith("Host")) ? [] : ["Host: localhost"];
      return (await rawRequest(metricsPort, `${method} ${path}`, [...host, ...more])).status;
    };
    expect(await status("/")).toBe(200);
    expect(await status("/metrics")).toBe(200);
    expect(await status("/metrics", [], "POST")).toBe(405);
    expect(await status("/v1.0/metadata")).toBe(404);
    expect(await status("/metrics", ["Host: evil.example"])).toBe(403);
    expect(await status("/metrics", ["Origin: https://evil.example"])).toBe(403);
    expect(port).not.toBe(metricsPort);
  });

  it.each([
    [{ latencyDistributionBuckets: [0] }, /latencyDistributionBuckets\.0 must be a number of milliseconds/],
    [{ http: { pathMatching: "/a" } }, /http\.pathMatching must be a list of paths/],
    [{ enabled: "yes" }, /metrics\.enabled must be true or false/],
    [
      { rules: [{ name: "a", labels: [{ name: "b", regex: { c: "(" } }] }] },
      /regex\.c must be a regular expression/,
    ],
  ])("refuse %j and name the field", async (settings, message) => {
    await expect(start(withSettings(settings))).rejects.toThrow(message);
  });
});
