/** A gateway before sidecars that host actors on a relay: it finds owners as they do, and others once one was killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { none16 } from "../../host/gateway/table-shape.ts";
import type { RelayServer } from "../../host/node/relay-server.ts";
import { startRelay } from "../../host/node/start-relay.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { ended } from "../hosts/ended.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { daprletProgram } from "../hosts/node.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow } from "./gateway-table.ts";
import { portOf, sidecarUpstream, underWasmtime } from "./gateways.ts";

const ids = Array.from({ length: Number(process.env.ACTOR_IDS ?? 300) }, (_, i) => `cell ${i}`);
const components = [{ name: "statestore", type: "state.in-memory", metadata: { actorStateStore: "true" } }];

type Caller = (
  path: string,
  init?: { readonly method?: string; readonly body?: string },
) => Promise<{ readonly status: number; readonly text: string }>;

const byHttp =
  (port: number): Caller =>
  async (path, init) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { ...init });
    return { status: answer.status, text: await answer.text() };
  };

/** Who answers for each id. */
async function owners(call: Caller): Promise<readonly string[]> {
  const found: string[] = [];
  let next = 0;
  const ask = async () => {
    for (let n = next++; n < ids.length; n = next++) {
      const path = `/v1.0/actors/Cell/${encodeURIComponent(ids[n] as string)}/method/where`;
      found[n] = (await call(path, { method: "POST" })).text;
    }
  };
  await Promise.all(Array.from({ length: 16 }, ask));
  return found;
}

underWasmtime("a gateway before sidecars on a relay", () => {
  const sidecars: NodeSidecar[] = [];
  let relay: RelayServer;
  let gateway: Gateway;
  let app: Server;
  let child: ChildProcess;

  beforeAll(async () => {
    const placementTimes = { leaseMs: 3_000, takeOverMs: 4_000, phaseMs: 6_000, pingMs: 200 };
    relay = await startRelay({ port: 0, placementTimes });
    const { url } = relay;
    for (const name of ["left", "right"]) {
      sidecars.push(
        await startSidecar({
          appId: name,
          components,
          relay: url,
          logLevel: "error",
          app: (request) => {
            const { pathname } = new URL(request.url);
            if (pathname === "/dapr/config") return Response.json({ entities: ["Cell"] });
            const isActor = pathname.startsWith("/actors/");
            return new Response(isActor ? name : undefined, { status: isActor ? 200 : 404 });
          },
        }),
      );
    }
    app = createServer((request, response) => {
      request.resume();
      if (request.url === "/dapr/config") response.end('{"entities":["Cell"]}');
      else response.writeHead(request.url?.startsWith("/actors/") ? 200 : 404).end("killed");
    });
    await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
    const [port] = (await freePorts(1)) as [number];
    const flags = ["--app-id", "killed", "--app-port", String((app.address() as AddressInfo).port)];
    child = spawn(
      process.execPath,
      [
        ...[daprletProgram, "daprd", ...flags, "--dapr-http-port", String(port), "--relay", url],
        ...["--enable-metrics=false", "--log-level", "error"],
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    gateway = await startGateway(
      {
        remotes: [appRow("relay", [sidecarUpstream(portOf(url))])],
        actors: [
          {
            baked: new Uint8Array(0),
            file: "",
            members: [],
            points: 100,
            maxAge: 60_000,
            source: 0,
            onward: 0,
            token: none16,
          },
        ],
      },
      { variant: "http+sockets+folder", reused: true, flags: ["-S", "allow-ip-name-lookup"] },
    );
  }, 60_000);
  afterAll(async () => {
    child?.kill("SIGKILL");
    await Promise.all([gateway?.stop(), ...sidecars.map((each) => each.stop())]);
    await relay?.close();
    app?.closeAllConnections();
    app?.close();
  });

  it(
    `finds ${ids.length} actors where sidecars, and the relay itself, find them`,
    async () => {
      await expect
        .poll(async () => new Set(await owners(byHttp((sidecars[0] as NodeSidecar).port))), {
          timeout: 20_000,
        })
        .toEqual(new Set(["left", "right", "killed"]));
      const found = await owners(byHttp((sidecars[1] as NodeSidecar).port));
      expect(await owners(gateway.fetch)).toEqual(found);
      expect(await owners(byHttp(portOf(relay.url)))).toEqual(found);
      // The table tells where to call them, which the sidecars tell as well.
      const ask = async (port: number) =>
        JSON.parse((await byHttp(port)("/placement/state")).text) as {
          hostList: { name: string; address?: string }[];
        };
      const [of, from] = await Promise.all([ask(portOf(relay.url)), ask((sidecars[0] as NodeSidecar).port)]);
      expect(of.hostList.map(({ address }) => address)).toContain(`http://127.0.0.1:${sidecars[0]?.port}`);
      const places = ({ hostList }: typeof of) =>
        hostList.map(({ name, address }) => `${name} ${address}`).sort();
      expect(places(from)).toEqual(places(of));
    },
    20_000 + 20 * ids.length,
  );

  it("has timers and reminders kept by the owner, also by way of the relay", async () => {
    const body = JSON.stringify({ dueTime: "1h", period: "" });
    for (const call of [gateway.fetch, byHttp(portOf(relay.url))]) {
      for (const id of ids.slice(0, 5)) {
        const path = `/v1.0/actors/Cell/${encodeURIComponent(id)}`;
        expect((await call(`${path}/timers/t`, { method: "POST", body })).status).toBe(204);
        expect((await call(`${path}/reminders/r`, { method: "POST", body })).status).toBe(204);
        expect((await call(`${path}/reminders/r`)).status).toBe(200);
        expect((await call(`${path}/reminders/r`, { method: "DELETE" })).status).toBe(204);
        expect((await call(`${path}/reminders/r`)).status).toBe(404);
      }
    }
    const refused = await byHttp(portOf(relay.url))("/v1.0/actors/Cell/1/state/k");
    expect([refused.status, refused.text.includes("ERR_RELAY_UNSERVED")]).toEqual([501, true]);
  });

  it("is answered by the new owner of what a killed sidecar had, without an error", async () => {
    const before = await owners(gateway.fetch);
    expect(before).toContain("killed");
    child.kill("SIGKILL");
    await ended(child);
    const after = await owners(gateway.fetch);
    for (const [i, owner] of before.entries()) {
      expect(after[i]).toEqual(owner === "killed" ? expect.stringMatching(/^(?:left|right)$/) : owner);
    }
    expect(await owners(byHttp((sidecars[0] as NodeSidecar).port))).toEqual(after);
  }, 30_000);
});
