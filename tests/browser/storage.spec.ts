import type { Page } from "playwright/test";
import { test as base, expect, type Site } from "./fixtures.ts";
import { bundle } from "./storage/bundle.ts";
import type { Outcome } from "./storage/page-runner.ts";
import type { Suites } from "./storage/suites-page.ts";

declare global {
  var suites: Suites;
}

const test = base.extend<object, { script: string }>({
  script: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's pattern.
    async ({}, use) => {
      await use(await bundle("suites-page.ts"));
    },
    { scope: "worker" },
  ],
});

function serve(site: Site, script: string): string {
  site.files.set("suites.html", `<!doctype html><meta charset="utf-8"><script src="suites.js"></script>`);
  site.files.set("suites.js", script);
  return `${site.url}suites.html`;
}

const failures = (outcomes: readonly Outcome[]) =>
  outcomes.flatMap(({ name, failure }) => (failure === undefined ? [] : [`${name}: ${failure}`]));

test("state.indexeddb passes the conformance suite on the browser's own IndexedDB", async ({
  page,
  site,
  script,
}) => {
  await page.goto(serve(site, script));
  const outcomes = await page.evaluate(() => globalThis.suites.stateSuite());
  expect(failures(outcomes)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(90);
});

test("state.opfs passes the conformance suite on the browser's own files", async ({ page, site, script }) => {
  await page.goto(serve(site, script));
  const outcomes = await page.evaluate(() => globalThis.suites.filesSuite());
  expect(failures(outcomes)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(90);
});

test("pubsub.browser passes the conformance suite on the browser's own IndexedDB", async ({
  page,
  site,
  script,
}) => {
  await page.goto(serve(site, script));
  const outcomes = await page.evaluate(() => globalThis.suites.pubsubSuite());
  expect(failures(outcomes)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(20);
});

test("locks, settings and the vault pass their conformance suites on the browser's own IndexedDB", async ({
  page,
  site,
  script,
}) => {
  await page.goto(serve(site, script));
  const outcomes = await page.evaluate(() => globalThis.suites.blockSuites());
  expect(failures(outcomes)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(40);
});

test("of three hundred in three pages one gets the lock", async ({ context, site, script }) => {
  const url = serve(site, script);
  const pages = await Promise.all([1, 2, 3].map(() => context.newPage()));
  await Promise.all(pages.map((page) => page.goto(url)));
  const wins = await Promise.all(pages.map((page) => page.evaluate(() => globalThis.suites.lockRace("r"))));
  expect(wins.reduce((sum, n) => sum + n, 0)).toBe(1);
});

for (const engine of ["indexeddb", "opfs"] as const) {
  test(`of first writes by three pages at once one wins, and no increment by ETag is lost: state.${engine}`, async ({
    context,
    site,
    script,
  }) => {
    const url = serve(site, script);
    const pages = await Promise.all([1, 2, 3].map(() => context.newPage()));
    await Promise.all(pages.map((page) => page.goto(url)));
    const each = <T>(run: (page: Page) => Promise<T>) => Promise.all(pages.map(run));
    const wins = await each((page) => page.evaluate((on) => globalThis.suites.race(on, "first", 50), engine));
    expect(wins.reduce((sum, n) => sum + n, 0)).toBe(1);
    await each((page) => page.evaluate((on) => globalThis.suites.count(on, 30), engine));
    expect(await pages[0]?.evaluate((on) => globalThis.suites.counted(on), engine)).toBe(90);
  });
}

test("pages compete for events, each gets some, and a closed one's are handed to another", async ({
  context,
  site,
  script,
}) => {
  const url = serve(site, script);
  const [a, b, c] = await Promise.all([1, 2, 3].map(() => context.newPage()));
  if (a === undefined || b === undefined || c === undefined) throw new Error("no pages");
  for (const page of [a, b, c]) await page.goto(url);
  const numbers = Array.from({ length: 200 }, (_, i) => String(i));
  await a.evaluate(() => globalThis.suites.app.subscribe("t", false));
  await b.evaluate(() => globalThis.suites.app.subscribe("t", false));
  await c.evaluate((texts) => globalThis.suites.app.publish("t", texts), numbers);
  const got = async () =>
    await Promise.all([a, b].map((page) => page.evaluate(() => globalThis.suites.app.got)));
  await expect.poll(async () => (await got()).flat().length, { timeout: 20_000 }).toBe(200);
  const each = await got();
  expect([...each.flat()].sort()).toEqual([...numbers].sort());
  expect(Math.min(...each.map(({ length }) => length))).toBeGreaterThan(20);

  await a.evaluate(() => globalThis.suites.app.subscribe("hung", true));
  await c.evaluate(() => globalThis.suites.app.publish("hung", ["1", "2", "3"]));
  await expect.poll(async () => (await got())[0]?.length).toBe((each[0]?.length ?? 0) + 3);
  await a.close();
  // The lease of what it had in hand runs out: by the clock of the page that subscribes next.
  await b.evaluate(() => {
    globalThis.suites.app.ahead = 31_000;
    globalThis.suites.app.got.length = 0;
    return globalThis.suites.app.subscribe("hung", false);
  });
  await expect
    .poll(() => b.evaluate(() => globalThis.suites.app.got), { timeout: 20_000 })
    .toEqual(["1", "2", "3"]);
});

test("group commit writes more than a transaction for each write does", async ({ page, site, script }) => {
  await page.goto(serve(site, script));
  const rows = [];
  for (const consistency of ["eventual", "strong"] as const) {
    const row = await page.evaluate((asked) => globalThis.suites.measure(64, asked), consistency);
    rows.push({ consistency, parallel: 64, ...row });
  }
  const alone = await page.evaluate(() => globalThis.suites.measure(1, "eventual"));
  rows.push({ consistency: "eventual", parallel: 1, ...alone });
  console.table(rows);
  for (const { grouped, single, parallel } of rows) if (parallel > 1) expect(grouped).toBeGreaterThan(single);
});
