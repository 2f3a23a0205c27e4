import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PlacementRow } from "../../host/gateway/table-shape.ts";
import { none16 } from "../../host/gateway/table-shape.ts";
import { newCore } from "../core/core.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow } from "./gateway-table.ts";
import { sidecarUpstream, underWasmtime } from "./gateways.ts";

/** Ids that are looked up; all 10,000 of the parity with daprd when asked for. */
const idCount = Number(process.env.ACTOR_IDS ?? 600);

interface Call {
  readonly at: string;
  readonly method: string | undefined;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

/** Sidecars at one address, told apart by the first segment of the path, and what may be fetched from one. */
class Sidecars {
  readonly calls: Call[] = [];
  answer: (call: Call) => Answer = ({ at }) => ({ status: 200, body: at });
  readonly #server: Server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const [, at = "", path = ""] = /^\/([^/]*)(.*)$/.exec(request.url ?? "") ?? [];
    const call = { at, method: request.method, path, headers: request.headers, body };
    this.calls.push(call);
    const answer = this.answer(call);
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  upstream(at: string) {
    return sidecarUpstream(this.port, { path: `/${at}` });
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const placement = (given: Partial<PlacementRow>): PlacementRow => ({
  baked: new Uint8Array(0),
  file: "",
  members: [],
  points: 100,
  maxAge: 30_000,
  source: none16,
  onward: none16,
  token: none16,
  ...given,
});

interface Host {
  readonly name: string;
  readonly actorTypes: readonly string[];
  readonly appId?: string;
  readonly address?: string;
}

const tableOf = (hostList: readonly Host[], more: object = {}) =>
  JSON.stringify({ hostList, tableVersion: 7, ...more });

underWasmtime("owners at a gateway", () => {
  const sidecars = new Sidecars();
  const running: Gateway[] = [];
  const start = async (
    row: Partial<PlacementRow>,
    more: Parameters<typeof startGateway>[0] = {},
    reused = true,
  ) => {
    const gateway = await startGateway(
      { actors: [placement(row)], ...more },
      { variant: "http+sockets+folder", reused },
    );
    running.push(gateway);
    return gateway;
  };
  beforeAll(() => sidecars.start());
  afterAll(async () => {
    await Promise.all(running.map((gateway) => gateway.stop()));
    sidecars.stop();
  });

  it(`are those that the core has of a type's hosts, for ${idCount} ids of three types`, async () => {
    const names = ["10.0.0.1:50002", "10.0.0.2:50002", "app-07", "10.0.0.10:50002", "ü"];
    const hosting = new Map([
      ["Car", names],
      ["Bus", names.slice(1, 4)],
      ["Bike", names.slice(4)],
    ]);
    const hosts = names.map((name) => ({
      name,
      actorTypes: [...hosting].filter(([, hosts]) => hosts.includes(name)).map(([type]) => type),
    }));
    const gateway = await start({
      baked: new TextEncoder().encode(tableOf(hosts)),
      members: [...names]
        .sort()
        .map((name) => appRow(name, [sidecars.upstream(String(names.indexOf(name)))])),
    });
    for (const [type, own] of hosting) {
      const sorted = [...own].sort();
      const owner = newCore().ring(sorted, 100);
      const different: string[] = [];
      let next = 0;
      const ask = async () => {
        for (let n = next++; n < idCount / hosting.size; n = next++) {
          const id = `${"€".repeat(n % 50)}actor ${n}`;
          const path = `/v1.0/actors/${type}/${encodeURIComponent(id)}/method/who`;
          const answer = await gateway.fetch(path, { method: "POST" });
          const expected = names.indexOf(sorted[owner.owner(id)] as string);
          if (answer.text !== String(expected)) different.push(`${id}: ${answer.text}, not ${expected}`);
        }
      };
      await Promise.all(Array.from({ length: 16 }, ask));
      expect(different).toEqual([]);
    }
  });
});
