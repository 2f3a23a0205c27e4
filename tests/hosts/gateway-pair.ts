import { appRow, storeRow } from "../gateway/gateway-table.ts";
import { plainUpstream } from "../gateway/gateways.ts";
import { serveTestApp } from "./daprd.ts";
import { freePorts } from "./free-ports.ts";
import type { Host } from "./host.ts";
import { type Gateway, type GatewayOptions, startGateway } from "./wasmtime-host.ts";

type Serve = typeof startGateway;

const stores = [storeRow("statestore")];

/** Two gateways without a sidecar behind them, each the way to its own app and to the other's. */
export async function startGatewayPair(options: GatewayOptions, serve: Serve = startGateway): Promise<Host> {
  const suffix = Math.random().toString(36).slice(2, 8);
  const ids = [`api-a-${suffix}`, `api-b-${suffix}`] as const;
  const apps = await Promise.all([serveTestApp(), serveTestApp()]);
  const ports = await freePorts(2);
  const rows = ids.map((id, i) => appRow(id, [plainUpstream(apps[i]?.port ?? 0)]));
  const started = await Promise.all(
    ids.map((appId, i) => serve({ appId, apps: rows, stores }, { ...options, port: ports[i] as number })),
  );
  return pairOf(ids, started as [Gateway, Gateway], async () => {
    await Promise.all(apps.map((app) => app.close()));
  });
}

/** The first is the host that is asked, the second its peer; `end` ends what is behind them, once they have ended. */
export function pairOf(
  [appId, other]: readonly [string, string],
  [self, peer]: readonly [Gateway, Gateway],
  end: () => Promise<void>,
): Host {
  return {
    appId,
    fetch: self.fetch,
    peer: { appId: other, fetch: peer.fetch },
    restart: () => self.restart(),
    async stop() {
      await Promise.all([self.stop(), peer.stop()]);
      await end();
    },
  };
}
