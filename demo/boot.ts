import { register, serve } from "daprlet";
import { demoApp } from "./app.ts";
import { note, pubsubs, session } from "./session.ts";

const { relay } = session;

const components = [
  { name: "statestore", type: "state.indexeddb" },
  { name: "pubsub", type: "pubsub.browser" },
  ...(relay === undefined ? [] : [{ name: "relay", type: "pubsub.relay", metadata: { url: relay } }]),
];

/** Starts the sidecar and makes this tab an app, noting each step and its time. */
export async function boot(): Promise<void> {
  const began = performance.now();
  let last = began;
  const step = (name: string) => {
    const now = performance.now();
    session.steps.value = [...session.steps.value, { name, ms: now - last }];
    last = now;
  };
  try {
    const sidecar = await register({
      appId: session.appId,
      components,
      ...(relay === undefined ? {} : { relay }),
      onStep: step,
    });
    if (sidecar.note !== undefined) session.note.value = sidecar.note;
    const app = demoApp(session.appId, pubsubs, {
      called: (what) => note(`called: ${what}`),
      received: (topic, data) => note(`event on ${topic}: ${JSON.stringify(data)}`),
    });
    await serve({ appId: session.appId, fetch: (request) => app.fetch(request) });
    step("this tab serves its app");
    const health = await fetch("/v1.0/healthz");
    step(`GET /v1.0/healthz answers ${health.status}`);
    session.ready.value = true;
  } catch (error) {
    session.failure.value = error instanceof Error ? error.message : String(error);
  }
}
