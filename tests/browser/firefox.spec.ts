import { expect, test } from "playwright/test";
import type { Browser, Page } from "puppeteer-core";
import { startDemo } from "./demo-server.ts";
import { launchFirefox, withoutFirefox } from "./firefox-esr.ts";

test.skip(withoutFirefox !== undefined, withoutFirefox ?? "");

let demo: Awaited<ReturnType<typeof startDemo>>;
let browser: Browser;

test.beforeAll(async () => {
  test.setTimeout(180_000);
  demo = await startDemo(4302);
  browser = await launchFirefox();
});

test.afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

async function open(address = demo.url): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(address);
  await page.waitForSelector("[data-testid=ready]", { timeout: 30_000 });
  return page;
}

/** Empty while the element is not there yet. */
const text = (page: Page, testId: string) =>
  page.evaluate((id) => document.querySelector(`[data-testid=${id}]`)?.textContent ?? "", testId);

const press = (page: Page, label: string) =>
  page.evaluate((wanted) => {
    const button = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === wanted);
    if (button === undefined) throw new Error(`no button ${wanted}`);
    button.click();
  }, label);

test("Firefox: the newcomer's path", async () => {
  const page = await open();
  await press(page, "Save state");
  await press(page, "Send");
  await expect.poll(() => text(page, "status")).toMatch(/^204/);
  await press(page, "Get state");
  await press(page, "Send");
  await expect.poll(() => text(page, "status")).toMatch(/^200/);
  expect(JSON.parse(await text(page, "body"))).toEqual({ kind: "dog", name: "bono" });

  await expect.poll(() => text(page, "count")).toMatch(/\d/);
  const before = Number(await text(page, "count"));
  await press(page, "Count");
  await expect.poll(() => text(page, "count")).toBe(String(before + 1));
  await page.reload();
  await page.waitForSelector("[data-testid=count]");
  await expect.poll(() => text(page, "count")).toBe(String(before + 1));

  const second = await open(`${demo.url}?app=second-tab`);
  await press(page, "Invoke second-tab");
  await expect.poll(() => text(page, "answered")).toBe("second-tab answered 200: Hello from second-tab!");
  await press(page, "Publish to everybody");
  await expect.poll(() => text(second, "seen"), { timeout: 15_000 }).toContain('"from":"first-tab"');
  await second.close();
  await page.close();
});

test("Firefox: both doors give the same answers", async () => {
  const page = await open(`${demo.url}?app=doors`);
  const answers = await page.evaluate(async () => {
    const seen: Record<string, unknown>[] = [];
    // The shim patches this window's fetch; a dedicated worker's own fetch has only the fetch event.
    const worker = new Worker(
      URL.createObjectURL(
        new Blob(
          [
            `onmessage = async ({ data: [url, init] }) => {
               const response = await fetch(url, init);
               postMessage({ status: response.status, etag: response.headers.has("etag"), body: await response.text() });
             };`,
          ],
          { type: "text/javascript" },
        ),
      ),
    );
    const byEvent = (path: string, init?: RequestInit) =>
      new Promise<Record<string, unknown>>((answered) => {
        worker.onmessage = ({ data }) => answered(data);
        worker.postMessage([new URL(path, location.href).href, init]);
      });
    const byShim = async (path: string, init?: RequestInit) => {
      const response = await fetch(path, init);
      return { status: response.status, etag: response.headers.has("etag"), body: await response.text() };
    };
    for (const door of [byShim, byEvent]) {
      const key = `door-${seen.length}`;
      seen.push(
        await door("/v1.0/state/statestore", {
          method: "POST",
          body: JSON.stringify([{ key, value: "same" }]),
        }),
        await door(`/v1.0/state/statestore/${key}`),
        await door("http://localhost:3500/v1.0/state/statestore/absent"),
      );
    }
    worker.terminate();
    return seen;
  });
  expect(answers.slice(3)).toEqual(answers.slice(0, 3));
  expect(answers.map(({ status }) => status)).toEqual([204, 200, 204, 204, 200, 204]);
  await page.close();
});
