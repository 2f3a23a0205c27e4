import type { Page } from "playwright/test";
import { call, expect, open, test, workerKiller } from "./fixtures.ts";

type Seen = Record<string, unknown[]>;

const publish = (page: Page, topic: string, data: unknown) =>
  call(page, `/v1.0/publish/pubsub/${topic}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(data),
  });

const seen = (page: Page, name: string) =>
  page.evaluate((key) => (window as unknown as { seen: Seen }).seen[key] ?? [], name);

/** Subscribes by a function that keeps the data it gets under a name of its own. */
const subscribe = (page: Page, topic: string, name = topic) =>
  page.evaluate(
    async ([topic, name]) => {
      const host = window as unknown as { seen?: Seen };
      host.seen ??= {};
      const all = host.seen;
      const subscribed = await window.daprlet.subscribe(topic, ({ data }) => {
        all[name] = [...(all[name] ?? []), data];
        // Once, so that each event of this kind comes twice.
        if (data === "again" && all[name].filter((one) => one === data).length === 1) return "RETRY";
        if (data === "throw" && all[name].filter((one) => one === data).length === 1) throw new Error("no");
        return undefined;
      });
      Object.assign(window, { [`un${name}`]: subscribed.unsubscribe });
    },
    [topic, name] as const,
  );

test("a page gets events by a function: again when it asks, beside serve(), and after the worker was stopped", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "functions" });
  await subscribe(page, "a");
  await subscribe(page, "a", "second");
  await subscribe(page, "b/c");
  await publish(page, "a", 1);
  await publish(page, "b/c", { n: 2 });
  await expect.poll(() => seen(page, "a")).toEqual([1]);
  await expect.poll(() => seen(page, "second")).toEqual([1]);
  await expect.poll(() => seen(page, "b/c")).toEqual([{ n: 2 }]);

  await page.evaluate(() =>
    window.daprlet.serve({
      appId: "functions",
      subscriptions: [{ pubsubname: "pubsub", topic: "served", route: "/served" }],
      fetch: async (request) => {
        const all = (window as unknown as { seen: Seen }).seen;
        if (request.method === "POST") all.served = [((await request.json()) as { data: unknown }).data];
        return new Response("served");
      },
    }),
  );
  await publish(page, "served", 3);
  await publish(page, "a", "again");
  await expect.poll(() => seen(page, "served")).toEqual([3]);
  await expect.poll(() => seen(page, "a")).toEqual([1, "again", "again"]);
  expect(await call(page, "/v1.0/invoke/functions/method/x")).toMatchObject({ status: 200, body: "served" });

  const kill = await workerKiller(context, page);
  await kill();
  await publish(page, "b/c", "throw");
  await expect.poll(() => seen(page, "b/c")).toEqual([{ n: 2 }, "throw", "throw"]);

  await page.evaluate(() => (window as unknown as { una(): Promise<void> }).una());
  await publish(page, "a", 4);
  await expect.poll(async () => (await seen(page, "second")).at(-1)).toBe(4);
  expect(await seen(page, "a")).toEqual([1, "again", "again"]);
  expect(site.reached).toEqual([]);
});

test("what cannot be subscribed to is told, and leaves nothing behind", async ({ page, site }) => {
  await open(page, site.url, { appId: "refused" });
  const refusals = await page.evaluate(async () => {
    const why = (subscribing: Promise<unknown>) => subscribing.then(String, (error: Error) => error.message);
    const none = () => undefined;
    return [
      await why(window.daprlet.subscribe("t", none, { pubsubname: "nowhere" })),
      await why(window.daprlet.subscribe("t", none, { appId: "nobody" })),
    ];
  });
  expect(refusals[0]).toContain("did not subscribe to topic t");
  expect(refusals[1]).toContain("call register({ appId }) first");
  const { subscriptions } = JSON.parse((await call(page, "/v1.0/metadata")).body);
  expect(subscriptions).toBeUndefined();
});

test("in page mode as well", async ({ browser, site }) => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  await context.addInitScript(() => {
    Reflect.deleteProperty(Navigator.prototype, "serviceWorker");
  });
  const page = await context.newPage();
  expect((await open(page, site.url, { appId: "inside" })).door).toBe("page");
  await subscribe(page, "a");
  await publish(page, "a", 1);
  await publish(page, "a", "again");
  await expect.poll(() => seen(page, "a")).toEqual([1, "again", "again"]);
  await context.close();
});

test("T26: what was published before a subscriber ever started is there for it, in order", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "publisher" });
  for (const n of [1, 2, 3]) expect(await publish(page, "A", n)).toMatchObject({ status: 204 });
  const late = await context.newPage();
  await open(late, site.url, { appId: "ps" });
  await subscribe(late, "A");
  await expect.poll(() => seen(late, "A")).toEqual([1, 2, 3]);
});

for (const door of ["worker", "page"]) {
  test(`a script reads events as a stream and says what became of them: ${door}`, async ({ page, site }) => {
    if (door === "page") {
      await page.addInitScript(() => {
        delete (Navigator.prototype as { serviceWorker?: unknown }).serviceWorker;
      });
    }
    expect((await open(page, site.url, { appId: "streams" })).door).toBe(door);
    const got = page.evaluate(async () => {
      const got: unknown[] = [];
      await new Promise<void>((done) => {
        const path = "/v1.0-alpha1/subscribe/pubsub";
        const source = new EventSource(`${path}/orders?redeliverInterval=50ms`);
        source.onmessage = async ({ data, lastEventId }) => {
          got.push(JSON.parse(data).data);
          const status = got.length === 1 ? "RETRY" : "SUCCESS";
          const body = JSON.stringify({ id: lastEventId, status });
          got.push((await fetch(path, { method: "POST", body })).status);
          if (status === "RETRY") return;
          source.close();
          done();
        };
      });
      return got;
    });
    const listed = async () => JSON.parse((await call(page, "/v1.0/metadata")).body).subscriptions;
    await expect.poll(listed).toMatchObject([{ topic: "orders", type: "STREAMING" }]);
    await publish(page, "orders", 1);
    expect(await got).toEqual([1, 204, 1, 204]);
    await expect.poll(listed).toBeUndefined();
  });
}
