import { existsSync } from "node:fs";
import puppeteer, { type Browser } from "puppeteer-core";
import { expect, Site, test } from "./fixtures.ts";
import { bundle } from "./storage/bundle.ts";

/** Firefox ESR by WebDriver BiDi: Playwright drives only a Firefox build of its own, which is not everywhere. */
const firefox = ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find(existsSync);

test.skip(
  firefox === undefined && process.env.CI !== "true",
  "Firefox is missing: apt-get install firefox-esr",
);

let browser: Browser;
let site: Site;

test.beforeAll(async () => {
  test.setTimeout(120_000);
  site = await Site.start();
  site.files.set("suites.html", `<!doctype html><meta charset="utf-8"><script src="suites.js"></script>`);
  site.files.set("suites.js", await bundle("suites-page.ts"));
  browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: firefox ?? "firefox-esr",
    headless: true,
  });
});

test.afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

for (const [component, suite] of [
  ["state.indexeddb", "stateSuite"],
  ["pubsub.browser", "pubsubSuite"],
] as const) {
  test(`Firefox: ${component} passes the conformance suite on the browser's own IndexedDB`, async () => {
    test.setTimeout(120_000);
    const page = await browser.newPage();
    await page.goto(`${site.url}suites.html`);
    const outcomes = await page.evaluate((name) => globalThis.suites[name](), suite);
    expect(outcomes.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(20);
    await page.close();
  });
}
