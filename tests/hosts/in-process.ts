import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Instance, Member, Receiver, Transport } from "../../host/mesh/transport.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import { actorConfig, createTestApp, subscriptions } from "../api/app.ts";
import { resourcesYaml, secrets } from "./components.ts";
import { Answer, type Fetch, type Host, type HostDefinition, type StartOptions } from "./host.ts";
import { startTarget } from "./target.ts";
import { collect, inHalves } from "./web-body.ts";

/** A mesh within one process: what joined one of its transports is found by the others. */
export function sharedTransports(): () => Transport {
  const members = new Set<{ self: Member; receive: Receiver }>();
  return () => {
    let own: { self: Member; receive: Receiver } | undefined;
    return {
      name: "test",
      async join(self, receive) {
        own = { self, receive };
        members.add(own);
      },
      async instances(appId, namespace) {
        const found: Instance[] = [];
        for (const { self, receive } of members) {
          if (self.appId !== appId || self.namespace !== namespace || self === own?.self) continue;
          const caller = own?.self;
          if (caller === undefined) continue;
          found.push({ ...self, id: appId, invoke: (request) => receive(request, caller) });
        }
        return found;
      },
      suspect: () => undefined,
      async close() {
        if (own !== undefined) members.delete(own);
      },
    };
  };
}

const quiet = () => undefined;
const silent = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** `createRuntime()` called without a socket. */
export const inProcess: HostDefinition = {
  name: "in process",
  dialect: "daprlet",
  required: true,
  features: new Set([
    "actors",
    "reminders",
    "locks",
    "settings",
    "verbatim",
    "headers",
    "chunks",
    "redirects",
    "configurable",
    "files",
    "trace",
    "unsized",
    "sidecar",
    "hangups",
    "wildcards",
  ]),
  missing: undefined,
  start,
};

async function start(options: StartOptions = {}): Promise<Host> {
  const ids = ["api-a", "api-b"] as const;
  const transport = sharedTransports();
  const target = await startTarget();
  const folder = mkdtempSync(join(tmpdir(), "daprlet-files-"));
  const types = {
    target: target.url,
    folder,
    state: { type: "state.in-memory", metadata: {} },
    pubsub: { type: "pubsub.in-memory", metadata: {} },
    secrets: { type: "secretstores.in-memory", metadata: secrets },
    lock: "lock.in-memory",
    configuration: { type: "configuration.in-memory", metadata: {} },
  };
  const components = options.components === false ? [] : resourcesYaml(types, ids[0], options.features);
  const apps = [createTestApp({ subscriptions, config: actorConfig }), createTestApp({ subscriptions })];
  const open = (index: number): Promise<LocalRuntime> =>
    createRuntime({
      appId: ids[index] ?? "",
      components,
      app: (request) => (apps[index] as ReturnType<typeof createTestApp>).fetch(request),
      transports: [transport()],
      clock: "system",
      log: silent,
      ...(options.apiToken === undefined ? {} : { apiToken: options.apiToken }),
    });
  const runtimes = await Promise.all(ids.map((_, index) => open(index)));
  const fetch = (index: number): Fetch => {
    return async (path, { method, headers, body, streamed = false, timeout = 15_000 } = {}) => {
      const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
      const response = await (runtimes[index] as LocalRuntime).fetch(path, {
        ...(method === undefined ? {} : { method }),
        headers: Array.isArray(headers) ? headers : { ...headers },
        ...(bytes === undefined ? {} : { body: streamed ? inHalves(bytes) : bytes }),
        signal: AbortSignal.timeout(timeout),
      } as RequestInit);
      const found = await collect(response);
      return new Answer(response.status, [...response.headers], found.bytes, found.spread);
    };
  };
  return {
    appId: ids[0],
    fetch: fetch(0),
    peer: { appId: ids[1], fetch: fetch(1) },
    async restart() {
      await runtimes[0]?.stop();
      runtimes[0] = await open(0);
    },
    async stop() {
      await Promise.all(runtimes.map((runtime) => runtime.stop()));
      await target.close();
      rmSync(folder, { recursive: true });
    },
  };
}
