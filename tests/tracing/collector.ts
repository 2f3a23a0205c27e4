import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A span as Zipkin's API v2 has it. */
export interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly name: string;
  readonly kind?: string;
  readonly timestamp: number;
  readonly duration: number;
  readonly localEndpoint: { readonly serviceName: string };
  readonly remoteEndpoint?: { readonly serviceName: string };
  readonly tags: Readonly<Record<string, string>>;
}

export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** A server that keeps what it is sent, as a collector of spans does; a page may call it. */
export interface Collector {
  readonly url: string;
  readonly received: Received[];
  /** What to answer. */
  status: number;
  spans(): ZipkinSpan[];
  close(): Promise<void>;
}

export async function startCollector(): Promise<Collector> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "*");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === "OPTIONS") response.statusCode = 204;
    else {
      response.statusCode = collector.status;
      if (collector.status < 300) {
        const { url: path = "", headers } = request;
        received.push({ path, headers, body: Buffer.concat(chunks) });
      }
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    status: 202,
    spans: () => received.flatMap(({ body }) => JSON.parse(body.toString()) as ZipkinSpan[]),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return collector;
}
