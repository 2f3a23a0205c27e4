import { type Context, Hono } from "hono";
import { bulkSubscriptions } from "./bulk-subscriptions.ts";
import { routedSubscriptions } from "./routed-subscriptions.ts";

/** One request as the app saw it. */
export interface Recorded {
  readonly method: string;
  /** Path and query as they came. */
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64 of the body. */
  readonly body: string;
  /** The status of a programmed answer; absent where the app answered as it does. */
  readonly answered?: number;
}

/** What the app answers to the next request of a path, in order; when none is left, its usual answer. */
export interface ProgrammedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds to wait first. */
  readonly delay?: number;
  /** It waits until `/control/release` names its path. */
  readonly held?: boolean;
}

export interface TestAppOptions {
  /** The answer to GET /dapr/subscribe; undefined: 404. */
  readonly subscriptions?: readonly unknown[];
  /** The answer to GET /dapr/config; undefined: 404. */
  readonly config?: unknown;
}

interface BulkBody {
  readonly entries: readonly {
    readonly entryId: string;
    readonly event: string | { readonly data?: { readonly answer?: string } };
  }[];
}

/** Topics of `messagebus` that the suites publish to, and where their events arrive. */
export const subscriptions = [
  { pubsubname: "messagebus", topic: "plain", route: "/events/plain" },
  { pubsubname: "messagebus", topic: "A", route: "A" },
  { pubsubname: "messagebus", topic: "deep/er/topic", route: "/events/deep" },
  { pubsubname: "messagebus", topic: "routed", routes: { default: "/events/routed" } },
  {
    pubsubname: "messagebus",
    topic: "both",
    route: "/events/both-route",
    routes: { default: "/events/both-default" },
  },
  { pubsubname: "messagebus", topic: "raw", route: "/events/raw", metadata: { rawPayload: "true" } },
  { pubsubname: "messagebus", topic: "retried", route: "/events/retried" },
  { pubsubname: "messagebus", topic: "lettered", route: "/events/lettered", deadLetterTopic: "letters" },
  { pubsubname: "messagebus", topic: "letters", route: "/events/letters" },
  { pubsubname: "messagebus", topic: "outboxed", route: "/events/outboxed" },
  { pubsubname: "messagebus", topic: "no-route" },
  { pubsubname: "messagebus", topic: "wild/*", route: "/events/wild" },
  ...routedSubscriptions,
  ...bulkSubscriptions,
] as const;

/** What the first app answers to GET /dapr/config: `Deep` is reentrant, and `Brief` is idle after a second. */
export const actorConfig = {
  entities: ["Plain", "Deep", "Brief"],
  actorIdleTimeout: "1h",
  entitiesConfig: [
    { entities: ["Deep"], reentrancy: { enabled: true, maxStackDepth: 3 } },
    { entities: ["Brief"], actorIdleTimeout: "1s" },
  ],
} as const;

const base64 = (bytes: Uint8Array): string => {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * The app of the suites, on web standards only so that Node and a page serve the same one. It records what it is
 * sent (all but `/control/…`), can be programmed and asked through invocation, and echoes where nothing else is said.
 */
export function createTestApp(options: TestAppOptions = {}) {
  const recorded: Recorded[] = [];
  const programmed = new Map<string, ProgrammedAnswer[]>();
  const held = new Map<string, (() => void)[]>();
  const app = new Hono();

  app.get("/control/recorded", (c) => {
    const path = c.req.query("path") ?? "/";
    return c.json(recorded.filter(({ uri }) => uri.split("?")[0] === path));
  });
  app.post("/control/answers", async (c) => {
    const { path, answers } = await c.req.json<{ path: string; answers: ProgrammedAnswer[] }>();
    programmed.set(path, answers);
    return c.body(null, 204);
  });
  app.post("/control/release", async (c) => {
    const { path } = await c.req.json<{ path: string }>();
    for (const release of held.get(path) ?? []) release();
    held.delete(path);
    return c.body(null, 204);
  });
  app.post("/control/reset", (c) => {
    recorded.length = 0;
    programmed.clear();
    return c.body(null, 204);
  });

  app.use(async (c, next) => {
    const url = new URL(c.req.url);
    const body = new Uint8Array(await c.req.raw.arrayBuffer());
    const uri = url.pathname + url.search;
    const answer = programmed.get(url.pathname)?.shift();
    const seen: Recorded = {
      method: c.req.method,
      uri,
      headers: c.req.header(),
      body: base64(body),
      ...(answer === undefined ? {} : { answered: answer.status }),
    };
    recorded.push(seen);
    if (answer === undefined) {
      c.set("seen" as never, seen as never);
      return next();
    }
    if (answer.delay !== undefined) await pause(answer.delay);
    if (answer.held) {
      const { pathname } = url;
      await new Promise<void>((release) => held.set(pathname, [...(held.get(pathname) ?? []), release]));
    }
    return new Response(answer.body ?? null, { status: answer.status, headers: { ...answer.headers } });
  });

  app.get("/dapr/subscribe", (c) =>
    options.subscriptions === undefined ? c.notFound() : c.json(options.subscriptions),
  );
  app.get("/dapr/config", (c) => (options.config === undefined ? c.notFound() : c.json(options.config)));
  app.get("/healthz", (c) => c.body(null, 204));
  app.get("/greeting", (c) => c.text("Hello, World!"));
  app.all("/status/:code", (c) => {
    const status = Number(c.req.param("code"));
    const bodiless = status === 204 || status === 304;
    const headers: Record<string, string> = { "x-app": "yes" };
    if (status >= 300 && status < 400) headers.location = "/elsewhere";
    if (!bodiless) headers["content-type"] = "text/plain";
    return new Response(bodiless ? null : `status ${status}`, { status, headers });
  });
  app.all("/hop", () => {
    return new Response("hop", {
      headers: { "x-kept": "yes", "content-type": "text/plain", "dapr-custom": "kept too" },
    });
  });
  app.get("/bytes/:count", (c) => {
    const bytes = new Uint8Array(Number(c.req.param("count")));
    for (let i = 0; i < bytes.length; i++) bytes[i] = i % 251;
    return c.body(bytes, 200, { "content-type": "application/octet-stream" });
  });
  app.get("/sse", (c) => {
    const encoder = new TextEncoder();
    let n = 0;
    const events = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (n === 3) return controller.close();
        if (n > 0) await pause(150);
        controller.enqueue(encoder.encode(`data: ${n++}\n\n`));
      },
    });
    return c.body(events, 200, { "content-type": "text/event-stream" });
  });
  // A caller that went away while it was sending is part of the tests.
  app.onError((error, c) => c.text(error.message, 500));
  app.post("/configuration/*", (c) => c.body(null, 200));
  app.all("/events/*", (c) => c.body(null, 200));
  // Each entry is answered as its own data ask for; `none` is left out of the answer.
  app.post("/bulk/*", async (c) => {
    const { entries } = JSON.parse(atob((c.get("seen" as never) as Recorded).body)) as BulkBody;
    const statuses = entries.map(({ entryId, event }) => ({
      entryId,
      status: typeof event === "string" ? "SUCCESS" : (event.data?.answer ?? "SUCCESS"),
    }));
    return c.json({ statuses: statuses.filter(({ status }) => status !== "none") });
  });
  app.all("/A", (c) => c.body(null, 200));
  app.all("*", (c: Context) => c.json(c.get("seen")));
  return app;
}
