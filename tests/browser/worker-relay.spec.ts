import { resolve } from "node:path";
import type { Page } from "playwright/test";
import { call, expect, open, Site, test, workerKiller } from "./fixtures.ts";

interface Relay {
  readonly url: string;
  close(): Promise<void>;
}

async function startRelay(origin: string, port = 0): Promise<Relay> {
  const { startRelay: start } = await import(resolve(import.meta.dirname, "../../dist/node/index.js"));
  return await start({ port, origins: [origin] });
}

async function serve(page: Page, address: string, appId: string, relay: string): Promise<void> {
  await open(page, address, { appId, relay });
  await page.evaluate((id) => {
    const seen: unknown[] = [];
    Object.assign(window, { seen });
    return window.daprlet.serve({
      appId: id,
      subscriptions: [{ pubsubname: "pubsub", topic: "news", route: "/news" }],
      fetch: async (request) => {
        if (new URL(request.url).pathname !== "/news") return new Response(`from ${id}`);
        seen.push(((await request.json()) as { data: unknown }).data);
        return new Response(null);
      },
    });
  }, appId);
}

const seen = (page: Page) => page.evaluate(() => (window as unknown as { seen: unknown[] }).seen);

const invoke = async (page: Page, appId: string) => {
  const { status, body } = await call(page, `/v1.0/invoke/${appId}/method/x`);
  return `${status} ${body}`;
};

test("two browsers meet through a relay, whose socket a page holds for the worker", async ({
  browser,
  site,
}) => {
  test.setTimeout(120_000);
  const relay = await startRelay(site.origin);
  const [left, right] = [await browser.newContext(), await browser.newContext()];
  try {
    const [a, b] = [await left.newPage(), await right.newPage()];
    await serve(a, site.url, "left", relay.url);
    await serve(b, site.url, "right", relay.url);
    await expect.poll(() => invoke(a, "right"), { timeout: 15_000 }).toBe("200 from right");
    await expect.poll(() => invoke(b, "left"), { timeout: 15_000 }).toBe("200 from left");
    const publish = (page: Page, data: string) =>
      call(page, "/v1.0/publish/pubsub/news", { method: "POST", body: data });
    expect(await publish(a, "one")).toMatchObject({ status: 204 });
    await expect.poll(() => seen(b)).toEqual(["one"]);

    const kill = await workerKiller(right, b);
    await kill();
    expect(await publish(a, "two")).toMatchObject({ status: 204 });
    await expect.poll(() => seen(b), { timeout: 20_000 }).toEqual(["one", "two"]);
    await expect.poll(() => invoke(a, "right"), { timeout: 15_000 }).toBe("200 from right");

    // The page that holds the sockets closes: another one takes over.
    const second = await right.newPage();
    await serve(second, site.url, "right", relay.url);
    await b.close();
    expect(await publish(a, "three")).toMatchObject({ status: 204 });
    await expect.poll(() => seen(second), { timeout: 20_000 }).toEqual(["three"]);
    await expect.poll(() => invoke(a, "right"), { timeout: 15_000 }).toBe("200 from right");
    expect(site.reached).toEqual([]);
  } finally {
    await left.close();
    await right.close();
    await relay.close();
  }
});

test("a page starts without its relay, says that events cannot go out, and joins when it is back", async ({
  page,
}) => {
  test.setTimeout(90_000);
  const site = await Site.start();
  const first = await startRelay(site.origin);
  const port = Number(new URL(first.url).port);
  await first.close();
  try {
    await serve(page, site.url, "patient", first.url);
    await call(page, "/v1.0/state/statestore", { method: "POST", body: '[{"key":"k","value":1}]' });
    expect(await call(page, "/v1.0/state/statestore/k")).toMatchObject({ status: 200, body: "1" });
    const failed = await call(page, "/v1.0/publish/pubsub/news", { method: "POST", body: "lost?" });
    expect(failed.status).toBe(500);
    expect(failed.body).toContain("is away");
    const relay = await startRelay(site.origin, port);
    await expect
      .poll(
        async () => (await call(page, "/v1.0/publish/pubsub/news", { method: "POST", body: "sent" })).status,
        {
          timeout: 30_000,
        },
      )
      .toBe(204);
    await expect.poll(() => seen(page), { timeout: 20_000 }).toContain("sent");
    await relay.close();
  } finally {
    await site.stop();
  }
});
