/** T62: the same web server, a module of WebAssembly, in two browsers. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright/test";
import { startRelay } from "../../host/node/start-relay.ts";
import { guest, wasm } from "../capability/wat-package.ts";
import { composed } from "./composed.ts";
import { call, expect, open, type Site, test, workerKiller } from "./fixtures.ts";

const dist = resolve(import.meta.dirname, "../../dist");

/** The site's own worker has a capability of somebody else's. */
const worker = `
  import { capabilities, compose, workerRegistry } from "daprlet/worker";
  compose(self, workerRegistry, { capabilities: capabilities({ packages: ["packages/hello/"], grants: { hello: { limits: { timeMs: 20_000 } } } }), own: true });`;

const patiently = { timeout: 15_000 };

interface BrowserOf {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly stop: () => Promise<void>;
}

async function browserWith(browser: Browser, site: Site, appId: string, relay: string): Promise<BrowserOf> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await open(page, site.url, { appId, relay });
  await page.evaluate(
    (id) => window.daprlet.serve({ appId: id, wasm: "./server.wasm" }).then(() => {}),
    appId,
  );
  return { context, page, stop: await workerKiller(context, page) };
}

const book = (page: Page, appId: string) =>
  call(page, `/v1.0/invoke/${appId}/method/`).then(({ body }) => body);
const write = (page: Page, appId: string, author: string, text: string) =>
  call(page, `/v1.0/invoke/${appId}/method/notes`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ author, text }),
  });

test("T62: two browsers load the same Wasm web server, share a topic and what they keep through a relay, also when the workers are stopped", async ({
  browser,
  site,
}) => {
  const relay = await startRelay({ port: 0 });
  site.files.set("sw.js", await composed(worker));
  site.files.set("server.wasm", () => readFileSync(join(dist, "demo/server.wasm")));
  for (const file of readdirSync(join(dist, "capabilities/hello")))
    site.files.set(`packages/hello/${file}`, () => readFileSync(join(dist, "capabilities/hello", file)));
  const one = await browserWith(browser, site, "book-1", relay.url);
  const two = await browserWith(browser, site, "book-2", relay.url);

  const written = await write(one.page, "book-1", "Ada", "from the first");
  expect([written.status, JSON.parse(written.body)]).toEqual([
    201,
    expect.objectContaining({ greeting: "Hello, Ada!" }),
  ]);
  await expect.poll(() => book(two.page, "book-2"), patiently).toContain("<b>Ada</b>: from the first");
  // Its own sidecar's state, and not only what its server remembers.
  expect((await call(two.page, "/v1.0/state/statestore/notes")).body).toContain("from the first");

  await Promise.all([one.stop(), two.stop()]);
  expect((await write(two.page, "book-2", "Bob", "after the kill")).status).toBe(201);
  await expect.poll(() => book(one.page, "book-1"), patiently).toContain("<b>Bob</b>: after the kill");
  // The other browser's server, by its sidecar and the relay.
  await expect.poll(() => book(one.page, "book-2"), patiently).toContain("Hello, Bob!");

  // Files, and nothing else.
  expect(site.reached.filter((path) => !path.includes("favicon"))).toEqual([]);
  await Promise.all([one.context.close(), two.context.close()]);
  await relay.close();
});

test("a Wasm app that loops is ended and serves on, one of another hash is refused, and a strict policy leaves it running", async ({
  page,
  site,
}) => {
  const looping = guest({ handle: "(loop $again (br $again)) (unreachable)" });
  const bytes = [...wasm(looping)];
  const serve = (options: object) =>
    page.evaluate(
      async ([module, given]) => {
        const wasm = { module: new Uint8Array(module), ...given };
        return await window.daprlet.serve({ appId: "app", wasm }).then(
          () => "serves",
          (error: Error) => error.message,
        );
      },
      [bytes, options] as const,
    );
  site.files.set(
    "strict.html",
    '<!doctype html><link rel="icon" href="data:,"><script type="module" src="./strict.js"></script>',
  );
  site.files.set("strict.js", 'import * as daprlet from "./client.js"; window.daprlet = daprlet;');
  site.headers["content-security-policy"] = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
  await open(page, `${site.url}strict.html`, { appId: "app" });
  expect(await serve({ sha256: "0".repeat(64) })).toContain("where its manifest says 000");
  expect(await serve({ limits: { timeMs: 300 } })).toBe("serves");
  for (let i = 0; i < 2; i++) {
    const { status, body } = await call(page, "/v1.0/invoke/app/method/x");
    expect([status, JSON.parse(body).errorCode]).toEqual([504, "ERR_CAPABILITY_DEADLINE"]);
  }
  await expect.poll(() => page.workers().length).toBe(0);
});
