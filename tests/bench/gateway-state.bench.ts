/** State in a gateway's folder against daprd's SQLite, on one disk: what is answered is flushed here, not there. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeRow } from "../gateway/gateway-table.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { hasWrk, type Load, load, seconds } from "./load.ts";
import { printRows, type Row } from "./table.ts";

const rounds = 3;
const store = "/v1.0/state/statestore";
const set: Load = { method: "POST", body: JSON.stringify([{ key: "k", value: { text: "some words" } }]) };
const calls: readonly { readonly what: string; readonly path: string; readonly how?: Load }[] = [
  { what: "state set", path: store, how: set },
  { what: "state get", path: `${store}/k` },
];

const sqlite = (file: string) => `
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.sqlite, version: v1, metadata: [{ name: connectionString, value: "${file}" }] }
`;

export default async function bench(): Promise<void> {
  if (missingWasmtime !== undefined) return console.log(`The gateway is left out: ${missingWasmtime}.`);
  if (!(await hasWrk())) return console.log("The gateway's state is left out: wrk is not installed.");
  const folder = await mkdtemp(join(tmpdir(), "daprlet-bench-"));
  const gateways: Gateway[] = [];
  let sidecar: Daprd | undefined;
  const rates = new Map<string, Map<string, number>>();
  try {
    const stores = [storeRow("statestore")];
    const sides = new Map<string, { readonly port: number }>();
    for (const reused of [true, false]) {
      const own = join(folder, String(reused));
      await mkdir(own);
      const flags = ["-O", "pooling-allocator=y"];
      const gateway = await startGateway({ stores }, { variant: "http+folder", reused, flags, folder: own });
      gateways.push(gateway);
      sides.set(reused ? "gateway" : "fresh instances", gateway);
    }
    if (daprd.missing === undefined) {
      const resources = join(folder, "resources");
      await mkdir(resources);
      await writeFile(join(resources, "state.yaml"), sqlite(join(folder, "state.sqlite")));
      sidecar = await startDaprd({ appId: "target", resources });
      sides.set("daprd", sidecar);
    }
    for (let round = 0; round < rounds; round++) {
      for (const { what, path, how } of calls) {
        for (const [side, { port }] of sides) {
          const row = rates.get(what) ?? new Map<string, number>();
          rates.set(what, row.set(side, Math.max(await load(port, path, folder, how), row.get(side) ?? 0)));
        }
      }
    }
    const rows = calls.map(
      ({ what }): Row => ({ what, unit: "1/s", values: rates.get(what) ?? new Map(), aim: 1 }),
    );
    const title = `A gateway's state (wrk, 16 connections, best of ${rounds} runs of ${seconds} s)`;
    printRows(title, ["gateway", ...(sidecar === undefined ? [] : ["daprd"]), "fresh instances"], rows);
  } finally {
    await Promise.all([...gateways.map((gateway) => gateway.stop()), sidecar?.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}
