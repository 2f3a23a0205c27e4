/** T43, T44 and T47 in tabs: each app a tab, the worker stopped and a tab closed on the way. */
import type { BrowserContext, Page } from "playwright/test";
import { bundlePrograms } from "../walkthrough/bundle-programs.ts";
import type { Program } from "../walkthrough/town.ts";
import { call, expect, open, type Site, test, workerKiller } from "./fixtures.ts";

declare global {
  interface Window {
    programs: Readonly<Record<string, Program>>;
  }
}

const html = `<!doctype html><meta charset="utf-8"><title>patterns</title><link rel="icon" href="data:,">
<script type="module">
  import * as daprlet from "./client.js";
  import { programs } from "./programs.js";
  Object.assign(window, { programs, daprlet });
</script>`;

let programs: string | undefined;
test.beforeEach(async ({ site }) => {
  programs ??= await bundlePrograms();
  site.files.set("", html);
  site.files.set("programs.js", programs);
});

/** A tab that is an app. */
async function tab(context: BrowserContext, site: Site, appId: string, program: string): Promise<Page> {
  const page = await context.newPage();
  await open(page, site.url, { appId });
  await page.evaluate(
    async ([id, name]) => {
      const app = window.programs[name]?.((path, init) => fetch(path, init));
      await window.daprlet.serve({ appId: id, fetch: (request) => app?.fetch(request) as Promise<Response> });
    },
    [appId, program] as const,
  );
  return page;
}

const send = (page: Page, path: string, body: unknown) =>
  call(page, path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const ask = async (page: Page, appId: string, path: string): Promise<unknown> =>
  JSON.parse((await call(page, `/v1.0/invoke/${appId}/method/${path}`)).body);

test("T43: a saga by events cancels the flight once, the worker stopped again and again", async ({
  context,
  page,
  site,
}) => {
  const flight = await tab(context, site, "flight", "flight");
  await tab(context, site, "hotel", "hotel");
  await tab(context, site, "car", "car");
  const kill = await workerKiller(context, page);
  for (const id of ["a", "b"]) {
    expect((await send(flight, "/v1.0/publish/pubsub/On_BookTrip", { id })).status).toBe(204);
    await kill();
  }
  for (const id of ["a", "b"]) {
    await expect.poll(() => ask(flight, "flight", `trips/${id}`), { timeout: 30_000 }).toBe("cancelled");
  }
  expect(await ask(flight, "flight", "books")).toEqual({ stock: 5, income: 0 });
});

test("T43: a coordinator goes on where a stopped worker left it", async ({ context, page, site }) => {
  const trips = await tab(context, site, "trips", "coordinator");
  const flight = await tab(context, site, "flight", "bookable");
  await tab(context, site, "hotel", "bookable");
  await tab(context, site, "car", "sold-out");
  const kill = await workerKiller(context, page);
  await send(trips, "/v1.0/invoke/trips/method/trips", { id: "a" });
  await kill();
  const state = async () => ((await ask(trips, "trips", "trips/a")) as { state: string } | null)?.state;
  await expect.poll(state, { timeout: 40_000 }).toBe("cancelled");
  expect(await ask(flight, "flight", "books")).toEqual({ stock: 5, income: 0 });
});

test("T44: a routing slip leads to D, and MapReduce sums up although a worker's tab is closed", async ({
  context,
  site,
}) => {
  const last = await tab(context, site, "d", "station-d");
  await tab(context, site, "a", "station-a");
  await tab(context, site, "b", "station-b");
  const slip = { id: "1", slip: ["On_AComplete", "On_BComplete"], visited: [] };
  await send(last, "/v1.0/publish/pubsub/On_Order", slip);
  await expect
    .poll(() => ask(last, "d", "worked/1"), { timeout: 20_000 })
    .toEqual({ id: "1", slip: [], visited: ["A", "B", "D"] });

  const workers = [
    await tab(context, site, "worker", "worker"),
    await tab(context, site, "worker", "worker"),
  ];
  const splitter = await tab(context, site, "splitter", "splitter");
  const begun = send(splitter, "/v1.0/invoke/splitter/method/jobs", { id: "1", to: 1_000, parts: 10 });
  await workers[0]?.close();
  expect((await begun).status).toBe(202);
  await expect
    .poll(() => ask(splitter, "splitter", "jobs/1"), { timeout: 40_000 })
    .toEqual({ counter: 10, total: 500_500 });
});

test("T47: of 50 deposits at once, by calls and by events, none is lost", async ({ context, site }) => {
  const bank = await tab(context, site, "bank", "account");
  expect((await call(bank, "/v1.0/invoke/bank/method/17")).status).toBe(404);
  const statuses = await bank.evaluate(() =>
    Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const path = i % 2 === 0 ? "/v1.0/invoke/bank/method/deposit" : "/v1.0/publish/pubsub/deposit";
        const headers = { "content-type": "application/json" };
        const { status } = await fetch(path, { method: "POST", headers, body: '{"id":"17","amount":12}' });
        return status;
      }),
    ),
  );
  expect(new Set(statuses)).toEqual(new Set([200, 204]));
  await expect.poll(() => ask(bank, "bank", "17"), { timeout: 30_000 }).toEqual({ id: "17", balance: 600 });
});
