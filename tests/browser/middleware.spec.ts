import type { Page } from "playwright/test";
import { expect, test } from "./fixtures.ts";

/** The book's `uppercase.yaml` and `pipeline.yaml`, which have no versions. */
const uppercase = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: uppercase
spec:
  type: middleware.http.uppercase
`;
const pipeline = (...handlers: readonly string[]) => `apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata:
  name: pipeline
spec:
  httpPipeline:
    handlers:
${handlers.map((name) => `    - type: middleware.http.${name}\n      name: ${name}`).join("\n")}
`;
const alias = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: routeralias
spec:
  type: middleware.http.routeralias
  metadata:
    - name: routes
      value: '{ "/v1.0/hello": "/v1.0/invoke/rust-web/method/echo" }'
`;

/** T28, by both doors; then another pipeline while it runs, and one that names what is not there. */
async function walk(page: Page) {
  return await page.evaluate(
    async ({ first, second, wrong }) => {
      const registered = await window.daprlet.register({ appId: "rust-web", components: first });
      await window.daprlet.serve({
        appId: "rust-web",
        fetch: async (request) => {
          if (new URL(request.url).pathname !== "/events") return new Response(await request.text());
          const events = new ReadableStream<Uint8Array>({
            start(controller) {
              controller.enqueue(new TextEncoder().encode("data: first\n\n"));
              window.setTimeout(() => controller.close(), 5_000);
            },
          });
          return new Response(events, { headers: { "content-type": "text/event-stream" } });
        },
      });
      const body = '{"name":"hello","list":["a",1]}';
      const echo = async (path: string) => await (await fetch(path, { method: "POST", body })).text();
      const printed = await echo("/v1.0/invoke/rust-web/method/echo");
      const absolute = await echo("http://localhost:3500/v1.0/invoke/rust-web/method/echo");
      const stream = await fetch("/v1.0/invoke/rust-web/method/events");
      const chunk = await stream.body?.getReader().read();
      await registered.update(second);
      const aliased = await echo("/v1.0/hello?x=1");
      const refused = await registered.update(wrong).then(
        () => "taken",
        (error: Error) => error.message,
      );
      const still = await echo("/v1.0/hello");
      const streamed = new TextDecoder().decode(chunk?.value);
      return { door: registered.door, printed, absolute, streamed, aliased, refused, still };
    },
    {
      first: [uppercase, pipeline("uppercase")].join("---\n"),
      second: [alias, pipeline("routeralias")].join("---\n"),
      wrong: pipeline("uppercase"),
    },
  );
}

const upper = '{"NAME":"HELLO","LIST":["A",1]}';
const plain = '{"name":"hello","list":["a",1]}';

test("T28: the book's pipeline turns a body into capitals, in a worker", async ({ page, site }) => {
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  expect(await walk(page)).toEqual({
    door: "worker",
    printed: upper,
    absolute: upper,
    streamed: "data: first\n\n",
    aliased: plain,
    refused: expect.stringContaining("httpPipeline names middleware uppercase"),
    still: plain,
  });
});

test("T28, where no worker can live", async ({ browser, site }) => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  await context.addInitScript(() => {
    Reflect.deleteProperty(Navigator.prototype, "serviceWorker");
  });
  const page = await context.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  expect(await walk(page)).toMatchObject({ door: "page", printed: upper, absolute: upper, aliased: plain });
  await context.close();
});
