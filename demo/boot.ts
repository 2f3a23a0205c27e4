import { register, serve } from "daprlet";
import { demoApp } from "./app.ts";
import { listen } from "./heard-traces.ts";
import { note, pubsubs, session } from "./session.ts";

const { relay } = session;

const components = [
  { name: "statestore", type: "state.indexeddb", metadata: { queryScan: true } },
  { name: "pubsub", type: "pubsub.browser" },
  { name: "locks", type: "lock.indexeddb" },
  { name: "settings", type: "configuration.indexeddb" },
  // The page shows the traces of its calls; an exporter alone samples all.
  { name: "traces", type: "exporters.broadcastchannel" },
  ...(relay === undefined ? [] : [{ name: "relay", type: "pubsub.relay", metadata: { url: relay } }]),
];

/** Starts the sidecar and makes this tab an app, noting each step and its time. */
export async function boot(): Promise<void> {
  let last = performance.now();
  const step = (name: string) => {
    const now = performance.now();
    session.steps.value = [...session.steps.value, { name, ms: now - last }];
    last = now;
  };
  try {
    listen();
    const sidecar = await register({
      appId: session.appId,
      components,
      ...(relay === undefined ? {} : { relay }),
      onStep: step,
    });
    const app = demoApp(session.appId, pubsubs, {
      called: (what) => note("invoke", what),
      received: (pubsubname, data) => note(pubsubname, JSON.stringify(data)),
    });
    // Hands on the trace that it is called with, so that what it publishes is a part of it.
    app.post("/welcome", async (c) => {
      const traceparent = c.req.header("traceparent") ?? "";
      const headers = { "content-type": "application/json", traceparent };
      return fetch("/v1.0/publish/pubsub/greetings", { method: "POST", headers, body: await c.req.text() });
    });
    await serve({ appId: session.appId, fetch: (request) => app.fetch(request) });
    step("this tab serves its app");
    const health = await fetch("/v1.0/healthz");
    step(`GET /v1.0/healthz answers ${health.status}`);
    session.sidecar.value = sidecar;
  } catch (error) {
    session.failure.value = error instanceof Error ? error.message : String(error);
  }
}
