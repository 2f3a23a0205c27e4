import { createServer } from "node:http";

/** What the target of `bindings.http` was sent, as it answers it. */
export interface Reached {
  readonly method: string;
  /** Path and query as they came. */
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Target {
  readonly url: string;
  /** Every request in order, preflights of pages left out. */
  readonly reached: Reached[];
  close(): Promise<void>;
}

/**
 * A server of this machine that answers what it was sent, with the status that a path `…/status/<n>` names, and never
 * where the path ends in `/never`. Pages of any origin may call it.
 */
export async function startTarget(port = 0): Promise<Target> {
  const reached: Reached[] = [];
  const server = createServer((request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "*");
    response.setHeader("access-control-allow-methods", "*");
    response.setHeader("access-control-expose-headers", "*");
    if (request.headers["access-control-request-method"] !== undefined) return void response.end();
    const { method = "", url: uri = "" } = request;
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      const seen = { method, uri, headers: request.headers as Record<string, string>, body };
      reached.push(seen);
      const { pathname } = new URL(uri, "http://target");
      if (pathname.endsWith("/never")) return;
      const status = Number(/\/status\/(\d+)$/.exec(pathname)?.[1] ?? 200);
      response.setHeader("x-custom", ["one", "two"]);
      response.setHeader("content-type", "application/json");
      response.writeHead(status).end(status === 204 ? undefined : JSON.stringify(seen));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    reached,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
