import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appRow, storeRow } from "../gateway/gateway-table.ts";
import { plainUpstream } from "../gateway/gateways.ts";
import { serveTestApp } from "./daprd.ts";
import { freePorts } from "./free-ports.ts";
import type { Feature, Host, HostDefinition } from "./host.ts";
import { type Gateway, type GatewayOptions, missingWasmtime, startGateway } from "./wasmtime-host.ts";

type Serve = typeof startGateway;

const stores = [storeRow("statestore")];

/** Two gateways, each the way to its own app and to the other's. */
export async function startGatewayPair(options: GatewayOptions, serve: Serve = startGateway): Promise<Host> {
  const suffix = Math.random().toString(36).slice(2, 8);
  const ids = [`api-a-${suffix}`, `api-b-${suffix}`] as const;
  const apps = await Promise.all([serveTestApp(), serveTestApp()]);
  const ports = await freePorts(2);
  const rows = ids.map((id, i) => appRow(id, [plainUpstream(apps[i]?.port ?? 0)]));
  const started = await Promise.all(
    ids.map((appId, i) => serve({ appId, apps: rows, stores }, { ...options, port: ports[i] as number })),
  );
  const [self, peer] = started as [Gateway, Gateway];
  return {
    appId: ids[0],
    fetch: self.fetch,
    peer: { appId: ids[1], fetch: peer.fetch },
    restart: () => self.restart(),
    async stop() {
      await Promise.all([self.stop(), peer.stop()]);
      await Promise.all(apps.map((app) => app.close()));
    },
  };
}

/**
 * What can be asked of a gateway. Without `headers`, because wasmtime keeps the field `connection` to itself: what that
 * names cannot be told from what goes on.
 */
const features: Feature[] = ["verbatim", "redirects", "chunks", "processes", "trace"];

export const gateway = (reused: boolean): HostDefinition => ({
  name: `gateway under wasmtime, ${reused ? "reused instances" : "an instance for each request"}`,
  dialect: "daprlet",
  required: true,
  features: new Set([...features, "persistent", "unsized"]),
  missing: missingWasmtime,
  async start() {
    const folder = mkdtempSync(join(tmpdir(), "daprlet-state-"));
    const pair = await startGatewayPair({ reused, variant: "http+folder", folder });
    return {
      ...pair,
      async stop() {
        await pair.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
});

/**
 * The same file on Node, without a folder, as jco gives a component the whole disk or none of it; and without bodies of
 * unknown length, which its client never ends.
 */
export const gatewayByJco: HostDefinition = {
  name: "gateway on Node, by jco",
  dialect: "daprlet",
  required: true,
  features: new Set(features),
  missing: undefined,
  start: () => startGatewayPair({ host: "jco" }),
};
