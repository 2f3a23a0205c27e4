/**
 * Tabs that host counters are closed, crash, freeze and come back, and their worker is stopped, while all counters count.
 * ACTORS_ROUNDS, ACTORS_TABS and ACTORS_COUNTERS say how much of it.
 */
import type { Page } from "playwright/test";
import { addToAll, hosting } from "./counter-tabs.ts";
import { expect, open, test, workerKiller } from "./fixtures.ts";

const rounds = Number(process.env.ACTORS_ROUNDS ?? 5);
const tabsAtOnce = Number(process.env.ACTORS_TABS ?? 3);
const counters = Number(process.env.ACTORS_COUNTERS ?? 60);

test("whatever happens to the tabs and to the worker, each call counts once", async ({
  page,
  context,
  site,
}) => {
  test.setTimeout(60_000 + rounds * 30_000);
  await open(page, site.url, { appId: "caller" });
  const kill = await workerKiller(context, page);
  const tabs: Page[] = [];
  while (tabs.length < tabsAtOnce) tabs.push(await hosting(context, site));

  const deeds: readonly ((tab: Page) => Promise<Page | undefined>)[] = [
    async (tab) => {
      await tab.close();
      return undefined;
    },
    async (tab) => {
      const session = await context.newCDPSession(tab);
      void session.send("Page.crash").catch(() => undefined);
      return undefined;
    },
    async (tab) => {
      const session = await context.newCDPSession(tab);
      await session.send("Page.setWebLifecycleState", { state: "frozen" });
      await page.waitForTimeout(500);
      await session.send("Page.setWebLifecycleState", { state: "active" });
      return tab;
    },
    async (tab) => {
      await kill();
      return tab;
    },
    async (tab) => {
      // Longer than a lease, and than others wait to take over.
      void tab
        .evaluate(() => {
          const end = Date.now() + 8_000;
          while (Date.now() < end);
        })
        .catch(() => undefined);
      return tab;
    },
  ];
  for (let round = 0; round < rounds; round++) {
    const adding = addToAll(page, `round ${round}`, counters);
    const tab = tabs.shift() as Page;
    const kept = await deeds[round % deeds.length]?.(tab);
    expect(await adding).toEqual(Array.from({ length: counters }, () => round + 1));
    tabs.push(kept ?? (await hosting(context, site)));
  }
});
