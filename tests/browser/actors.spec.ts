import type { Page } from "playwright/test";
import { addToAll, hosting } from "./counter-tabs.ts";
import { call, expect, open, test, workerKiller } from "./fixtures.ts";

test("actors live in the tabs that host them, move when one goes, and lose nothing", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "caller" });
  const tabs = [await hosting(context, site), await hosting(context, site), await hosting(context, site)];
  const all = 60;
  const each = (value: number) => Array.from({ length: all }, () => value);
  expect(await addToAll(page, "one", all)).toEqual(each(1));
  await tabs[0]?.close();
  expect(await addToAll(page, "two", all)).toEqual(each(2));
  const kill = await workerKiller(context, page);
  await Promise.all([addToAll(page, "three", all), kill()]);
  expect(await addToAll(page, "four", all)).toEqual(each(4));
  // Registering anew is another connection of the same host; one that serves no longer hands its actors over.
  await tabs[1]?.evaluate(async () => await window.daprlet.register({ appId: "town" }));
  expect(await addToAll(page, "five", all)).toEqual(each(5));
  await tabs[1]?.evaluate(
    async () => await (window as unknown as { served: { stop(): Promise<void> } }).served.stop(),
  );
  expect(await addToAll(page, "six", all)).toEqual(each(6));
});

test("a turn ends where it began, with what it wrote, while another tab comes and owners change", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "caller" });
  await hosting(context, site);
  const statuses = page.evaluate(async () => {
    window.told = [];
    const seen = new Set<number>();
    const all = Array.from({ length: 20 }, async (_, id) => {
      while (window.told.length === 0)
        seen.add((await fetch(`/v1.0/actors/Counter/${id}/method/slowly`, { method: "POST" })).status);
    });
    await Promise.all(all);
    return [...seen];
  });
  const other = await hosting(context, site);
  await expect.poll(() => other.evaluate(() => window.told.length)).toBeGreaterThan(0);
  await page.evaluate(() => window.told.push("enough"));
  expect(await statuses).toEqual([200]);
});

test("an app that is a fetch handler hosts actors by Dapr's callbacks: T48, T52, and a worker that is stopped during a call", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "caller" });
  const tab = await context.newPage();
  await open(tab, site.url, { appId: "town" });
  await tab.evaluate(async () => {
    window.told = [];
    let eating = 0;
    await window.daprlet.serve({
      appId: "town",
      async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/dapr/config") return Response.json({ entities: ["stormtrooper", "Cat"] });
        if (request.method === "GET") return new Response(null, { status: 404 });
        window.told.push(`${request.method} ${pathname} ${await request.clone().text()}`);
        if (pathname === "/actors/stormtrooper/50/method/shoot") return new Response(await request.text());
        if (pathname !== "/actors/Cat/1/method/Eat") return new Response(null, { status: 404 });
        eating++;
        await new Promise((resolve) => setTimeout(resolve, 300));
        const changes = Object.entries({ meal: "fish", color: "grey", sleeping: true }).map(
          ([key, value]) => ({
            operation: "upsert",
            request: { key, value },
          }),
        );
        const saved = await fetch("/v1.0/actors/Cat/1/state", {
          method: "POST",
          body: JSON.stringify(changes),
        });
        return Response.json([eating--, saved.status]);
      },
    });
  });
  const shot = await call(page, "/v1.0/actors/stormtrooper/50/method/shoot", {
    method: "POST",
    body: '{"at":"rebels"}',
  });
  expect([shot.status, shot.body]).toEqual([200, '{"at":"rebels"}']);
  expect(await tab.evaluate(() => window.told)).toEqual([
    'PUT /actors/stormtrooper/50/method/shoot {"at":"rebels"}',
  ]);
  const kill = await workerKiller(context, page);
  const eats = [1, 2].map(() => call(page, "/v1.0/actors/Cat/1/method/Eat", { method: "POST" }));
  await page.waitForTimeout(100);
  await kill();
  expect((await Promise.all(eats)).map(({ body }) => body)).toEqual(["[1,204]", "[1,204]"]);
  // Each has been called once: the second life of the worker asked for the first one's outcome.
  expect(await tab.evaluate(() => window.told.filter((one) => one.includes("Eat")).length)).toBe(2);
  const color = await call(tab, "/v1.0/actors/Cat/1/state/color");
  expect([color.status, color.body]).toEqual([200, '"grey"']);
  const kept = await tab.evaluate(async () => {
    const { registered } = window as unknown as { registered: { exportState(): Promise<Blob> } };
    return await (await registered.exportState()).text();
  });
  const keys = new Set(kept.match(/town\|\|Cat[^"]*/g));
  expect([...keys].sort()).toEqual(["color", "meal", "sleeping"].map((key) => `town||Cat||1||${key}`));
  const inactive = await call(tab, "/v1.0/actors/Cat/2/state", { method: "POST", body: "[]" });
  expect([inactive.status, JSON.parse(inactive.body).errorCode]).toEqual([400, "ERR_ACTOR_INSTANCE_MISSING"]);
  const status = async () => JSON.parse((await call(tab, "/v1.0/metadata")).body).actorRuntime.activeActors;
  await expect.poll(status).toEqual([
    { type: "stormtrooper", count: 1 },
    { type: "Cat", count: 1 },
  ]);
});

test("timers and reminders: those tick while the actor is active, these are fired by its next owner; a tab that froze is fenced", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "caller" });
  const tabs = [await hosting(context, site), await hosting(context, site)];
  const told = (tab: Page | undefined, what: string) =>
    tab?.evaluate((name) => window.told.filter((one) => one.startsWith(name)).length, what);
  const ids = Array.from({ length: 12 }, (_, id) => id);
  for (const id of ids)
    expect((await call(page, `/v1.0/actors/Counter/${id}/method/camp`, { method: "POST" })).status).toBe(200);
  await expect
    .poll(async () => Math.min(...((await Promise.all(tabs.map((tab) => told(tab, "tick")))) as number[])))
    .toBeGreaterThan(20);
  const [kept, frozen] = tabs as [Page, Page];
  const before = (await told(kept, "reminder")) as number;
  expect(before).toBeLessThan(ids.length);
  // One whose main thread stands still in the middle of turns: others own its actors once its lease is over, and what these
  // turns would still write when it wakes is nothing any more.
  const adding = addToAll(page, "while it stands still", 200);
  await page.waitForTimeout(40);
  const still = frozen.evaluate(() => {
    const end = Date.now() + 8000;
    while (Date.now() < end);
  });
  expect(await adding).toEqual(Array.from({ length: 200 }, () => 1));
  await expect
    .poll(
      async () =>
        await kept.evaluate(() => new Set(window.told.filter((one) => one.startsWith("reminder"))).size),
    )
    .toBe(ids.length);
  await still;
  expect(await addToAll(page, "after it woke", ids.length)).toEqual(ids.map(() => 2));
  const crash = await context.newCDPSession(frozen);
  void crash.send("Page.crash").catch(() => undefined);
  expect(await addToAll(page, "after it crashed", ids.length)).toEqual(ids.map(() => 3));
});

test("policies end a turn in a tab in their time and try it again, and change while it hosts", async ({
  page,
  site,
}) => {
  const resources = (policies: string, cat: string) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata: { name: statestore }
spec: { type: state.indexeddb, version: v1, metadata: [{ name: actorStateStore, value: "true" }] }
---
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: { name: policies }
spec: { policies: ${policies}, targets: { actors: { Cat: ${cat} } } }
`;
  const short = "timeouts: { short: 200ms, long: 2s }";
  const often = "retries: { often: { duration: 10ms, maxRetries: 2 } }";
  await open(page, site.url, {
    appId: "town",
    components: resources(`{ ${short}, ${often} }`, "{ timeout: short, retry: often }"),
  });
  const told = await page.evaluate(
    async (next) => {
      const calls: string[] = [];
      class Cat {
        async doze() {
          calls.push("doze");
          await new Promise((resolve) => setTimeout(resolve, 500));
          return "slept";
        }
      }
      await window.daprlet.serve({ appId: "town", actors: { Cat } });
      const { registered } = window as unknown as { registered: { update(to: string): Promise<void> } };
      const ask = async (method: string) =>
        await (await fetch(`/v1.0/actors/Cat/1/method/${method}`, { method: "POST" })).text();
      const late = await ask("doze");
      await registered.update(next);
      return { late, slept: await ask("doze"), calls };
    },
    resources(`{ ${short} }`, "{ timeout: long }"),
  );
  expect(told).toEqual({
    late: expect.stringContaining("did not answer within 200 ms"),
    slept: '"slept"',
    calls: Array(4).fill("doze"),
  });
});

test("tabs that each run the runtime themselves share actors as well", async ({ browser, site }) => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  await context.addInitScript(() => {
    Reflect.deleteProperty(Navigator.prototype, "serviceWorker");
  });
  const page = await context.newPage();
  await open(page, site.url, { appId: "caller" });
  const tabs = [await hosting(context, site), await hosting(context, site)];
  const each = (value: number) => Array.from({ length: 20 }, () => value);
  expect(await addToAll(page, "one", 20)).toEqual(each(1));
  const active = await Promise.all(
    tabs.map(
      async (tab) => JSON.parse((await call(tab, "/v1.0/metadata")).body).actorRuntime.activeActors[0].count,
    ),
  );
  expect(active.reduce((sum, count) => sum + count)).toBe(20);
  expect(Math.min(...active)).toBeGreaterThan(0);
  await tabs[0]?.close();
  expect(await addToAll(page, "two", 20)).toEqual(each(2));
  await context.close();
});
