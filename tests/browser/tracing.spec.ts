import type { BrowserContext, Page } from "playwright/test";
import { exporterYaml, tracingYaml } from "../tracing/chain.ts";
import { type Collector, startCollector } from "../tracing/collector.ts";
import { call, expect, open, test } from "./fixtures.ts";

let collector: Collector;
test.beforeEach(async () => {
  collector = await startCollector();
});
test.afterEach(() => collector.close());

/** A page that is the app `appId`, which hands what it is asked to `next`, or answers the status that it is told. */
async function serve(
  page: Page,
  url: string,
  appId: string,
  components: string,
  next?: string,
): Promise<void> {
  await open(page, url, { appId, components });
  await page.evaluate(
    async ([appId, components, next]) => {
      await window.daprlet.serve({
        appId,
        components,
        fetch: async (request) => {
          const { pathname, search } = new URL(request.url);
          if (pathname !== "/relay" && pathname !== "/answer") return new Response(null, { status: 404 });
          const status = Number(new URLSearchParams(search).get("status"));
          if (next === undefined) return new Response(null, { status });
          const traceparent = request.headers.get("traceparent") ?? "";
          return fetch(`/v1.0/invoke/${next}/method/answer${search}`, { headers: { traceparent } });
        },
      });
    },
    [appId, components, next] as const,
  );
}

/** T31 and T32 in pages: a asks b, b asks c; what the collector gets. */
async function chain(context: BrowserContext, url: string): Promise<void> {
  const components =
    tracingYaml("1") + exporterYaml("zipkin", { exporterAddress: `${collector.url}/api/v2/spans` });
  const [a, b, c] = (await Promise.all([1, 2, 3].map(() => context.newPage()))) as [Page, Page, Page];
  await serve(c, url, "c", components);
  await serve(b, url, "b", components, "c");
  await open(a, url, { appId: "a", components });
  const headers = { "x-correlation-id": "abc-1" };
  const answer = await call(a, "/v1.0/invoke/b/method/relay?status=403", { headers });
  expect(answer.status).toBe(403);
  const traceId = answer.headers.traceparent?.slice(3, 35);
  const trace = () => collector.spans().filter((span) => span.traceId === traceId);
  await expect.poll(() => trace().length).toBe(4);
  const found = trace().map((span) => {
    const parent = trace().find(({ id }) => id === span.parentId);
    const { localEndpoint, kind, name, tags } = span;
    expect(tags["http.request.header.x-correlation-id"]).toBe("abc-1");
    return [localEndpoint.serviceName, kind, name, parent?.localEndpoint.serviceName, tags.error];
  });
  expect(found.sort()).toEqual([
    ["a", "CLIENT", "relay", undefined, "Permission Denied"],
    ["b", "CLIENT", "answer", "b", "Permission Denied"],
    ["b", "SERVER", "relay", "a", "Permission Denied"],
    ["c", "SERVER", "answer", "b", "Permission Denied"],
  ]);
}

test("T31, T32: a service worker sends the spans of its apps to a collector", async ({ context, site }) => {
  await chain(context, site.url);
});

test("T31, T32: so do pages that have their runtime in themselves", async ({ browser, site }) => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  await context.addInitScript(() => {
    Reflect.deleteProperty(Navigator.prototype, "serviceWorker");
  });
  await chain(context, site.url);
  await context.close();
});

test("a component given as an object is enough, and OTLP goes as JSON", async ({ page, site }) => {
  const exporter = { name: "otlp", type: "exporters.otlp", metadata: { endpoint: collector.url } };
  await open(page, site.url, { appId: "a", components: [exporter] });
  const { headers } = await call(page, "/v1.0/metadata");
  await expect.poll(() => collector.received.length).toBeGreaterThan(0);
  const sent = collector.received.map(({ path, body }) => [path, body.toString()]);
  expect(sent[0]?.[0]).toBe("/v1/traces");
  expect(sent.some(([, body]) => body?.includes(headers.traceparent?.slice(36, 52) ?? "-"))).toBe(true);
});

test("no trace goes to another origin, which few let a page send", async ({ page, site }) => {
  const url = `${collector.url}/target`;
  await open(page, site.url, {
    appId: "a",
    components: [
      { name: "stdout", type: "exporters.stdout" },
      { name: "out", type: "bindings.http", metadata: { url } },
    ],
  });
  const { status } = await call(page, `/v1.0/invoke/${collector.url}/method/called`);
  const body = JSON.stringify({ operation: "post", data: {} });
  const bound = await call(page, "/v1.0/bindings/out", { method: "POST", body });
  expect([status, bound.status, bound.headers.traceparent?.length]).toEqual([202, 200, 55]);
  expect(collector.received.map(({ path, headers }) => [path, headers.traceparent])).toEqual([
    ["/called", undefined],
    ["/target", undefined],
  ]);
});
