import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as yaml from "yaml";
import { compileGateway } from "../../host/gateway/compile-gateway.ts";
import { readGateway } from "../../host/gateway/read-gateway.ts";
import { encodeTable } from "../../host/gateway/table.ts";
import { startSidecar } from "../../host/node/start-sidecar.ts";
import { actorConfig } from "../api/app.ts";
import { resourcesYaml, secrets } from "./components.ts";
import { serveTestApp } from "./daprd.ts";
import { freePorts } from "./free-ports.ts";
import { pairOf } from "./gateway-pair.ts";
import { gatewayEnvironment, gatewayYaml } from "./gateway-resources.ts";
import type { Feature, Host, HostDefinition, StartOptions } from "./host.ts";
import { startTarget } from "./target.ts";
import { type Gateway, missingWasmtime, startGateway } from "./wasmtime-host.ts";

type Kind = "fresh" | "reused" | "jco";

/**
 * Two gateways, each the way to its own app and to the other's, and a sidecar beside the first app: it has the components that
 * a gateway leaves to sidecars, takes its events to that app, and hosts its actors.
 */
async function start(
  kind: Kind,
  { apiToken, components = true, features }: StartOptions = {},
): Promise<Host> {
  const suffix = Math.random().toString(36).slice(2, 8);
  const ids = [`api-a-${suffix}`, `api-b-${suffix}`] as const;
  const byWasmtime = kind !== "jco";
  const folder = mkdtempSync(join(tmpdir(), "daprlet-state-"));
  const [first, second] = [await serveTestApp({ config: actorConfig }), await serveTestApp()];
  const target = await startTarget();
  const types = {
    target: target.url,
    state: { type: "state.in-memory", metadata: {} },
    pubsub: { type: "pubsub.in-memory", metadata: {} },
    secrets: { type: "secretstores.in-memory", metadata: secrets },
    lock: undefined,
    configuration: undefined,
  };
  const sidecar = await startSidecar({
    appId: ids[0],
    appPort: first.port,
    components: resourcesYaml(types, ids[0], features),
    logLevel: "error",
  });
  const own = kind === "reused" ? "sockets" : "outgoing";
  const ports = await freePorts(2);
  const open = (appId: string, i: number) => {
    const text = gatewayYaml({
      appId,
      apps: [
        [ids[0], `http://127.0.0.1:${first.port}`],
        [ids[1], `http://127.0.0.1:${second.port}`],
      ],
      sidecar: `http://127.0.0.1:${sidecar.port}`,
      target: target.url,
      transport: own,
      folder: byWasmtime,
      components,
      apiToken,
    });
    const table = encodeTable(compileGateway(readGateway([{ name: "gateway.yaml", text }], yaml)));
    return startGateway(
      {},
      {
        table,
        host: byWasmtime ? "wasmtime" : "jco",
        variant: own === "sockets" ? "http+sockets+folder" : "http+folder",
        reused: kind === "reused",
        port: ports[i] as number,
        environment: gatewayEnvironment(apiToken),
        ...(byWasmtime && { folder }),
      },
    );
  };
  return pairOf(ids, (await Promise.all(ids.map(open))) as [Gateway, Gateway], async () => {
    await sidecar.stop();
    await Promise.all([first, second, target].map((server) => server.close()));
    rmSync(folder, { recursive: true, force: true });
  });
}

/**
 * What can be asked of a gateway. wasmtime tells nobody that a caller has gone before its answer has begun, so there are no
 * hangups.
 */
const ofGateways: Feature[] = [
  "verbatim",
  "redirects",
  "chunks",
  "processes",
  "trace",
  "headers",
  "actors",
  "reminders",
  "wildcards",
];

export const gateway = (reused: boolean): HostDefinition => ({
  name: `gateway under wasmtime, ${reused ? "reused instances" : "an instance for each request"}`,
  dialect: "gateway",
  required: true,
  features: new Set([
    ...ofGateways,
    "persistent",
    "unsized",
    "folder",
    // What starts of their own show, they show of both alike.
    ...(reused ? (["configurable"] as const) : []),
  ]),
  missing: missingWasmtime,
  start: (options) => start(reused ? "reused" : "fresh", options),
});

/**
 * The same file on Node, without a folder, as jco gives a component the whole disk or none of it; and without bodies of
 * unknown length, which its client never ends.
 */
export const gatewayByJco: HostDefinition = {
  name: "gateway on Node, by jco",
  dialect: "gateway",
  required: true,
  features: new Set(ofGateways),
  missing: undefined,
  start: (options) => start("jco", options),
};
