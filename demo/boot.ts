import { register, serve } from "daprlet";
import { demoApp } from "./app.ts";
import { note, session } from "./session.ts";

/** The relay that `npm start` runs beside this page, or the one in the address. */
const relay = session.relay ?? (import.meta.env.VITE_RELAY_URL as string | undefined);

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
      ...(relay === undefined ? {} : { relay }),
      onStep: step,
    });
    if (sidecar.note !== undefined) session.note.value = sidecar.note;
    const app = demoApp(session.appId, {
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
