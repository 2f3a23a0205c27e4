import { call, expect, open, test } from "./fixtures.ts";

const save = { method: "POST", headers: { "content-type": "application/json" } };

test("a page exports its state, and another browser imports it", async ({ page, site, browser }) => {
  const first = await open(page, site.url, { appId: "a" });
  expect(first.storage).toBe("best-effort");
  const items = Array.from({ length: 1_500 }, (_, i) => ({ key: `k${i}`, value: { n: i, text: "ü\u0000" } }));
  expect((await call(page, "/v1.0/state/statestore", { ...save, body: JSON.stringify(items) })).status).toBe(
    204,
  );
  const before = await call(page, "/v1.0/state/statestore/k7");
  expect((await call(page, "/v1.0/publish/pubsub/t", { ...save, body: '{"kept":true}' })).status).toBe(204);
  const file = await page.evaluate(async () => {
    const { registered } = window as unknown as { registered: { exportState(): Promise<Blob> } };
    return await (await registered.exportState()).text();
  });
  expect(file.split("\n").filter((line) => line.includes('"store":"items"'))).toHaveLength(1_500);

  const other = await browser.newContext();
  const there = await other.newPage();
  await open(there, site.url, { appId: "a" });
  const imported = await there.evaluate(async (text) => {
    const { registered } = window as unknown as {
      registered: { importState(file: Blob): Promise<readonly { family: string; records: number }[]> };
    };
    await registered.importState(new Blob([text.slice(0, -20)])).catch(() => undefined);
    const untouched = (await fetch("/v1.0/state/statestore/k7")).status;
    return { untouched, imported: await registered.importState(new Blob([text])) };
  }, file);
  expect(imported.untouched).toBe(204);
  expect(imported.imported.find(({ family }) => family === "state")?.records).toBe(1_500);
  const after = await call(there, "/v1.0/state/statestore/k7");
  expect(after.body).toBe(before.body);
  expect(after.headers.etag).toBe(before.headers.etag);
  const subscribed = await there.evaluate(
    () =>
      new Promise<string>((resolve) => {
        void window.daprlet.serve({
          appId: "a",
          subscriptions: [{ pubsubname: "pubsub", topic: "t", route: "/t" }],
          fetch: async (request) => {
            if (request.method === "GET") return new Response(null, { status: 404 });
            resolve(await request.text());
            return new Response();
          },
        });
      }),
  );
  expect(JSON.parse(subscribed).data).toEqual({ kept: true });
  await other.close();
});

test("the state of two sites below one origin does not meet", async ({ page, context, site }) => {
  site.files.set(
    "sub/index.html",
    `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">
      import * as daprlet from "../client.js";
      window.daprlet = daprlet;
    </script>`,
  );
  const below = await context.newPage();
  await open(page, site.url, { appId: "a" });
  await open(below, `${site.url}sub/index.html`, {
    appId: "a",
    scriptUrl: `${site.url}sw.js`,
    scope: `${site.url}sub/`,
  });
  for (const [where, value] of [[page, 1] as const, [below, 2] as const]) {
    const body = JSON.stringify([{ key: "k", value }]);
    expect((await call(where, "/v1.0/state/statestore", { ...save, body })).status).toBe(204);
  }
  expect((await call(page, "/v1.0/state/statestore/k")).body).toBe("1");
  expect((await call(below, "/v1.0/state/statestore/k")).body).toBe("2");
  const names = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  expect(names).toEqual(
    expect.arrayContaining(["daprlet:/:state:statestore", "daprlet:/sub/:state:statestore"]),
  );
  await below.evaluate(() =>
    (window as unknown as { registered: { unregister(): Promise<void> } }).registered.unregister(),
  );
  const left = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  expect(left.filter((name) => name?.startsWith("daprlet:/sub/:"))).toEqual([]);
  expect((await call(page, "/v1.0/state/statestore/k")).body).toBe("1");
});

test("persist() waits for the person's first gesture", async ({ page, site }) => {
  site.files.set(
    "persist.html",
    `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module">
      import { register } from "./client.js";
      const registered = await register({ appId: "a" });
      registered.persist().then((granted) => (document.title = granted));
      document.title = "waiting";
    </script>`,
  );
  await page.goto(`${site.url}persist.html`);
  // Not by evaluate(), which counts as a gesture.
  await page.waitForTimeout(2_000);
  expect(await page.title()).toBe("waiting");
  await page.waitForTimeout(300);
  expect(await page.title()).toBe("waiting");
  await page.mouse.click(10, 10);
  await expect(page).toHaveTitle(/^(persistent|best-effort)$/);
});
