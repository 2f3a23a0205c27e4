import type { Browser, Page } from "playwright/test";
import { call, expect, open, test } from "./fixtures.ts";

/** Pages of a browser that has no service workers. */
async function pages(browser: Browser, count: number): Promise<Page[]> {
  const context = await browser.newContext({ serviceWorkers: "block" });
  await context.addInitScript(() => {
    Reflect.deleteProperty(Navigator.prototype, "serviceWorker");
  });
  return await Promise.all(Array.from({ length: count }, () => context.newPage()));
}

test("every way of scripts to send a request is answered in the page", async ({ browser, site }) => {
  const [page] = (await pages(browser, 1)) as [Page];
  await open(page, site.url, { appId: "inside" });
  const answers = await page.evaluate(async () => {
    const received: unknown[] = [];
    await window.daprlet.serve({
      appId: "inside",
      subscriptions: [{ pubsubname: "pubsub", topic: "beacons", route: "/beacons" }],
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/beacons") {
          received.push(((await request.json()) as { data: unknown }).data);
          return new Response(null);
        }
        if (pathname === "/stream") {
          const text = "id: 7\nevent: tick\ndata: one\ndata: two\n\ndata: three\n\n";
          return new Response(text, { headers: { "content-type": "text/event-stream" } });
        }
        return Response.json({ method: request.method, sent: await request.text() });
      },
    });
    const xhr = await new Promise((answered) => {
      const request = new XMLHttpRequest();
      const states: number[] = [];
      request.onreadystatechange = () => states.push(request.readyState);
      request.onload = () => answered({ states, status: request.status, json: request.response });
      request.open("POST", "http://localhost:3500/v1.0/invoke/inside/method/echo");
      request.responseType = "json";
      request.send("by xhr");
    });
    const native = await new Promise((answered) => {
      const request = new XMLHttpRequest();
      request.onload = () => answered(request.status);
      request.open("GET", "./client.js");
      request.send();
    });
    const events = await new Promise((answered) => {
      const source = new EventSource("/v1.0/invoke/inside/method/stream");
      const heard: string[] = [];
      source.addEventListener("tick", ({ data, lastEventId }) => heard.push(`${lastEventId} ${data}`));
      source.onmessage = ({ data }) => {
        heard.push(data);
        source.close();
        answered(heard);
      };
    });
    const beacon = navigator.sendBeacon("/v1.0/publish/pubsub/beacons", "from a beacon");
    const until = performance.now() + 5000;
    while (received.length === 0 && performance.now() < until)
      await new Promise((later) => setTimeout(later, 20));
    return { xhr, native, events, beacon, received };
  });
  expect(answers).toEqual({
    xhr: { states: [1, 2, 3, 4], status: 200, json: { method: "POST", sent: "by xhr" } },
    native: 200,
    events: ["7 one\ntwo", "three"],
    beacon: true,
    received: ["from a beacon"],
  });
  expect(site.reached).toEqual([]);
  await page.context().close();
});

test("tabs that each run their runtime invoke each other and share events", async ({ browser, site }) => {
  const [caller, one, two] = (await pages(browser, 3)) as [Page, Page, Page];
  await open(caller, site.url, { appId: "caller" });
  for (const [page, name] of [
    [one, "one"],
    [two, "two"],
  ] as const) {
    await open(page, site.url, { appId: "shared" });
    await page.evaluate((answer) => {
      const seen: unknown[] = [];
      Object.assign(window, { seen });
      return window.daprlet.serve({
        appId: "shared",
        subscriptions: [{ pubsubname: "pubsub", topic: "work", route: "/work" }],
        fetch: async (request) => {
          const { pathname } = new URL(request.url);
          if (pathname === "/stream") {
            let n = 0;
            const stream = new ReadableStream({
              async pull(controller) {
                if (++n > 2) return controller.close();
                controller.enqueue(new TextEncoder().encode(`data: ${n}\n\n`));
                await new Promise((later) => setTimeout(later, 150));
              },
            });
            return new Response(stream, { headers: { "content-type": "text/event-stream" } });
          }
          if (pathname !== "/work") return new Response(answer);
          seen.push(((await request.json()) as { data: unknown }).data);
          return new Response(null);
        },
      });
    }, name);
  }
  const names = () =>
    caller.evaluate(async () => {
      const counts: Record<string, number> = {};
      for (let i = 0; i < 20; i++) {
        const answer = await (await fetch("/v1.0/invoke/shared/method/who")).text();
        counts[answer] = (counts[answer] ?? 0) + 1;
      }
      return counts;
    });
  expect(await names()).toEqual({ one: 10, two: 10 });
  for (let n = 0; n < 6; n++) {
    const published = await call(caller, "/v1.0/publish/pubsub/work", { method: "POST", body: `job ${n}` });
    expect(published.status).toBe(204);
  }
  const seen = (page: Page) => page.evaluate(() => (window as unknown as { seen: unknown[] }).seen);
  await expect
    .poll(async () => [...(await seen(one)), ...(await seen(two))].sort(), { timeout: 15_000 })
    .toEqual([0, 1, 2, 3, 4, 5].map((n) => `job ${n}`));
  const parts = await caller.evaluate(async () => {
    const response = await fetch("/v1.0/invoke/shared/method/stream");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const heard: string[] = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return heard;
      heard.push(new TextDecoder().decode(value));
    }
  });
  expect(parts).toEqual(["data: 1\n\n", "data: 2\n\n"]);
  await one.close();
  expect(await names()).toEqual({ two: 20 });
  expect(site.reached).toEqual([]);
  await caller.context().close();
});

test("unregister gives the page its own globals back", async ({ browser, site }) => {
  const [page] = (await pages(browser, 1)) as [Page];
  await open(page, site.url, { appId: "gone" });
  const left = await page.evaluate(async () => {
    await (window as unknown as { registered: { unregister(): Promise<void> } }).registered.unregister();
    const native = (value: unknown) => String(value).includes("[native code]");
    return {
      fetch: native(window.fetch),
      xhr: native(XMLHttpRequest),
      source: native(EventSource),
      beacon: Object.hasOwn(navigator, "sendBeacon"),
      databases: await indexedDB.databases(),
    };
  });
  expect(left).toEqual({ fetch: true, xhr: true, source: true, beacon: false, databases: [] });
  await page.context().close();
});

test("a Content-Security-Policy that keeps the runtime out of the page is named", async ({
  browser,
  site,
}) => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  site.files.set(
    "strict.html",
    `<meta http-equiv="content-security-policy" content="script-src 'self' 'unsafe-inline'"><link rel="icon" href="data:,">
     <script type="module">import * as daprlet from "./client.js"; window.daprlet = daprlet;</script>`,
  );
  await expect(open(page, `${site.url}strict.html`, { appId: "strict" })).rejects.toThrow(
    /it is blocked here.*script-src 'wasm-unsafe-eval'/s,
  );
  await context.close();
});
