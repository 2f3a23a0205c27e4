import { expect, it } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime } from "../../host/node/index.ts";

const resource = (kind: string, name: string, spec: object) =>
  JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind, metadata: { name }, spec });
const component = (name: string, type: string, metadata: Record<string, string> = {}) =>
  resource("Component", name, {
    type,
    version: "v1",
    metadata: Object.entries(metadata).map(([key, value]) => ({ name: key, value })),
  });

const url = "http://127.0.0.1:1";
const everything = [
  component("statestore", "state.in-memory"),
  component("pubsub", "pubsub.in-memory", { redeliverInterval: "5s" }),
  component("queue", "bindings.in-memory"),
  component("tick", "bindings.cron", { schedule: "@every 1s", direction: "input" }),
  component("target", "bindings.http", { url, responseTimeout: "20s" }),
  component("settings", "configuration.in-memory", { a: "1" }),
  component("locks", "lock.in-memory"),
  component("secrets", "secretstores.in-memory", { s: "1" }),
  component("zipkin", "exporters.zipkin", { exporterAddress: `${url}/api/v2/spans` }),
  component("limit", "middleware.http.ratelimit", { maxRequestsPerSecond: "1000" }),
  component("upper", "middleware.http.uppercase"),
  component("remote", "state.dapr", { url }),
  resource("Configuration", "c", {
    tracing: { samplingRate: "1" },
    metrics: { enabled: true },
    httpPipeline: { handlers: [{ name: "limit", type: "middleware.http.ratelimit" }] },
    appHttpPipeline: { handlers: [{ name: "upper", type: "middleware.http.uppercase" }] },
  }),
  resource("Resiliency", "r", {
    policies: {
      timeouts: { long: "60s" },
      retries: { forever: { duration: "10s", maxRetries: -1 } },
      circuitBreakers: { soon: { trip: "consecutiveFailures > 1", timeout: "60s" } },
    },
    targets: {
      apps: { app: { timeout: "long", retry: "forever", circuitBreaker: "soon" } },
      components: {
        pubsub: { inbound: { timeout: "long", retry: "forever", circuitBreaker: "soon" } },
        queue: { inbound: { timeout: "long", retry: "forever", circuitBreaker: "soon" } },
        target: { outbound: { timeout: "long", retry: "forever" } },
        remote: { outbound: { timeout: "long", retry: "forever" } },
      },
    },
  }),
];

it("a runtime that was stopped leaves no timer behind, whatever it was doing with whatever there is", async () => {
  const clock = new FakeClock();
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const runtime = await createRuntime({
    clock,
    log,
    components: everything.join("\n---\n"),
    async app(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/dapr/subscribe")
        return Response.json([{ pubsubname: "pubsub", topic: "orders", route: "/orders" }]);
      if (request.method === "OPTIONS") return new Response();
      if (pathname === "/TICK" || pathname === "/tick") return new Promise(() => undefined);
      return new Response("", { status: 500 });
    },
  });
  const post = (path: string, body: unknown) =>
    runtime.fetch(`/v1.0${path}`, { method: "POST", body: JSON.stringify(body) });
  const left = [
    post("/state/statestore", [{ key: "mortal", value: 1, metadata: { ttlInSeconds: "100" } }]),
    post("/publish/pubsub/orders", { n: 1 }),
    post("/bindings/queue", { operation: "create", data: 1 }),
    post("/bindings/target", { operation: "get" }),
    post("/state/remote", [{ key: "a", value: 1 }]),
    post("/invoke/app/method/fails", {}),
  ];
  await clock.advance(3_000);
  // What is on its way in when the sidecar stops is no exception.
  const { resources } = runtime.sidecar;
  const components = resources.components.filter(({ name }) => name !== "limit");
  const updating = runtime.update({ ...resources, components }).catch(() => undefined);
  const stopping = runtime.stop();
  let stopped = false;
  void stopping.then(() => {
    stopped = true;
  });
  for (let s = 0; s < 60 && !stopped; s++) await clock.advance(1_000);
  expect(stopped).toBe(true);
  await Promise.all([updating, ...left]);
  expect(clock.pending).toBe(0);
});
