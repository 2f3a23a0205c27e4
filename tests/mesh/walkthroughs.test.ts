/** The book's walkthroughs between sidecars: T6, T13, T14, T15 and T27, over the machine's sockets and over a relay. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startRelay } from "../../host/node/relay-server.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { silent } from "./memory-sockets.ts";

interface Seen {
  readonly method: string;
  readonly uri: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

let folder: string;
const running: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dw-"));
});
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
  rmSync(folder, { recursive: true });
});

/** An app that records what it is sent and answers `answer`. */
async function app(seen: Seen[], answer: (seen: Seen) => { status?: number; body?: string } = () => ({})) {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      if (request.url?.startsWith("/dapr/")) return response.writeHead(404).end();
      const record: Seen = {
        method: request.method as string,
        uri: request.url as string,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      seen.push(record);
      const { status = 200, body = "" } = answer(record);
      response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    });
  running.push(stop);
  return { port: (server.address() as AddressInfo).port, stop };
}

async function sidecar(
  appId: string,
  options: Partial<Parameters<typeof startSidecar>[0]> = {},
): Promise<NodeSidecar> {
  const started = await startSidecar({ appId, machineFolder: folder, log: silent, ...options });
  running.push(() => started.stop());
  return started;
}

const invoke = (from: NodeSidecar, path: string, init?: RequestInit) =>
  fetch(`${from.url}/v1.0/invoke/${path}`, init);

const ways: [string, () => Promise<Partial<Parameters<typeof startSidecar>[0]>>][] = [
  ["one machine, nothing configured", async () => ({})],
  [
    "a relay",
    async () => {
      const relay = await startRelay({ port: 0, log: silent });
      running.push(() => relay.close());
      // A folder of its own each: they cannot meet but on the relay.
      return { relay: relay.url, machineFolder: undefined as never };
    },
  ],
];

for (const [way, open] of ways) {
  describe(way, () => {
    it("T6: the sender starts first, gets an error, and goes on when the receiver comes", async () => {
      const options = await open();
      const sender = await sidecar("sender", options);
      const post = (n: number) =>
        invoke(sender, "nodereceiver/method/greeting", {
          method: "POST",
          body: JSON.stringify({ msg: `Hello, World! ${n}` }),
          headers: { "content-type": "application/json" },
        });
      const before = await post(1);
      expect(before.status).toBe(500);
      expect(await before.json()).toEqual({
        errorCode: "ERR_DIRECT_INVOKE",
        message: "failed to invoke, id: nodereceiver, err: couldn't find service: nodereceiver",
      });
      const seen: Seen[] = [];
      const { port } = await app(seen);
      await sidecar("nodereceiver", { ...options, appPort: port });
      await expect.poll(async () => (await post(2)).status, { timeout: 4_000, interval: 50 }).toBe(200);
      const after = await post(3);
      expect([after.status, await after.text()]).toEqual([200, ""]);
      expect(seen.map(({ method, uri, body }) => [method, uri, JSON.parse(body).msg]).slice(-2)).toEqual([
        ["POST", "/greeting", "Hello, World! 2"],
        ["POST", "/greeting", "Hello, World! 3"],
      ]);
    });

    it("T13: the callee's app sees exactly one POST, with body, content type and caller", async () => {
      const options = await open();
      const seen: Seen[] = [];
      const { port } = await app(seen);
      const a = await sidecar("dapr-a", options);
      await sidecar("dapr-b", { ...options, appPort: port });
      const call = () =>
        invoke(a, "dapr-b/method/foo", {
          method: "POST",
          body: "body",
          headers: { "content-type": "text/x-own", "dapr-caller-app-id": "evil" },
        });
      await expect.poll(async () => (await call()).status, { timeout: 4_000 }).toBe(200);
      expect(seen).toHaveLength(1);
      expect(seen[0]).toMatchObject({ method: "POST", uri: "/foo", body: "body" });
      expect(seen[0]?.headers).toMatchObject({
        "content-type": "text/x-own",
        "dapr-caller-app-id": "dapr-a",
      });
    });

    it("T14: verb, path, query and headers arrive as they were sent", async () => {
      const options = await open();
      const seen: Seen[] = [];
      const { port } = await app(seen, ({ method, uri, headers }) => ({
        body: JSON.stringify({ method, uri, headers }),
      }));
      const a = await sidecar("a", options);
      await sidecar("phpapp", { ...options, appPort: port });
      await expect
        .poll(async () => (await invoke(a, "phpapp/method/up")).status, { timeout: 4_000 })
        .toBe(200);
      for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH"]) {
        const body = method === "GET" ? undefined : "x";
        const init: RequestInit = {
          method,
          headers: { "X-Test": "one" },
          ...(body === undefined ? {} : { body }),
        };
        const answer = (await (await invoke(a, "phpapp/method/abc/def?param=123", init)).json()) as Seen;
        expect(answer).toMatchObject({ method, uri: "/abc/def?param=123", headers: { "x-test": "one" } });
      }
    });

    it("T15: each finds the other, and who has left is not found again", async () => {
      const options = await open();
      const apps = await Promise.all([app([], () => ({ body: "a" })), app([], () => ({ body: "d" }))]);
      const a = await sidecar("dapr-a", { ...options, appPort: apps[0].port });
      const d = await sidecar("dapr-d", { ...options, appPort: apps[1].port });
      const say = async (from: NodeSidecar, to: string) => (await invoke(from, `${to}/method/x`)).text();
      await expect.poll(() => say(a, "dapr-d"), { timeout: 4_000 }).toBe("d");
      await expect.poll(() => say(d, "dapr-a"), { timeout: 4_000 }).toBe("a");
      await d.stop();
      const before = performance.now();
      expect((await invoke(a, "dapr-d/method/x")).status).toBe(500);
      expect(performance.now() - before).toBeLessThan(8_000);
      const again = await sidecar("dapr-d", { ...options, appPort: apps[1].port });
      await expect.poll(() => say(a, "dapr-d"), { timeout: 4_000 }).toBe("d");
      expect(again.port).not.toBe(0);
    });

    it("names the port of an app that is down, at once, and calls the instance whose app lives", async () => {
      const options = await open();
      const [up, down] = await Promise.all([app([], () => ({ body: "up" })), app([])]);
      const a = await sidecar("a", options);
      await sidecar("b", { ...options, appPort: down.port });
      await expect.poll(async () => (await invoke(a, "b/method/x")).status, { timeout: 4_000 }).toBe(200);
      await down.stop();
      const before = performance.now();
      const answer = await invoke(a, "b/method/x");
      expect(answer.status).toBe(500);
      expect(((await answer.json()) as { message: string }).message).toContain(
        `listening on port ${down.port}?`,
      );
      expect(performance.now() - before).toBeLessThan(2_500);
      await sidecar("b", { ...options, appPort: up.port });
      await expect.poll(async () => (await invoke(a, "b/method/x")).text(), { timeout: 4_000 }).toBe("up");
      for (let i = 0; i < 6; i++) expect(await (await invoke(a, "b/method/x")).text()).toBe("up");
    });
  });
}

describe("T27 through a relay", () => {
  const delivered = async (publishers: string[], apps: [string, number][]) => {
    const relay = await startRelay({ port: 0, log: silent });
    running.push(() => relay.close());
    const components = [{ name: "messagebus", type: "pubsub.relay", metadata: { url: relay.url } }];
    const seen = new Map<string, Seen[][]>();
    for (const [appId, instances] of apps) {
      const lists: Seen[][] = [];
      seen.set(appId, lists);
      for (let i = 0; i < instances; i++) {
        const list: Seen[] = [];
        lists.push(list);
        await sidecar(appId, {
          components,
          app: async (request) => {
            const { pathname } = new URL(request.url);
            if (pathname === "/dapr/subscribe") {
              return Response.json([{ pubsubname: "messagebus", topic: "orders", route: "/orders" }]);
            }
            if (request.method !== "POST") return new Response(null, { status: 404 });
            const body = await request.text();
            list.push({ method: "POST", uri: pathname, headers: {}, body });
            return new Response(null, { status: 200 });
          },
        });
      }
    }
    const from = await Promise.all(publishers.map((appId) => sidecar(appId, { components })));
    const published: string[] = [];
    for (let n = 0; n < 12; n++) {
      const customer = `c${n % 3}`;
      const url = `${from[n % from.length]?.url}/v1.0/publish/messagebus/orders?metadata.partitionKey=${customer}`;
      const init = {
        method: "POST",
        body: JSON.stringify({ customer, n }),
        headers: { "content-type": "application/json" },
      };
      expect((await fetch(url, init)).status).toBe(204);
      published.push(`${customer} ${n}`);
    }
    const events = (lists: Seen[][]) =>
      lists.map((list) => list.map(({ body }) => JSON.parse(body).data as { customer: string; n: number }));
    await expect
      .poll(() => [...seen.values()].every((lists) => lists.flat().length >= 12), { timeout: 5_000 })
      .toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    return new Map([...seen].map(([appId, lists]) => [appId, events(lists)]));
  };

  it("1 → n: every app gets every event, in each partition's order", async () => {
    const got = await delivered(
      ["p"],
      [
        ["a", 1],
        ["b", 1],
      ],
    );
    for (const lists of got.values()) {
      const all = lists.flat();
      expect(all).toHaveLength(12);
      for (const customer of ["c0", "c1", "c2"]) {
        const numbers = all.filter((event) => event.customer === customer).map(({ n }) => n);
        expect(numbers).toEqual([...numbers].sort((x, y) => x - y));
        expect(numbers).toHaveLength(4);
      }
    }
  });

  it("n → n: the instances of an app compete for the events of all publishers", async () => {
    const got = await delivered(
      ["p", "q"],
      [
        ["a", 2],
        ["b", 1],
      ],
    );
    expect(
      got
        .get("a")
        ?.flat()
        .map(({ n }) => n)
        .sort((x, y) => x - y),
    ).toEqual([...Array(12).keys()]);
    expect(got.get("a")?.every((list) => list.length > 0)).toBe(true);
    expect(got.get("b")?.flat()).toHaveLength(12);
  });

  it("n → 1", async () => {
    const got = await delivered(["p", "q", "r"], [["a", 1]]);
    expect(
      got
        .get("a")
        ?.flat()
        .map(({ n }) => n)
        .sort((x, y) => x - y),
    ).toEqual([...Array(12).keys()]);
  });

  it("an app with only the relay's pub/sub can be called through the relay too", async () => {
    const relay = await startRelay({ port: 0, log: silent });
    running.push(() => relay.close());
    const components = [{ name: "messagebus", type: "pubsub.relay", metadata: { url: relay.url } }];
    const elsewhere = mkdtempSync(join(tmpdir(), "dx-"));
    running.push(async () => rmSync(elsewhere, { recursive: true }));
    const a = await sidecar("a", { components });
    await sidecar("b", {
      components,
      machineFolder: elsewhere,
      app: async (request) => new Response(request.headers.get("dapr-caller-app-id")),
    });
    await expect.poll(async () => (await invoke(a, "b/method/x")).text(), { timeout: 4_000 }).toBe("a");
  });
});
