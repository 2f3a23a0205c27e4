import { samplesOf } from "../telemetry/scrape.ts";
import { composed } from "./composed.ts";
import { call, expect, open, Site, test } from "./fixtures.ts";

test("a worker composed of chosen components has those, leaves the rest out, and says so", async ({
  page,
}) => {
  const code = await composed(
    `import { compose, inMemoryStore } from "daprlet/worker";
     compose(self, () => ({ state: [inMemoryStore], pubsub: [] }), { own: true });`,
  );
  expect(code).not.toContain("pubsub.browser has");
  expect(code).not.toContain("Keeps items in the browser's IndexedDB");
  expect(code).not.toContain("Lets through callers who show a signed token");
  const site = await Site.start();
  site.files.set("sw.js", code);
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  const told = await page.evaluate(async () => {
    const statestore = { name: "statestore", type: "state.in-memory" };
    await window.daprlet.register({ appId: "small", components: [statestore] });
    const body = JSON.stringify([{ key: "k", value: "kept" }]);
    const saved = await fetch("/v1.0/state/statestore", { method: "POST", body });
    const read = await fetch("/v1.0/state/statestore/k");
    const refused = await window.daprlet
      .register({ appId: "other", components: [{ name: "statestore", type: "state.indexeddb" }] })
      .then(
        () => "it opened",
        (error: Error) => error.message,
      );
    return { saved: saved.status, read: await read.text(), refused };
  });
  expect(told.saved).toBe(204);
  expect(told.read).toBe('"kept"');
  expect(told.refused).toContain("state.indexeddb");
  await site.stop();
});

test("a component of one's own joins those of a worker, as the guide has it", async ({ page }) => {
  const code = await composed(
    `import { compose, extendRegistry, workerRegistry } from "daprlet/worker";
     const stamp = {
       type: "middleware.http.stamp", version: "v1", summary: "", metadata: {}, features: [],
       open: async () => ({
         async handle(request, next) {
           const answer = await next(request);
           return { ...answer, headers: [...answer.headers, "x-stamp", "mine"] };
         },
         async close() {},
       }),
     };
     compose(self, (storage) => extendRegistry(workerRegistry(storage), [stamp]), { own: true });`,
  );
  const site = await Site.start();
  site.files.set("sw.js", code);
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  const stamped = await page.evaluate(async () => {
    const document = (kind: string, name: string, spec: object) =>
      JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind, metadata: { name }, spec });
    const type = "middleware.http.stamp";
    const components = [
      document("Component", "stamp", { type, version: "v1" }),
      document("Configuration", "pipeline", { httpPipeline: { handlers: [{ name: "stamp", type }] } }),
    ].join("\n---\n");
    await window.daprlet.register({ appId: "own", components });
    return (await fetch("/v1.0/metadata")).headers.get("x-stamp");
  });
  expect(stamped).toBe("mine");
  await site.stop();
});

test("a worker that measures shows Prometheus' text at two addresses, in tabs as well", async ({
  page,
  context,
}) => {
  const code = await composed(
    `import { attach, metrics } from "daprlet/worker";
     attach(self, { metrics, own: true });`,
  );
  const site = await Site.start("/shop/");
  site.files.set("sw.js", code);
  await open(page, site.url, { appId: "shop" });
  const body = JSON.stringify([{ key: "k", value: "kept" }]);
  expect((await call(page, "/v1.0/state/statestore", { method: "POST", body })).status).toBe(204);
  const counted =
    'dapr_http_server_request_count{app_id="shop",method="POST",path="/v1.0/state/statestore",status="204"}';
  for (const address of ["http://localhost:9090/metrics", "/shop/__daprlet/metrics", "__daprlet/metrics"]) {
    const { status, body: text } = await call(page, address);
    expect([status, samplesOf(text).get(counted)]).toEqual([200, 1]);
  }
  const tab = await context.newPage();
  await tab.goto(`${site.url}__daprlet/metrics`);
  await expect(tab.locator("body")).toContainText("# TYPE dapr_http_server_request_count counter");
  await site.stop();
});

test("sw.js measures nothing, and says so of neither address", async ({ page, site }) => {
  await open(page, site.url, { appId: "shop" });
  expect((await call(page, "/__daprlet/metrics")).status).toBe(503);
  expect(await page.evaluate(() => fetch("http://localhost:9090/metrics").catch(() => "the network's"))).toBe(
    "the network's",
  );
});
