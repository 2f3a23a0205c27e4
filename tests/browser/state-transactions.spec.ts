import { call, expect, open, test, workerKiller } from "./fixtures.ts";

const outbox = { outboxPublishPubsub: "bus", outboxPublishTopic: "told" };
const components = [
  { name: "albums", type: "state.indexeddb" },
  { name: "audio", type: "state.opfs" },
  { name: "bus", type: "pubsub.browser" },
];

/** How often the worker is stopped; TRANSACTION_STOPS asks for more. */
const stops = Number(process.env.TRANSACTION_STOPS ?? 3);

// The book's transaction (T38), with an outbox.
for (const type of ["state.indexeddb", "state.opfs"])
  test(`a worker that is stopped leaves whole transactions, and an event of each: ${type}`, async ({
    page,
    context,
    site,
  }) => {
    test.setTimeout(90_000);
    const statestore = { name: "statestore", type, metadata: outbox };
    await open(page, site.url, { appId: "shop", components: [statestore, ...components] });
    await page.evaluate(async () => {
      const told: string[] = [];
      Object.assign(window, { told });
      await window.daprlet.serve({
        appId: "shop",
        async fetch(request) {
          if (new URL(request.url).pathname === "/dapr/subscribe") {
            return Response.json([{ pubsubname: "bus", topic: "told", route: "/told" }]);
          }
          told.push(((await request.json()) as { data: string }).data);
          return new Response();
        },
      });
    });
    const writing = page.evaluate(async () => {
      const statuses: number[] = [];
      Object.assign(window, { statuses });
      const post = async (operations: unknown[]) => {
        const body = JSON.stringify({ operations });
        const answer = await fetch("/v1.0/state/statestore/transaction", { method: "POST", body });
        return answer.status;
      };
      const upsert = (key: string, more: object = {}) => ({
        operation: "upsert",
        request: { key, value: key, ...more },
      });
      const stale = { etag: "99", options: { concurrency: "first-write" } };
      const caller = async () => {
        while (!("enough" in window)) {
          const number = statuses.push(0) - 1;
          const refused = await post([upsert(`t2-${number}`), upsert("key-2", stale)]).catch(() => 500);
          const written = await post([upsert(`a-${number}`), upsert(`b-${number}`)]).catch(() => 0);
          statuses[number] = refused === 500 ? written : refused;
        }
      };
      await Promise.all([caller(), caller(), caller()]);
      return statuses;
    });
    const kill = await workerKiller(context, page);
    const asked = () => page.evaluate(() => (window as unknown as { statuses: number[] }).statuses.length);
    for (let i = 0; i < stops; i++) {
      const enough = (await asked()) + 10;
      await expect.poll(asked, { intervals: [5], timeout: 20_000 }).toBeGreaterThan(enough);
      await kill();
    }
    await page.evaluate(() => Object.assign(window, { enough: true }));
    const statuses = await writing;
    expect(statuses.filter((status) => status !== 204 && status !== 0)).toEqual([]);
    const stored = await page.evaluate(async (count) => {
      const all = Array.from({ length: count }, (_, n) => [`t2-${n}`, `a-${n}`, `b-${n}`]).flat();
      const body = JSON.stringify({ keys: [...all, "key-2"] });
      const answer = await fetch("/v1.0/state/statestore/bulk", { method: "POST", body });
      const items = (await answer.json()) as { key: string; data?: string }[];
      return items.filter(({ data }) => data !== undefined).map(({ key }) => key);
    }, statuses.length);
    expect(stored.filter((key) => key === "key-2" || key.startsWith("t2"))).toEqual([]);
    const has = new Set(stored);
    for (const [n, status] of statuses.entries()) {
      expect(has.has(`a-${n}`), `both of ${n} or none`).toBe(has.has(`b-${n}`));
      if (status === 204) expect(has.has(`a-${n}`), `${n}, which was answered`).toBe(true);
    }
    const told = () =>
      page.evaluate(() => [...new Set((window as unknown as { told: string[] }).told)].sort());
    await expect.poll(told, { timeout: 30_000 }).toEqual(stored.sort());
  });

test("T40: two stores of one app keep their keys apart, and a second app reads neither", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "music", components });
  const found = await page.evaluate(async () => {
    const path = (store: string) => `/v1.0/state/${store}`;
    const save = (store: string, value: string) =>
      fetch(path(store), { method: "POST", body: JSON.stringify([{ key: "one", value }]) });
    const read = async (store: string) => await (await fetch(`${path(store)}/one`)).text();
    await save("albums", "cover");
    const before = await read("audio");
    await save("audio", "sound".repeat(400_000));
    await fetch(`${path("albums")}/one`, { method: "DELETE" });
    return [before, await read("albums"), (await read("audio")).length];
  });
  expect(found).toEqual(["", "", 2_000_002]);
  await (await workerKiller(context, page))();
  const audio = await call(page, "/v1.0/state/audio/one");
  expect([audio.status, audio.body.length]).toEqual([200, 2_000_002]);
  const stale = JSON.stringify([{ key: "one", value: 1, etag: "stale" }]);
  expect((await call(page, "/v1.0/state/audio", { method: "POST", body: stale })).status).toBe(409);
  await page.evaluate((given) => window.daprlet.register({ appId: "other", components: given }), components);
  expect((await call(page, "/v1.0/state/audio/one")).status).toBe(204);
  await page.evaluate(() =>
    (window as unknown as { registered: { unregister(): Promise<void> } }).registered.unregister(),
  );
  const left = await page.evaluate(async () => {
    const names: string[] = [];
    for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name);
    return names;
  });
  expect(left).toEqual([]);
});
