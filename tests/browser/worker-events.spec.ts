import type { Page } from "playwright/test";
import { call, expect, open, test, workerKiller } from "./fixtures.ts";

/** Serves an app that keeps the data of every event on topic `orders`. */
async function subscribe(page: Page, address: string, appId: string): Promise<void> {
  await open(page, address, { appId });
  await page.evaluate((id) => {
    const seen: unknown[] = [];
    Object.assign(window, { seen });
    return window.daprlet.serve({
      appId: id,
      subscriptions: [{ pubsubname: "pubsub", topic: "orders", route: "/orders" }],
      fetch: async (request) => {
        seen.push(((await request.json()) as { data: unknown }).data);
        return new Response(null, { status: 200 });
      },
    });
  }, appId);
}

const seen = (page: Page) => page.evaluate(() => (window as unknown as { seen: unknown[] }).seen);

const publish = (page: Page, data: unknown) =>
  call(page, "/v1.0/publish/pubsub/orders", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(data),
  });

test("events reach the apps of other tabs, also after the worker was stopped", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "publisher" });
  const [one, two] = [await context.newPage(), await context.newPage()];
  await subscribe(one, site.url, "one");
  await subscribe(two, site.url, "two");
  expect(await publish(page, { n: 1 })).toMatchObject({ status: 204 });
  await expect.poll(() => seen(one)).toEqual([{ n: 1 }]);
  await expect.poll(() => seen(two)).toEqual([{ n: 1 }]);
  const kill = await workerKiller(context, page);
  await kill();
  expect(await publish(page, { n: 2 })).toMatchObject({ status: 204 });
  await expect.poll(() => seen(one)).toEqual([{ n: 1 }, { n: 2 }]);
  await expect.poll(() => seen(two)).toEqual([{ n: 1 }, { n: 2 }]);
  expect(site.reached).toEqual([]);
});

test("an app that is closed finds its events when it comes back", async ({ page, context, site }) => {
  await open(page, site.url, { appId: "publisher" });
  const app = await context.newPage();
  await subscribe(app, site.url, "away");
  await publish(page, "first");
  await expect.poll(() => seen(app)).toEqual(["first"]);
  await app.close();
  const kill = await workerKiller(context, page);
  expect(await publish(page, "while away")).toMatchObject({ status: 204 });
  await kill();
  expect(await publish(page, "still away")).toMatchObject({ status: 204 });
  const back = await context.newPage();
  await subscribe(back, site.url, "away");
  await expect.poll(() => seen(back), { timeout: 10_000 }).toEqual(["while away", "still away"]);
});

test("tabs of one app compete for its events", async ({ page, context, site }) => {
  await open(page, site.url, { appId: "publisher" });
  const tabs = [await context.newPage(), await context.newPage()];
  for (const tab of tabs) await subscribe(tab, site.url, "workers");
  for (let n = 0; n < 10; n++) expect((await publish(page, n)).status).toBe(204);
  await expect
    .poll(async () => (await Promise.all(tabs.map(seen))).flat().sort())
    .toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const [a, b] = await Promise.all(tabs.map(seen));
  expect(Math.abs((a as unknown[]).length - (b as unknown[]).length)).toBeLessThanOrEqual(4);
});

test("health and metadata tell the truth about the page's app", async ({ page, site }) => {
  await subscribe(page, site.url, "healthy");
  expect(await call(page, "/v1.0/healthz")).toMatchObject({ status: 204 });
  const metadata = JSON.parse((await call(page, "/v1.0/metadata")).body);
  expect(metadata.id).toBe("healthy");
  expect(metadata.subscriptions).toMatchObject([{ pubsubname: "pubsub", topic: "orders" }]);
  expect(metadata.components.map(({ name }: { name: string }) => name).sort()).toEqual([
    "pubsub",
    "statestore",
  ]);
});
