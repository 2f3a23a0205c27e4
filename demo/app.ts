import { Hono } from "hono";

/** What the app of a tab tells the page around it. */
export interface AppEvents {
  called(what: string): void;
  received(pubsubname: string, data: unknown): void;
}

interface Envelope {
  readonly pubsubname: string;
  readonly data: unknown;
}

/**
 * The app of this demo, subscribed to `greetings` of each pub/sub component named. It runs as it is in a page (`serve`)
 * and beside a sidecar on Node.
 */
export function demoApp(name: string, pubsubs: readonly string[], events: AppEvents): Hono {
  const app = new Hono();
  app.get("/dapr/subscribe", (c) =>
    c.json(pubsubs.map((pubsubname) => ({ pubsubname, topic: "greetings", route: "/greetings" }))),
  );
  app.get("/greeting", (c) => {
    events.called(`greeting, asked by ${c.req.header("dapr-caller-app-id") ?? "nobody"}`);
    return c.text(`Hello from ${name}!`);
  });
  app.post("/greetings", async (c) => {
    const { pubsubname, data } = await c.req.json<Envelope>();
    events.received(pubsubname, data);
    return c.json({ status: "SUCCESS" });
  });
  app.all("/echo/*", async (c) =>
    c.json({ app: name, method: c.req.method, path: c.req.path, body: await c.req.text() }),
  );
  return app;
}
