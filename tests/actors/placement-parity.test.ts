/** Three daprd and Dapr's placement service against our tables of the same hosts: who owns which actor. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Owners } from "../../host/actors/placement/owners.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { none16 } from "../../host/gateway/table-shape.ts";
import { newCore } from "../core/core.ts";
import { appRow, upstreamRow } from "../gateway/gateway-table.ts";
import { componentYaml } from "../hosts/components.ts";
import { onPath, startDaprd } from "../hosts/daprd.ts";
import { startPlacement } from "../hosts/placement.ts";
import { missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";

const missing = ["daprd", "placement"].find((program) => !onPath(program));
if (missing !== undefined)
  console.warn(`owners are not compared with Dapr's in this run: ${missing} is not on the PATH`);

interface PlacedHost {
  readonly name: string;
  /** Of the app. */
  readonly id: string;
}
interface PlacementTablesAnswer {
  readonly tables?: Readonly<Record<string, { readonly hosts: readonly PlacedHost[] }>>;
}

const idCount = 10_000;
const instances = ["one", "two", "three"];
const running: (() => Promise<unknown> | unknown)[] = [];
afterAll(async () => {
  for (const stop of running.reverse()) await stop();
});

/** Hosts the type and answers which instance it is. */
async function app(answer: string): Promise<number> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume();
    if (request.url === "/dapr/config") response.end(JSON.stringify({ entities: ["Car"] }));
    else if (request.url?.startsWith("/actors/")) response.end(answer);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  running.push(() => server.closeAllConnections());
  running.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** The host of each id by our tables. */
async function ownersOf(hosts: readonly string[]): Promise<(id: string) => string | undefined> {
  const owners = new Owners("nobody", newCore(), new FakeClock(), {
    halt: async () => undefined,
    claim: async () => undefined,
    settled: () => undefined,
  });
  await owners.lock(1);
  await owners.update({
    version: 1,
    term: 1,
    types: new Map([["Car", hosts.map((name) => ({ name, appId: "cars" }))]]),
  });
  await owners.unlock(1);
  return (id) => {
    const owner = owners.now("Car", id);
    return owner === "later" ? owner : owner?.name;
  };
}

it.skipIf(missing !== undefined)(
  `gives each of ${idCount} actors the owner that daprd gives it`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "daprlet-parity-"));
    running.push(() => rmSync(folder, { recursive: true, force: true }));
    const resources = join(folder, "resources");
    mkdirSync(resources);
    const store = { name: "store", type: "state.in-memory", metadata: { actorStateStore: "true" } };
    writeFileSync(join(resources, "store.yaml"), componentYaml(store));
    const placement = await startPlacement();
    running.push(() => placement.stop());
    const sidecars = await Promise.all(
      instances.map(async (answer) => {
        const flags = ["--placement-host-address", placement.address];
        const appPort = await app(answer);
        const sidecar = await startDaprd({ appId: `cars-${answer}`, resources, appPort, flags });
        running.push(() => sidecar.stop());
        return sidecar;
      }),
    );
    let hosts: readonly PlacedHost[] = [];
    await expect
      .poll(
        async () => {
          const answer = await fetch(`http://127.0.0.1:${placement.healthz}/placement/state`);
          const { tables } = (await answer.json()) as PlacementTablesAnswer;
          hosts = tables?.default?.hosts ?? [];
          return hosts.length;
        },
        { timeout: 30_000 },
      )
      .toBe(instances.length);
    const nameOf = new Map(hosts.map(({ name, id }) => [id.replace("cars-", ""), name]));
    const owner = await ownersOf([...nameOf.values()]);
    const fetches = sidecars.map(({ fetch }) => fetch);
    // Dapr's service tells a gateway who hosts what, and its apps are where: it asks each owner's own sidecar.
    if (missingWasmtime === undefined) {
      const gateway = await startGateway(
        {
          apps: instances.map((answer, i) =>
            appRow(`cars-${answer}`, [
              upstreamRow({ port: (sidecars[i] as (typeof sidecars)[number]).port, protocol: 1 }),
            ]),
          ),
          remotes: [appRow("placement", [upstreamRow({ port: placement.healthz })])],
          actors: [
            {
              ...{ baked: new Uint8Array(0), file: "", members: [], points: 100, maxAge: 60_000 },
              ...{ source: 0, onward: none16, token: none16 },
            },
          ],
        },
        { variant: "http+sockets+folder", reused: true },
      );
      running.push(() => gateway.stop());
      fetches.push(gateway.fetch);
    }
    const different: string[] = [];
    let next = 0;
    const ask = async () => {
      for (let n = next++; n < idCount; n = next++) {
        const id = `car-${n}`;
        const answer = await (fetches[n % fetches.length] as (typeof fetches)[number])(
          `/v1.0/actors/Car/${id}/method/who`,
          { method: "POST" },
        );
        const theirs = nameOf.get(answer.text);
        if (theirs === undefined || theirs !== owner(id))
          different.push(`${id}: ${theirs ?? `${answer.status} ${answer.text}`}, not ${owner(id)}`);
      }
    };
    await Promise.all(Array.from({ length: 48 }, ask));
    expect(different).toEqual([]);
    // Each has its part, so that this can fail.
    const owned = new Set(Array.from({ length: 100 }, (_, n) => owner(`car-${n}`)));
    expect(owned.size).toBe(3);
  },
  90_000,
);
