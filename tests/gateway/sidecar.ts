import { createServer, type Server } from "node:http";

export interface Delivered {
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly via: string | undefined;
  readonly body: string;
  /** Of an event that was framed. */
  readonly id: string | undefined;
  readonly data: unknown;
}

/** A sidecar that takes events, and is away until it comes. */
export interface Sidecar {
  readonly port: number;
  /** What it took over. */
  readonly taken: Delivered[];
  statusOf: (data: unknown) => number;
  /** Milliseconds for each event. */
  slowness: number;
  come(): Promise<void>;
  leave(): Promise<void>;
}

function eventIn(body: string): { readonly id?: string; readonly data?: unknown } {
  try {
    return JSON.parse(body);
  } catch {
    return {};
  }
}

export function startSidecar(port: number): Sidecar {
  let server: Server | undefined;
  const sidecar: Sidecar = {
    port,
    taken: [],
    statusOf: () => 204,
    slowness: 0,
    async come() {
      const made = createServer(async (request, response) => {
        let body = "";
        for await (const chunk of request) body += chunk;
        const { id, data } = eventIn(body);
        if (sidecar.slowness) await new Promise((resolve) => setTimeout(resolve, sidecar.slowness));
        const status = sidecar.statusOf(data);
        const { "content-type": type, via } = request.headers;
        if (status < 300) sidecar.taken.push({ url: request.url, type, via, body, id, data });
        response.statusCode = status;
        response.end(status === 204 ? undefined : '{"errorCode":"ERR"}');
      });
      server = made;
      await new Promise<void>((resolve) => made.listen(port, "127.0.0.1", resolve));
    },
    async leave() {
      const gone = server;
      server = undefined;
      gone?.closeAllConnections();
      await new Promise<void>((resolve) => (gone === undefined ? resolve() : gone.close(() => resolve())));
    },
  };
  return sidecar;
}
