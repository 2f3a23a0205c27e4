/** T62: the same web server, a module of WebAssembly, in two browsers. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright/test";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { compileAssemblyScript } from "../../host/node/cli/capability/compile-assemblyscript.ts";
import { linkComponent } from "../../host/node/cli/capability/component/link-component.ts";
import { startRelay } from "../../host/node/start-relay.ts";
import type * as Client from "../../worker/client/index.ts";
import { compiledC, componentOf, httpWit, noCompiler } from "../capability/built-component.ts";
import { echo, guest, saying, wasm, watPackage } from "../capability/wat-package.ts";
import { composed } from "./composed.ts";
import { call, expect, open, Site, test, workerKiller } from "./fixtures.ts";
import { post, putPackages, runOf, siteWith } from "./package-site.ts";

const dist = resolve(import.meta.dirname, "../../dist");

/** What a page or a site's own worker says of a capability of somebody else's, which is on their site. */
const given = (address: string) => ({
  packages: [`${address}packages/hello/`],
  grants: { hello: { limits: { timeMs: 20_000 } } },
});
const worker = (address: string) => `
  import { capabilities, compose, workerRegistry } from "daprlet/worker";
  compose(self, workerRegistry, { capabilities: capabilities(${JSON.stringify(given(address))}), own: true });`;

/** Somebody else's site, of another origin: any page may read what is on it. */
async function thirdParty(): Promise<Site> {
  const third = await Site.start("/", "127.0.0.1");
  third.allowOrigins = true;
  await putPackages(third, []);
  return third;
}

/** Built once in each process of the tests. */
let server: Buffer | undefined;
let counter: Buffer | undefined;

async function componentModule(): Promise<Buffer> {
  const component = await componentOf(compiledC("component-c/server.c"), httpWit(), "server");
  return Buffer.from(await linkComponent(component, 1024, import.meta.dirname));
}

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

test("T62: two browsers load the same Wasm web server, share a topic and what they keep through a relay, and have a third party's capability from its own site, also when the workers are stopped", async ({
  browser,
  site,
}) => {
  const relay = await startRelay({ port: 0 });
  const third = await thirdParty();
  site.files.set("sw.js", await composed(worker(third.url)));
  site.files.set("server.wasm", () => readFileSync(join(dist, "demo/server.wasm")));
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
  for (const { reached } of [site, third])
    expect(reached.filter((path) => !path.includes("favicon"))).toEqual([]);
  await Promise.all([one.context.close(), two.context.close()]);
  await relay.close();
  await third.stop();
});

/** A page whose sidecar is in a worker, or in itself. */
async function pageOf(browser: Browser, where: "a worker" | "no worker"): Promise<Page> {
  const context = await browser.newContext(where === "a worker" ? {} : { serviceWorkers: "block" });
  if (where === "no worker")
    await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, "serviceWorker"));
  return await context.newPage();
}

const serveModule = (page: Page, appId: string, limits = {}) =>
  page.evaluate(
    async ([id, given]) => {
      await window.daprlet.serve({ appId: id, wasm: { module: "./server.wasm", limits: given } });
    },
    [appId, limits] as const,
  );
const published = (page: Page, topic: string, data: object) =>
  call(page, `/v1.0/publish/pubsub/${topic}`, { ...post, body: JSON.stringify(data) });

test("a Wasm web server in a page without a worker is invoked, gets its topic, and has a third party's capability from its own site", async ({
  browser,
  site,
}) => {
  const third = await thirdParty();
  site.files.set("server.wasm", () => readFileSync(join(dist, "demo/server.wasm")));
  const page = await pageOf(browser, "no worker");
  const { door } = await open(page, site.url, { appId: "book", capabilities: given(third.url) });
  expect(door).toBe("page");
  await serveModule(page, "book");
  const written = await write(page, "book", "Ada", "in a page");
  expect([written.status, JSON.parse(written.body).greeting]).toEqual([201, "Hello, Ada!"]);
  const note = { id: "1", author: "Bob", text: "heard", greeting: "" };
  expect((await published(page, "notes", note)).status).toBe(204);
  await expect.poll(() => book(page, "book"), patiently).toContain("<b>Bob</b>: heard");
  await page.context().close();
  await third.stop();
});

for (const where of ["a worker", "no worker"] as const) {
  test(`a page with ${where} adds a third party's package by its address, where that lets it, and with what its user grants`, async ({
    browser,
  }) => {
    const site = await siteWith([], {}, true);
    const third = await Site.start("/", "127.0.0.1");
    const store = "statestore";
    const fields = { ":call": "state.get", store, key: "shared" };
    const reading = Object.entries(fields).map(([name, value]) => textField(name, value));
    const asking = encodeMessage({ kind: messageKind.calls, fields: reading });
    const reader = saying(asking, { resume: echo });
    const needs = { state: [{ store, access: "read", keys: "" }] };
    await putPackages(third, [watPackage("reader", reader, { needs })]);
    const page = await pageOf(browser, where);
    await open(page, site.url, { appId: "app", capabilities: { fromPages: true } });
    const add = (all: boolean) =>
      page.evaluate(
        async ([address, grant]) => {
          const { addPackage, fetchPackage } = await import(new URL("packages.js", location.href).href);
          const { scope } = (window as unknown as { registered: Client.Registered }).registered;
          const one = await fetchPackage(address);
          await addPackage(one, { scope, granted: grant ? one.asks : [] });
          return one.asks.map(({ phrase }: { phrase: string }) => phrase);
        },
        [`${third.url}packages/reader`, all] as const,
      );
    const status = async () => (await call(page, runOf("reader"), post)).status;
    await expect(add(true)).rejects.toThrow(
      /packages\/reader\/capability.json: .*Access-Control-Allow-Origin/,
    );
    expect(await status()).toBe(404);
    third.allowOrigins = true;
    expect(await add(false)).toEqual([expect.stringContaining(store)]);
    await expect.poll(status, patiently).toBe(403);
    await add(true);
    await expect.poll(status, patiently).toBe(204);
    await third.stop();
    expect(await status()).toBe(204);
    await page.context().close();
    await site.stop();
  });

  test(`a component for wasi:http is the app of a page with ${where}: invoked, subscribed, and waiting for its sidecar`, async ({
    browser,
    site,
  }) => {
    test.skip(noCompiler && process.env.CI !== "true", "there is no compiler of C");
    test.setTimeout(120_000);
    server ??= await componentModule();
    const module = server;
    site.files.set("server.wasm", () => module);
    const page = await pageOf(browser, where);
    const { door } = await open(page, site.url, { appId: "shop" });
    expect(door).toBe(where === "a worker" ? "worker" : "page");
    await serveModule(page, "shop", { concurrency: 1 });
    const invoke = (path: string, init = {}) => call(page, `/v1.0/invoke/shop/method/${path}`, init);
    const echo = { method: "PUT", body: "é".repeat(500), headers: { "x-mine": "yes" } };
    expect(await invoke("echo?x=1", echo)).toMatchObject({ status: 201, body: echo.body });
    expect((await published(page, "orders", { order: 7 })).status).toBe(204);
    const last = async () => JSON.parse((await invoke("last")).body || "{}").data;
    await expect.poll(last, patiently).toEqual({ order: 7 });
    expect(await invoke("both")).toMatchObject({ status: 200, body: expect.stringContaining('"id":"shop"') });
    expect(await invoke("outside")).toMatchObject({
      status: 403,
      body: expect.stringContaining("http://example.com"),
    });
    expect((await invoke("none")).status).toBe(500);
    expect((await invoke("large")).body.length).toBe(200_000);
    await page.context().close();
  });

  test(`a Wasm app hosts its actors in a page with ${where}`, async ({ browser, site }) => {
    test.setTimeout(120_000);
    const source = resolve(import.meta.dirname, "../capability/counter-app/index.ts");
    counter ??= Buffer.from(await compileAssemblyScript(source, 64));
    const module = counter;
    site.files.set("server.wasm", () => module);
    const page = await pageOf(browser, where);
    await open(page, site.url, { appId: "town" });
    await serveModule(page, "town", { concurrency: 4 });
    const turn = async (id: string, method: string, body = "") =>
      (await call(page, `/v1.0/actors/Counter/${id}/method/${method}`, { ...post, body })).body;
    const kept = async (id: string, key: string) =>
      (await call(page, `/v1.0/actors/Counter/${id}/state/${key}`)).body;
    const answers = await Promise.all(Array.from({ length: 5 }, () => turn("a", "increment")));
    expect(answers.sort()).toEqual(["1", "2", "3", "4", "5"]);
    expect(await turn("a", "remind", '{"dueTime":"0s"}')).toBe("");
    await expect.poll(() => kept("a", "reminders"), patiently).toBe("1");
    expect([await turn("a", "ask", "b"), await kept("b", "n")]).toEqual(["1", "1"]);
    await page.context().close();
  });
}

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
