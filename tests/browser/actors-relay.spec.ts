import { resolve } from "node:path";
import type { BrowserContext, Page } from "playwright/test";
import { none16 } from "../../host/gateway/table-shape.ts";
import { appRow, upstreamRow } from "../gateway/gateway-table.ts";
import { type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { call, expect, open, type Site, test, workerKiller } from "./fixtures.ts";

declare global {
  interface Window {
    told: string[];
  }
}

const ids = Array.from({ length: Number(process.env.ACTOR_IDS ?? 200) }, (_, id) => String(id));

/** A gateway that finds them by what the relay tells; undefined where there is no wasmtime to run it. */
async function gateway(relay: string): Promise<Gateway | undefined> {
  if (missingWasmtime !== undefined) return undefined;
  const port = Number(new URL(relay).port);
  const actors = [
    {
      ...{ baked: new Uint8Array(0), file: "", members: [], points: 100, maxAge: 0 },
      ...{ source: 0, onward: 0, token: none16 },
    },
  ];
  const remotes = [appRow("relay", [upstreamRow({ port, protocol: 1 })])];
  const flags = ["-S", "allow-ip-name-lookup"];
  return await startGateway({ actors, remotes }, { variant: "http+sockets+folder", reused: true, flags });
}

async function node(): Promise<typeof import("../../host/node/index.ts")> {
  return await import(resolve(import.meta.dirname, "../../dist/node/index.js"));
}

/** A tab that hosts cells, which say where they live. */
async function hosting(context: BrowserContext, site: Site, relay: string, tag: string): Promise<Page> {
  const tab = await context.newPage();
  await open(tab, site.url, { appId: "town", relay });
  await tab.evaluate(async (name) => {
    window.told = [];
    type Self = { id: string; reminders: { set(name: string, schedule: object): Promise<void> } };
    class Cell {
      constructor(readonly self: Self) {}
      where() {
        return name;
      }
      async camp() {
        await this.self.reminders.set("wake", { dueTime: 100 });
      }
      onReminder(reminder: string) {
        window.told.push(`${reminder} ${this.self.id}`);
      }
      onDeactivate() {
        window.told.push(`left ${this.self.id}`);
      }
    }
    await window.daprlet.serve({ appId: "town", actors: { Cell } });
  }, tag);
  return tab;
}

/** Where each cell lives, as a page finds it, which asks again where there is no answer yet. */
async function fromPage(page: Page): Promise<string[]> {
  return await page.evaluate(async (all) => {
    const where = async (id: string) => {
      for (;;) {
        const answer = await fetch(`/v1.0/actors/Cell/${id}/method/where`, { method: "POST" });
        if (answer.ok) return (await answer.json()) as string;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    return await Promise.all(all.map(where));
  }, ids);
}

async function fromNode(port: number): Promise<string[]> {
  const where = async (id: string) => {
    for (;;) {
      const address = `http://127.0.0.1:${port}/v1.0/actors/Cell/${id}/method/where`;
      const answer = await fetch(address, { method: "POST" });
      if (answer.ok) return (await answer.json()) as string;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  return await Promise.all(ids.map(where));
}

const told = (page: Page, what: string) =>
  page.evaluate((name) => window.told.filter((one) => one.startsWith(name)), what);

test("two browsers, a Node instance and a gateway on one relay agree on who owns which actor, and call each other's", async ({
  browser,
  site,
}) => {
  test.setTimeout(120_000 + 50 * ids.length);
  const { startRelay, startSidecar } = await node();
  const relay = await startRelay({ port: 0, origins: [site.origin] });
  const [left, right] = [await browser.newContext(), await browser.newContext()];
  const components = [{ name: "statestore", type: "state.in-memory", metadata: { actorStateStore: "true" } }];
  const sidecar = await startSidecar({
    ...{ appId: "node-town", components, relay: relay.url, logLevel: "error" },
    app: (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/dapr/config") return Response.json({ entities: ["Cell"] });
      return pathname.startsWith("/actors/") ? Response.json("node") : new Response(null, { status: 404 });
    },
  });
  let edge: Gateway | undefined;
  try {
    const elected = await hosting(left, site, relay.url, "left 1");
    const second = await hosting(left, site, relay.url, "left 2");
    const other = await hosting(right, site, relay.url, "right");
    const all = ["left 1", "left 2", "node", "right"];
    await expect.poll(async () => [...new Set(await fromNode(sidecar.port))].sort()).toEqual(all);
    const found = await fromNode(sidecar.port);
    for (const page of [elected, second, other]) expect(await fromPage(page)).toEqual(found);
    edge = await gateway(relay.url);
    if (edge !== undefined) expect(await fromNode(edge.port)).toEqual(found);

    // A reminder that an actor in the other browser sets, and one that is set from here.
    const [first, next] = ids.filter((_, i) => found[i] === "right") as [string, string];
    expect(await call(second, `/v1.0/actors/Cell/${first}/method/camp`, { method: "POST" })).toMatchObject({
      status: 200,
    });
    const reminder = { method: "POST", body: '{"dueTime":"0.1s"}' };
    expect(await call(second, `/v1.0/actors/Cell/${next}/reminders/alarm`, reminder)).toMatchObject({
      status: 204,
    });
    await expect
      .poll(async () => [...(await told(other, "wake")), ...(await told(other, "alarm"))])
      .toEqual([`wake ${first}`, `alarm ${next}`]);

    // A worker that is stopped gives up nothing.
    const kill = await workerKiller(left, second);
    await kill();
    expect(await fromNode(sidecar.port)).toEqual(found);
    expect(await fromPage(second)).toEqual(found);
    for (const page of [elected, second, other]) expect(await told(page, "left")).toEqual([]);

    // The page that holds the socket closes: what it had is taken over at once, and all else stays.
    await elected.close();
    await expect
      .poll(async () => new Set(await fromNode(sidecar.port)), { timeout: 5_000 })
      .toEqual(new Set(all.slice(1)));
    const without = await fromPage(other);
    for (const [i, owner] of found.entries()) if (owner !== "left 1") expect(without[i]).toBe(owner);
    expect(await fromPage(second)).toEqual(without);
    if (edge !== undefined) expect(await fromNode(edge.port)).toEqual(without);

    await right.close();
    const last = await fromPage(second);
    expect(new Set(last)).toEqual(new Set(["left 2", "node"]));
    expect(await fromNode(sidecar.port)).toEqual(last);
  } finally {
    await edge?.stop();
    await left.close();
    await right.close();
    await sidecar.stop();
    await relay.close();
  }
});

test("a tab that runs the runtime itself takes part, and a tab that stands still is left alone, though it holds the connection", async ({
  browser,
  site,
}) => {
  test.setTimeout(120_000);
  const { startRelay } = await node();
  const relay = await startRelay({ port: 0, origins: [site.origin] });
  const left = await browser.newContext();
  const right = await browser.newContext({ serviceWorkers: "block" });
  await right.addInitScript(() => {
    Reflect.deleteProperty(Navigator.prototype, "serviceWorker");
  });
  try {
    const elected = await hosting(left, site, relay.url, "left 1");
    const second = await hosting(left, site, relay.url, "left 2");
    const other = await hosting(right, site, relay.url, "right");
    const all = ["left 1", "left 2", "right"];
    const owners = async () => [...new Set(await fromPage(other))].sort();
    await expect.poll(owners, { timeout: 20_000 }).toEqual(all);
    const found = await fromPage(other);
    expect(await fromPage(second)).toEqual(found);

    const still = elected.evaluate(() => {
      const end = Date.now() + 9_000;
      while (Date.now() < end);
    });
    const without = await fromPage(other);
    expect(new Set(without)).toEqual(new Set(["left 2", "right"]));
    expect(await fromPage(second)).toEqual(without);
    for (const [i, owner] of found.entries()) if (owner !== "left 1") expect(without[i]).toBe(owner);
    await still;
    await expect.poll(async () => await fromPage(other), { timeout: 20_000 }).toEqual(found);
  } finally {
    await left.close();
    await right.close();
    await relay.close();
  }
});
