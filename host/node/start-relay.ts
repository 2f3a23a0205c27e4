import type { RelayServer, RelayServerOptions } from "./relay-server.ts";

/** Starts a relay in this process; what it needs is loaded with the first one. */
export async function startRelay(options: RelayServerOptions): Promise<RelayServer> {
  const server = await import("./relay-server.ts");
  return await server.startRelay(options);
}
