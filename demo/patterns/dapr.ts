import { Hono } from "hono";

/**
 * What the patterns need of Dapr's API, in a page, beside a sidecar on Node and in a test: only the way to the sidecar
 * differs, and every program is given it.
 */

/** `fetch` in a page; elsewhere one that puts the sidecar's address before the path. */
export type Dapr = (path: string, init?: RequestInit) => Promise<Response>;

/** A fetch-style app, which `serve()`, `startSidecar()` and `createRuntime()` take. */
export interface App {
  fetch(request: Request): Response | Promise<Response>;
}

/** An app that answers 500 to what it could not do: an event that is not consumed comes again. */
export function createApp(): Hono {
  const app = new Hono();
  app.onError(({ message }, c) => c.text(message, 500));
  return app;
}

const STORE = "/v1.0/state/statestore";
const PUBSUB = "pubsub";

/** How often a change that others were quicker with is tried before the event behind it has to come again. */
const MOST_ATTEMPTS = 100;

async function call(dapr: Dapr, path: string, body: unknown): Promise<Response> {
  return await dapr(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function expectOk(answer: Response, what: string): Promise<void> {
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
}

/** An entry of `/dapr/subscribe`, with one route or with rules. */
export function subscription(
  topic: string,
  to: string | { rules: readonly object[] },
  more: object = {},
): object {
  return { pubsubname: PUBSUB, topic, ...(typeof to === "string" ? { route: to } : { routes: to }), ...more };
}

export async function publish(dapr: Dapr, topic: string, data: unknown): Promise<void> {
  await expectOk(await call(dapr, `/v1.0/publish/${PUBSUB}/${topic}`, data), `publish to ${topic}`);
}

export function invoke(dapr: Dapr, appId: string, method: string, body: unknown): Promise<Response> {
  return call(dapr, `/v1.0/invoke/${appId}/method/${method}`, body);
}

/** What was sent, whichever way it came: an event carries it in an envelope, a call and a binding do not. */
export async function received<T>(request: Request): Promise<T> {
  const body = (await request.json()) as T & { readonly data: T };
  return request.headers.get("content-type")?.startsWith("application/cloudevents+json") ? body.data : body;
}

async function read(dapr: Dapr, key: string): Promise<{ value: unknown; etag: string | undefined }> {
  const answer = await dapr(`${STORE}/${encodeURIComponent(key)}`);
  await expectOk(answer, `read ${key}`);
  if (answer.status === 204) return { value: undefined, etag: undefined };
  return { value: await answer.json(), etag: answer.headers.get("etag") ?? undefined };
}

export async function stored<T>(dapr: Dapr, key: string): Promise<T | undefined> {
  return (await read(dapr, key)).value as T | undefined;
}

/**
 * Changes what is stored under `keys`, all or nothing, however many do so at once: `decide` gets the values as they are
 * and answers how they should be, or undefined to leave them. It is asked again when somebody else was quicker.
 * Answers the values at the end.
 */
export async function change<V extends readonly unknown[]>(
  dapr: Dapr,
  keys: { readonly [K in keyof V]: string },
  decide: (values: { readonly [K in keyof V]: V[K] | undefined }) => V | undefined,
): Promise<V> {
  let refusal = "";
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const found = await Promise.all(keys.map((key) => read(dapr, key)));
    const now = found.map(({ value }) => value) as unknown as V;
    const next = decide(now);
    if (next === undefined) return now;
    const items = keys.map((key, i) => ({
      key,
      value: next[i],
      etag: found[i]?.etag,
      options: { concurrency: "first-write" },
    }));
    const operations = items.map((request) => ({ operation: "upsert", request }));
    const answer = await call(dapr, `${STORE}/transaction`, { operations });
    if (answer.ok) return next;
    refusal = `${answer.status} ${await answer.text()}`;
    if (!refusal.includes("etag")) break;
  }
  throw new Error(`change of ${keys.join(", ")}: ${refusal}`);
}
