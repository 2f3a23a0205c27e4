import { signal } from "@preact/signals";
import { register, serve } from "daprlet";

/** As the web server answers it. */
export interface Note {
  readonly id: string;
  readonly author: string;
  readonly text: string;
  readonly greeting: string;
}

const address = new URL(location.href);

/** What the parts of the page share. The app id and the relay come from the address. */
export const session = {
  appId: address.searchParams.get("app") ?? "book-1",
  /** The relay that `npm start` runs beside this page, or the one in the address. */
  relay: address.searchParams.get("relay") ?? (import.meta.env.VITE_RELAY_URL as string | undefined),
  scope: signal<string | undefined>(undefined),
  failure: signal<string | undefined>(undefined),
  notes: signal<readonly Note[]>([]),
  /** What the last request came to. */
  answered: signal<{ readonly ok: boolean; readonly text: string } | undefined>(undefined),
};

export const method = (path: string, appId = session.appId) => `/v1.0/invoke/${appId}/method/${path}`;

/** This page with another app id, for another browser. */
export function addressOf(appId: string): string {
  const other = new URL(location.href);
  other.searchParams.set("app", appId);
  return other.href;
}

export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function look(): Promise<void> {
  const response = await fetch(method("notes"));
  if (!response.ok) return;
  const notes: readonly Note[] = await response.json();
  const before = session.notes.value;
  if (notes.length !== before.length || notes[0]?.id !== before[0]?.id) session.notes.value = notes;
}

/** Starts the sidecar of this page, and the web server behind it. */
export async function boot(): Promise<void> {
  const { appId, relay } = session;
  try {
    const scriptUrl = new URL("sw.js", location.href);
    const sidecar = await register({ appId, scriptUrl, ...(relay !== undefined && { relay }) });
    const module = new URL("server.wasm", location.href);
    await serve({ appId, wasm: { module, limits: { memory: "64Mi", timeMs: 2000, concurrency: 2 } } });
    await look();
    session.scope.value = sidecar.scope;
    setInterval(() => void look().catch(() => undefined), 500);
  } catch (error) {
    session.failure.value = textOf(error);
  }
}

/** Makes a request of a web server, and tells what came of it. */
export async function post(path: string, body: object, appId = session.appId): Promise<boolean> {
  const began = performance.now();
  const response = await fetch(method(path, appId), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  const said = answer.greeting ?? answer.message ?? "";
  const ms = Math.round(performance.now() - began);
  session.answered.value = {
    ok: response.ok,
    text: `${appId} answered ${response.status} after ${ms} ms. ${said}`,
  };
  await look();
  return response.ok;
}
