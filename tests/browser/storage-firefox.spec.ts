import type { Browser } from "puppeteer-core";
import { launchFirefox, withoutFirefox } from "./firefox-esr.ts";
import { expect, Site, test } from "./fixtures.ts";
import { bundle } from "./storage/bundle.ts";

test.skip(withoutFirefox !== undefined, withoutFirefox ?? "");

let browser: Browser;
let site: Site;

test.beforeAll(async () => {
  test.setTimeout(120_000);
  site = await Site.start();
  site.files.set("suites.html", `<!doctype html><meta charset="utf-8"><script src="suites.js"></script>`);
  site.files.set("suites.js", await bundle("suites-page.ts"));
  browser = await launchFirefox();
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
