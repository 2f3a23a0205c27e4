import { afterEach } from "vitest";
import type { RuntimeRequest, RuntimeResponse } from "../../host/http.ts";
import { type HttpServer, listen, type ServerOptions } from "../../host/node/server.ts";
import { loopbackHosts, parseOrigins } from "../../host/security/browser-guard.ts";

export const open: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close(0)));
});

export const said: string[] = [];
const log = {
  debug: () => undefined,
  info: (message: string, fields = {}) => said.push(`${message} ${JSON.stringify(fields)}`),
  warn: (message: string, fields = {}) => said.push(`${message} ${JSON.stringify(fields)}`),
  error: (message: string, fields = {}) => said.push(`${message} ${JSON.stringify(fields)}`),
};

export const bytes = (text: string) => new TextEncoder().encode(text);

export async function start(
  handle: (request: RuntimeRequest) => Promise<RuntimeResponse> | RuntimeResponse,
  options: Partial<ServerOptions> & { origins?: string } = {},
): Promise<HttpServer> {
  const server = await listen({
    port: 0,
    addresses: ["127.0.0.1", "::1"],
    policy: {
      hosts: new Set(loopbackHosts),
      anyAddress: false,
      origins: parseOrigins(options.origins ?? ""),
    },
    apiToken: undefined,
    maxBodySize: 4 << 20,
    maxHeaderSize: 8192,
    log,
    ...options,
    handle: async (request) => handle(request),
  });
  open.push(server);
  return server;
}

/** A server that counts what reaches the runtime. */
export async function counting(options: Parameters<typeof start>[1] = {}) {
  const seen: RuntimeRequest[] = [];
  const server = await start((record) => {
    seen.push(record);
    return { status: 200, headers: [], body: bytes("effect") };
  }, options);
  return { port: server.port, seen };
}
