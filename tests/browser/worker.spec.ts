import { call, expect, open, test } from "./fixtures.ts";

const memory = [
  { name: "statestore", type: "state.indexeddb" },
  { name: "pubsub", type: "pubsub.in-memory" },
];

test("answers state by both doors from the first load on, and nothing reaches the network", async ({
  page,
  site,
}) => {
  const registered = await open(page, site.url, { appId: "first", components: memory });
  expect(registered).toMatchObject({ appId: "first", door: "worker" });
  expect(registered.note).toBeUndefined();
  const saved = await call(page, "/v1.0/state/statestore", {
    method: "POST",
    body: JSON.stringify([{ key: "pet", value: { kind: "dog" } }]),
  });
  expect(saved.status).toBe(204);
  expect(await call(page, "http://localhost:3500/v1.0/state/statestore/pet")).toMatchObject({
    status: 200,
    body: '{"kind":"dog"}',
  });
  const byEvent = await page.evaluate(async () => {
    const frame = document.createElement("iframe");
    frame.srcdoc = "<p>";
    document.body.append(frame);
    await new Promise((loaded) => frame.addEventListener("load", loaded));
    const response = await (frame.contentWindow as Window & typeof globalThis).fetch(
      "/v1.0/state/statestore/pet",
    );
    return { status: response.status, body: await response.text() };
  });
  expect(byEvent).toEqual({ status: 200, body: '{"kind":"dog"}' });
  expect(site.reached).toEqual([]);
});

test("a page is an app that another page invokes", async ({ page, context, site }) => {
  await open(page, site.url, { appId: "caller", components: memory });
  const other = await context.newPage();
  await open(other, site.url, { appId: "greeter", components: memory });
  await other.evaluate(() =>
    window.daprlet.serve({
      appId: "greeter",
      fetch: async (request) =>
        new Response(`Hello, ${new URL(request.url).searchParams.get("name")}! ${await request.text()}`),
    }),
  );
  expect(await call(page, "/v1.0/invoke/greeter/method/greeting?name=World")).toMatchObject({
    status: 200,
    body: "Hello, World! ",
  });
  expect(
    await call(page, "/greeting?name=You", {
      method: "POST",
      body: "data",
      headers: { "dapr-app-id": "greeter" },
    }),
  ).toMatchObject({
    status: 200,
    body: "Hello, You! data",
  });
  expect(site.reached).toEqual([]);
});

test("the browser fetches the site's own files without asking the worker, where it can be told so", async ({
  page,
  site,
}) => {
  await open(page, site.url, { appId: "routes" });
  await page.reload();
  await page.waitForFunction(() => window.daprlet !== undefined);
  const routed = await page.evaluate(() => {
    if (!("workerMatchedSourceType" in PerformanceResourceTiming.prototype)) return "not supported";
    const entries = performance.getEntriesByType("resource") as (PerformanceEntry & {
      workerMatchedSourceType?: string;
    })[];
    return entries.find(({ name }) => name.endsWith("client.js"))?.workerMatchedSourceType;
  });
  expect(["network", "not supported"]).toContain(routed);
  expect(await call(page, "/any/path", { headers: { "dapr-app-id": "nobody" } })).toMatchObject({
    status: 500,
  });
  expect(site.reached).toEqual([]);
});
