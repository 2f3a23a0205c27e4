import { createServer, type IncomingMessage } from "node:http";

/** What one counter keeps: how far it is, and which calls have brought it there. */
interface Kept {
  readonly count: number;
  readonly calls: readonly string[];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

export interface CounterApp {
  readonly port: number;
  /** Turns of one actor that overlapped in this app. */
  readonly overlaps: () => number;
  close(): Promise<void>;
}

/**
 * An HTTP app that hosts `Counter`: each call has an id and counts once, however often it comes. What it keeps it reads and
 * writes through its sidecar, whose port is told later because the sidecar is started after it.
 */
export async function counterApp(sidecarPort: () => number): Promise<CounterApp> {
  const under = new Set<string>();
  let overlaps = 0;
  async function increment(id: string, call: string): Promise<number> {
    const state = `http://127.0.0.1:${sidecarPort()}/v1.0/actors/Counter/${id}/state`;
    const read = await fetch(`${state}/kept`);
    if (!read.ok) throw new Error(`the state was read with ${read.status}`);
    const text = await read.text();
    // So that what is done to sidecars falls into turns.
    await new Promise((resolve) => setTimeout(resolve, 10));
    const kept: Kept = text === "" ? { count: 0, calls: [] } : JSON.parse(text);
    if (kept.calls.includes(call)) return kept.count;
    const value: Kept = { count: kept.count + 1, calls: [...kept.calls, call] };
    const operations = [{ operation: "upsert", request: { key: "kept", value } }];
    const written = await fetch(state, { method: "POST", body: JSON.stringify(operations) });
    if (written.status !== 204) throw new Error(`the state was written with ${written.status}`);
    return value.count;
  }
  const server = createServer(async (request, response) => {
    const { url = "", method } = request;
    const text = await bodyOf(request).catch(() => "");
    const [, , type, id = ""] = url.split("/");
    if (url === "/dapr/config") {
      const config = { entities: ["Counter"], drainOngoingCallTimeout: "2s" };
      return response.writeHead(200).end(JSON.stringify(config));
    }
    if (type !== "Counter") return response.writeHead(404).end();
    if (method === "DELETE") return response.writeHead(200).end();
    if (under.has(id)) overlaps++;
    under.add(id);
    try {
      const count = await increment(id, text);
      response.writeHead(200, { "content-type": "application/json" }).end(String(count));
    } catch (error) {
      response.writeHead(500).end((error as Error).message);
    } finally {
      under.delete(id);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    overlaps: () => overlaps,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
