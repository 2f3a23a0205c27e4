import { call, expect, open, test } from "./fixtures.ts";

test("T41: orders go through a binding to a page's app, each as it is, the refused one again", async ({
  page,
  site,
}) => {
  const components = [{ name: "sample-topic", type: "bindings.in-memory" }];
  await open(page, site.url, { appId: "orders", components });
  await page.evaluate(async () => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    await window.daprlet.serve({
      appId: "orders",
      fetch: async (request) => {
        if (request.method === "OPTIONS") return new Response(null, { status: 200 });
        const text = await request.text();
        if (new URL(request.url).pathname !== "/sample-topic") return new Response(null, { status: 404 });
        seen.push(text);
        const first = seen.filter((one) => one === text).length === 1;
        return new Response(null, { status: text.includes(":3}") && first ? 500 : 200 });
      },
    });
  });
  for (let orderId = 1; orderId <= 5; orderId++) {
    const body = JSON.stringify({ data: { orderId } });
    const sent = await call(page, "/v1.0/bindings/sample-topic", { method: "POST", body });
    expect(sent.status).toBeLessThan(300);
  }
  const orders = () => page.evaluate(() => (window as unknown as { seen: string[] }).seen);
  await expect
    .poll(orders, { timeout: 15_000 })
    .toEqual([1, 2, 3, 3, 4, 5].map((orderId) => JSON.stringify({ orderId })));
  expect(site.reached).toEqual([]);
});
