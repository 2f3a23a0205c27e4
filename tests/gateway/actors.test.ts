import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** `none`: the connection ends instead. */
type Answer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | "none";

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
    if (answer === "none") return void request.socket.destroy();
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
  let hostile: Gateway | undefined;
  let told = "";
  const sidecars = new Sidecars();
  const running: Gateway[] = [];
  const start = async (
    row: Partial<PlacementRow>,
    more: Parameters<typeof startGateway>[0] = {},
    reused = true,
  ) => {
    const gateway = await startGateway(
      { actors: [placement(row)], ...more },
      { variant: "http+sockets+folder", reused, flags: ["-S", "allow-ip-name-lookup"] },
    );
    running.push(gateway);
    return gateway;
  };
  beforeAll(() => sidecars.start());
  afterAll(async () => {
    await Promise.all(running.map((gateway) => gateway.stop()));
    sidecars.stop();
  });

  it.each(["ring", "rendezvous"] as const)(
    `are those that the core has of a type's hosts, for ${idCount} ids of three types, by %s`,
    async (scheme) => {
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
        baked: new TextEncoder().encode(tableOf(hosts, { scheme })),
        members: [...names]
          .sort()
          .map((name) => appRow(name, [sidecars.upstream(String(names.indexOf(name)))])),
      });
      for (const [type, own] of hosting) {
        const sorted = [...own].sort();
        const owner = scheme === "ring" ? newCore().ring(sorted, 100) : newCore().rendezvous(sorted);
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
    },
    20_000 + 10 * idCount,
  );

  /** A gateway that asks the sidecar `table`, whose answer is `told`, and knows the sidecars `a` and `b` by their entries. */
  const asking = async (told: () => Answer, row: Partial<PlacementRow> = {}, reused = true) => {
    sidecars.calls.length = 0;
    sidecars.answer = (call) => (call.at === "table" ? told() : { status: 200, body: call.at });
    const members = ["a", "b"].map((name) => appRow(name, [sidecars.upstream(name)]));
    const remotes = [appRow("table", [sidecars.upstream("table")])];
    return await start({ source: 0, members, ...row }, { remotes }, reused);
  };
  const runtimeOf = async (gateway: Gateway) => {
    const { json } = await gateway.fetch("/v1.0/metadata");
    return (json as { actorRuntime: unknown }).actorRuntime;
  };

  it("are told of in metadata: whether they can be found, and whether somebody is asked for them", async () => {
    const told = { runtimeStatus: "RUNNING", activeActors: [], hostReady: false };
    const table = tableOf([{ name: "a", actorTypes: ["Car"] }]);
    let status = 500;
    const gateway = await asking(() => ({ status, body: table }), {}, false);
    const placement = "placement: disconnected";
    expect(await runtimeOf(gateway)).toEqual({ ...told, runtimeStatus: "INITIALIZING", placement });
    status = 200;
    expect(await runtimeOf(gateway)).toEqual({ ...told, placement: "placement: connected" });
    const baked = await start({ baked: new TextEncoder().encode(table) });
    expect(await runtimeOf(baked)).toEqual(told);
  });

  const post = (gateway: Gateway, path: string, body = "") =>
    gateway.fetch(`/v1.0/actors/${path}`, { method: "POST", body });
  const asked = () => sidecars.calls.filter(({ at }) => at === "table").length;

  it("are called with the version of the table that told them, in the form of the API", async () => {
    const gateway = await asking(() => ({
      status: 200,
      body: tableOf([{ name: "a", actorTypes: ["Car"] }]),
    }));
    const requests: readonly (readonly [string, string])[] = [
      ["PUT", "Car/a%7Cb%20%E2%82%AC/method/go?x=1"],
      ["POST", "Car/1/state"],
      ["GET", "Car/1/state/k%2F1"],
      ["POST", "Car/1/reminders/r"],
      ["GET", "Car/1/reminders"],
      ["DELETE", "Car/1/timers/t"],
    ];
    for (const [method, path] of requests) {
      const body = method === "GET" ? {} : { body: "[]" };
      const answer = await gateway.fetch(`/v1.0/actors/${path}`, { method, ...body });
      expect([answer.status, answer.text]).toEqual([200, "a"]);
    }
    // Each instance asks for the table.
    const isTable = ({ at }: { readonly at: string }) => at === "table";
    const tables = sidecars.calls.filter(isTable);
    expect(new Set(tables.map(({ method, path }) => `${method} ${path}`))).toEqual(
      new Set(["GET /placement/state"]),
    );
    const calls = sidecars.calls.filter((one) => !isTable(one));
    expect(calls.map(({ method, path }) => [method, path.replace("/v1.0/actors/", "")])).toEqual(requests);
    expect(new Set(calls.map(({ headers }) => headers["daprlet-actor"]))).toEqual(new Set(["7"]));
  });

  it("are looked up anew where a sidecar is not the owner any more, which loses nothing", async () => {
    let owner = "a";
    const gateway = await asking(() => ({
      status: 200,
      body: tableOf([{ name: owner, actorTypes: ["Car"] }]),
    }));
    expect((await post(gateway, "Car/1/method/go")).text).toBe("a");
    owner = "b";
    const { answer } = sidecars;
    sidecars.answer = (call) =>
      call.at === "a" && call.headers["daprlet-actor"] !== undefined
        ? { status: 409, headers: { "daprlet-actor": "moved" } }
        : answer(call);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const moved = await post(gateway, "Car/1/method/go", "cargo");
    expect([moved.status, moved.text]).toEqual([200, "b"]);
    expect(sidecars.calls.at(-1)).toMatchObject({ at: "b", body: "cargo" });
    expect(sidecars.calls.at(-1)?.headers["daprlet-actor"]).toBeUndefined();
    expect(asked()).toBe(2);
    // A conflict of the actor's own is an answer.
    sidecars.answer = () => ({ status: 409, body: "mine" });
    expect(await post(gateway, "Car/1/method/go")).toMatchObject({ status: 409, text: "mine" });
  });

  it("are looked up anew where their sidecar is away, and not sent twice what may have arrived", async () => {
    let owner = "gone";
    const members = [appRow("b", [sidecars.upstream("b")]), appRow("gone", [sidecarUpstream(1)])];
    const gateway = await asking(
      () => {
        const body = tableOf([{ name: owner, actorTypes: ["Car"] }]);
        owner = "b";
        return { status: 200, body };
      },
      { members },
    );
    await expect(post(gateway, "Car/1/method/go", "x")).resolves.toMatchObject({ status: 200, text: "b" });
    expect(asked()).toBe(2);
    sidecars.answer = () => "none";
    sidecars.calls.length = 0;
    for (const method of ["GET", "POST"]) {
      const answer = await gateway.fetch("/v1.0/actors/Car/1/method/go", { method });
      expect(answer.json).toMatchObject({ errorCode: "ERR_ACTOR_INVOKE_METHOD" });
    }
    expect(sidecars.calls.length).toBe(2);
  });

  it("come from an address of the table, the sidecars of the app, or whoever passes calls on", async () => {
    const hosts = [
      { name: "x", appId: "known", actorTypes: ["Listed"] },
      { name: "y", appId: "unknown", actorTypes: ["Passed"] },
      { name: "z", appId: "unknown", actorTypes: ["Told"], address: `http://localhost:${sidecars.port}/` },
      { name: "w", appId: "unknown", actorTypes: ["Odd"], address: `http://localhost:${sidecars.port}/path` },
    ];
    sidecars.calls.length = 0;
    sidecars.answer = ({ at, path }) =>
      at === "table"
        ? { status: 200, body: tableOf(hosts) }
        : { status: 200, body: path.split("/")[0] || at };
    const gateway = await start(
      { source: 0, onward: 1 },
      {
        apps: [appRow("known", [sidecars.upstream("app")])],
        remotes: ["table", "onward"].map((at) => appRow(at, [sidecars.upstream(at)])),
      },
    );
    const answers = await Promise.all(
      ["Listed", "Passed", "Told", "Odd"].map(
        async (type) => (await post(gateway, `${type}/1/method/go`)).text,
      ),
    );
    expect(answers).toEqual(["app", "onward", "v1.0", "onward"]);
    // Only who is the owner for sure may say that it is not.
    const told = sidecars.calls.filter(({ headers }) => headers["daprlet-actor"] !== undefined);
    expect(told.map(({ at }) => at)).toEqual(["v1.0"]);
  });

  it("come from a file of the folder, which is read anew", async () => {
    sidecars.answer = ({ at }) => ({ status: 200, body: at });
    const folder = mkdtempSync(join(tmpdir(), "daprlet-placement-"));
    const members = ["a", "b"].map((name) => appRow(name, [sidecars.upstream(name)]));
    const gateway = await startGateway(
      { actors: [placement({ file: "placement.json", maxAge: 0, members })] },
      { variant: "http+sockets+folder", reused: true, folder },
    );
    running.push(gateway);
    const tell = (name: string) =>
      writeFileSync(join(folder, "placement.json"), tableOf([{ name, actorTypes: ["Car"] }]));
    expect((await post(gateway, "Car/1/method/go")).text).toContain("its file cannot be opened");
    tell("a");
    await expect
      .poll(async () => (await post(gateway, "Car/1/method/go")).text, { timeout: 5_000 })
      .toBe("a");
    tell("b");
    expect((await post(gateway, "Car/1/method/go")).text).toBe("b");
    rmSync(folder, { recursive: true });
    expect((await post(gateway, "Car/1/method/go")).text).toBe("b");
  });

  it("stay those of the last table while nobody tells another", async () => {
    let answer: Answer = { status: 200, body: tableOf([{ name: "a", actorTypes: ["Car"] }]) };
    const gateway = await asking(() => answer, { maxAge: 0 });
    expect((await post(gateway, "Car/1/method/go")).text).toBe("a");
    for (answer of [{ status: 500 }, { status: 200, body: "{" }, "none"] satisfies Answer[]) {
      expect((await post(gateway, "Car/1/method/go")).text).toBe("a");
    }
  });

  it("answer with Dapr's errors where nobody hosts the type, and ask for news of it but rarely", async () => {
    const gateway = await asking(() => ({
      status: 200,
      body: tableOf([{ name: "x", actorTypes: ["Odd"] }]),
    }));
    const codes = async (method: string, path: string) => {
      const answer = await gateway.fetch(`/v1.0/actors/${path}`, {
        method,
        ...(method === "GET" ? {} : { body: "{}" }),
      });
      return [answer.status, (answer.json as { errorCode: string }).errorCode];
    };
    expect(await codes("POST", "No/1/method/m")).toEqual([500, "ERR_ACTOR_INVOKE_METHOD"]);
    expect(await codes("POST", "No/1/state")).toEqual([400, "ERR_ACTOR_INSTANCE_MISSING"]);
    expect(await codes("GET", "No/1/state/k")).toEqual([500, "ERR_ACTOR_STATE_GET"]);
    expect(await codes("POST", "No/1/timers/t")).toEqual([500, "ERR_ACTOR_TIMER_CREATE"]);
    expect(await codes("POST", "No/1/reminders/t")).toEqual([403, "ERR_ACTOR_REMINDER_NON_HOSTED"]);
    expect((await gateway.fetch("/v1.0/actors/No/1/timers/t", { method: "DELETE" })).status).toBe(204);
    const { text } = await post(gateway, "No/1/method/m");
    expect(text).toContain("did not find address for actor 'No||1'");
    expect((await post(gateway, "Odd/1/method/m")).text).toContain(
      "sidecar of the actor's host is not known",
    );
    expect(asked()).toBeLessThan(3);
  });

  it.each([
    ["nothing", "", "it is no whole JSON"],
    [
      "a table that is cut off",
      tableOf([{ name: "a", actorTypes: ["Car"] }]).slice(0, -9),
      "it is no whole JSON",
    ],
    ["what is no table", "[1]", "it is no table of placement"],
    ["hosts that are none", '{"hostList":[1],"tableVersion":1}', "it is no table of placement"],
    [
      "a host without a name",
      '{"hostList":[{"name":"","actorTypes":["Car"]}]}',
      "it is no table of placement",
    ],
    ["a type that is none", '{"hostList":[{"name":"a","actorTypes":[{}]}]}', "it is no table of placement"],
    ["a list that is none", '{"hostList":{},"tableVersion":1}', "it is no table of placement"],
    ["a version that is none", '{"hostList":[],"tableVersion":-1}', "its version is no number"],
    [
      "a version beyond numbers",
      '{"hostList":[],"tableVersion":90071992547409910}',
      "its version is no number",
    ],
    ["no points", '{"hostList":[],"replicationFactor":0}', "its number of points for each host is none"],
    ["another scheme", '{"hostList":[],"scheme":"jump"}', "nobody knows how its owners are found"],
    [
      "more hosts than a gateway takes",
      tableOf(Array.from({ length: 1001 }, (_, i) => ({ name: `h${i}`, actorTypes: ["Car"] }))),
      "it names more than a gateway takes",
    ],
    [
      "more types than a gateway takes",
      tableOf([{ name: "a", actorTypes: Array.from({ length: 257 }, (_, i) => `T${i}`) }]),
      "it names more than a gateway takes",
    ],
    [
      "more points than a gateway takes",
      tableOf(
        [
          { name: "a", actorTypes: ["Car"] },
          { name: "b", actorTypes: ["Car"] },
        ],
        { replicationFactor: 99_999 },
      ),
      "it names more than a gateway takes",
    ],
    [
      "names that fill its memory",
      tableOf(
        Array.from({ length: 900 }, (_, i) => ({ name: `${i}`.padEnd(900, "x"), actorTypes: ["Car"] })),
      ),
      "it names more than a gateway takes",
    ],
    ["2 MiB", `${" ".repeat(2 << 20)}{}`, "it is larger than 1 MiB"],
    ["brackets without end", "[".repeat(500_000), "it is no whole JSON"],
  ])("are not taken from %s", async (_, body, cause) => {
    hostile ??= await asking(() => ({ status: 200, body: told }), {}, false);
    told = body;
    const refused = await post(hostile, "Car/1/method/go");
    expect([refused.status, refused.json]).toMatchObject([
      500,
      { errorCode: "ERR_ACTOR_INVOKE_METHOD", message: expect.stringContaining(`cannot be had: ${cause}`) },
    ]);
    told = tableOf([{ name: "a", actorTypes: ["Car"] }]);
    expect((await post(hostile, "Car/1/method/go")).status).toBe(200);
  });
});
