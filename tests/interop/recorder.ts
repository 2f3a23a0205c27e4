import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";

export interface Recorded {
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Subscribed {
  readonly pubsubname: string;
  readonly topic: string;
  readonly route: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An app that subscribes, keeps what it is handed, and answers what it is told to. */
export interface Recorder {
  readonly got: Recorded[];
  /** `data` of what it got on a path. */
  data(path: string): unknown[];
  /** What to answer to each event; 200 when left out. */
  answer: (event: Recorded) => Promise<Response> | Response;
  fetch(request: Request): Promise<Response>;
}

export function recorder(subscriptions: readonly Subscribed[]): Recorder {
  const app: Recorder = {
    got: [],
    data: (path) => app.got.filter((event) => event.path === path).map(({ body }) => body.data),
    answer: () => new Response(),
    async fetch(request) {
      const { pathname: path } = new URL(request.url);
      if (path === "/dapr/subscribe") return Response.json(subscriptions);
      if (request.method !== "POST") return new Response(null, { status: 404 });
      const event = { path, headers: new Map(request.headers), body: await request.json() };
      app.got.push(event);
      return app.answer(event);
    },
  };
  return app;
}

/** The app on a port of its own, for a sidecar in another process. */
export async function listen(app: Recorder): Promise<{ readonly port: number; close(): void }> {
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const listening = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => resolve(listening));
  });
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
    },
  };
}
