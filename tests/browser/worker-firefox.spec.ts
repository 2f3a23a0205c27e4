import type { Browser, Page } from "puppeteer-core";
import { launchFirefox, withoutFirefox } from "./firefox-esr.ts";
import { expect, Site, test } from "./fixtures.ts";
import { putPackages } from "./package-site.ts";

test.skip(withoutFirefox !== undefined, withoutFirefox ?? "");

let browser: Browser;
let site: Site;

test.beforeAll(async () => {
  test.setTimeout(120_000);
  site = await Site.start();
  browser = await launchFirefox();
});

test.afterAll(async () => {
  await browser?.close();
  await site?.stop();
});

async function open(appId: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  const registered = await page.evaluate(async (id) => {
    const { door, note } = await window.daprlet.register({ appId: id });
    return { door, note };
  }, appId);
  expect(registered).toEqual({ door: "worker" });
  return page;
}

test("Firefox: what it routes around the worker is answered too, and nothing reaches the network", async () => {
  const page = await open("fox");
  const answers = await page.evaluate(async () => {
    const statuses: unknown[] = [];
    const body = JSON.stringify([{ key: "k", value: 1 }]);
    statuses.push((await fetch("/v1.0/state/statestore", { method: "POST", body, keepalive: true })).status);
    statuses.push((await fetch("http://localhost:3500/v1.0/state/statestore/k")).status);
    const xhr = await new Promise((answered) => {
      const request = new XMLHttpRequest();
      request.onloadend = () => answered(`${request.status} ${request.responseText}`);
      request.open("GET", "/v1.0/state/statestore/k");
      request.send();
    });
    statuses.push(xhr);
    const worker = new Worker(
      URL.createObjectURL(
        new Blob([
          `fetch("${location.origin}/v1.0/state/statestore/k").then(async (r) => postMessage(await r.text()))`,
        ]),
      ),
    );
    statuses.push(
      await new Promise((answered) => {
        worker.onmessage = ({ data }) => answered(data);
      }),
    );
    try {
      const request = new XMLHttpRequest();
      request.open("GET", "/v1.0/healthz", false);
      statuses.push("open");
    } catch (error) {
      statuses.push((error as Error).name);
    }
    return statuses;
  });
  expect(answers).toEqual([204, 200, "200 1", "1", "NetworkError"]);
  expect(site.reached).toEqual([]);
  await page.close();
});

test("Firefox: one tab invokes another and its events arrive, with streams both ways", async () => {
  const app = await open("fox-app");
  await app.evaluate(() => {
    const seen: unknown[] = [];
    Object.assign(window, { seen });
    return window.daprlet.serve({
      appId: "fox-app",
      subscriptions: [{ pubsubname: "pubsub", topic: "news", route: "/news" }],
      fetch: async (request) => {
        if (new URL(request.url).pathname === "/news") {
          seen.push(((await request.json()) as { data: unknown }).data);
          return new Response(null, { status: 200 });
        }
        const parts = ["a", "b", "c"];
        const stream = new ReadableStream({
          async pull(controller) {
            await new Promise((later) => setTimeout(later, 40));
            const part = parts.shift();
            if (part === undefined) controller.close();
            else controller.enqueue(new TextEncoder().encode(part));
          },
        });
        return new Response(stream, { headers: { "content-type": "text/event-stream" } });
      },
    });
  });
  const page = await open("fox-caller");
  const answered = await page.evaluate(async () => {
    const response = await fetch("/v1.0/invoke/fox-app/method/stream");
    const published = await fetch("/v1.0/publish/pubsub/news", { method: "POST", body: "told" });
    return { status: response.status, text: await response.text(), published: published.status };
  });
  expect(answered).toEqual({ status: 200, text: "abc", published: 204 });
  await expect
    .poll(() => app.evaluate(() => (window as unknown as { seen: unknown[] }).seen), { timeout: 10_000 })
    .toEqual(["told"]);
  expect(site.reached).toEqual([]);
  await app.close();
  await page.close();
});

test("Firefox without service workers: the runtime runs in the page, and keeps what it stores", async () => {
  const without = await launchFirefox({ "dom.serviceWorkers.enabled": false });
  await putPackages(site, []);
  try {
    for (const visit of ["first", "second"]) {
      const page = await without.newPage();
      await page.goto(site.url);
      await page.waitForFunction(() => window.daprlet !== undefined);
      const told = await page.evaluate(async (name) => {
        const grants = { hello: { limits: { timeMs: 20_000 } } };
        const capabilities = { packages: ["packages/hello"], grants };
        const { door, note } = await window.daprlet.register({ appId: "plain-fox", capabilities });
        await window.daprlet.serve({ appId: "plain-fox", fetch: () => new Response("from the page") });
        const read = await fetch("/v1.0/state/statestore/visited");
        await fetch("/v1.0/state/statestore", {
          method: "POST",
          body: JSON.stringify([{ key: "visited", value: name }]),
        });
        const invoked = await fetch("http://localhost:3500/v1.0/invoke/plain-fox/method/x");
        const greeted = await (await fetch("/v1/capabilities/hello?name=fox")).text();
        return { door, note, before: await read.text(), invoked: await invoked.text(), greeted };
      }, visit);
      expect(told).toMatchObject({ door: "page", invoked: "from the page", greeted: "Hello, fox!\n" });
      expect(told.note).toContain("this browser offers no service worker here");
      expect(told.before).toBe(visit === "first" ? "" : '"first"');
      await page.close();
    }
    expect(site.reached).toEqual([]);
  } finally {
    await without.close();
  }
});
