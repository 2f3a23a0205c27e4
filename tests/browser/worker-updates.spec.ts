import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { PROTOCOL } from "../../worker/messages.ts";
import { call, expect, open, test } from "./fixtures.ts";

const built = (name: string) => readFileSync(resolve(import.meta.dirname, "../../dist", name), "utf8");

test("a new worker takes over at once, and old pages go on without a reload", async ({
  page,
  context,
  site,
}) => {
  const serving = { appId: "served", components: [{ name: "statestore", type: "state.indexeddb" }] };
  await open(page, site.url, serving);
  await page.evaluate(() => {
    Object.assign(window, { loaded: true });
    return window.daprlet.serve({ appId: "served", fetch: () => new Response("still here") });
  });
  await call(page, "/v1.0/state/statestore", { method: "POST", body: '[{"key":"k","value":1}]' });
  site.files.set("sw.js", `${built("sw.js")}\n// next`);
  const other = await context.newPage();
  const began = Date.now();
  await open(other, site.url, { appId: "caller" });
  await expect
    .poll(() =>
      other.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.waiting == null),
    )
    .toBe(true);
  expect(await call(other, "/v1.0/invoke/served/method/x")).toMatchObject({
    status: 200,
    body: "still here",
  });
  expect(Date.now() - began).toBeLessThan(8000);
  expect(await call(page, "/v1.0/state/statestore/k")).toMatchObject({ status: 200, body: "1" });
  expect(await page.evaluate(() => (window as unknown as { loaded?: boolean }).loaded)).toBe(true);
  expect(site.reached).toEqual([]);
});

/** The worker of a protocol that this client does not speak. */
function otherProtocol(): string {
  const code = built("sw.js");
  const other = code
    .replaceAll(new RegExp(`\\.daprlet!==${PROTOCOL}\\b`, "g"), `.daprlet!==${PROTOCOL + 1}`)
    .replaceAll(`protocol:${PROTOCOL}`, `protocol:${PROTOCOL + 1}`);
  if (other === code) throw new Error("the build has no protocol check to change");
  return other;
}

test("a worker of another protocol is told in a sentence; plain fetch goes on, nothing is reloaded", async ({
  page,
  site,
}) => {
  site.files.set("sw.js", otherProtocol());
  const first = await open(page, site.url, { appId: "stranger" });
  expect(first.note).toContain("of another version than this page");
  expect(await call(page, "/v1.0/healthz")).toMatchObject({ status: 503 });
  expect(site.reached).toEqual([]);
});

test("an old page under a new worker of another protocol goes on by plain fetch", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "old" });
  await call(page, "/v1.0/state/statestore", { method: "POST", body: '[{"key":"k","value":5}]' });
  site.files.set("sw.js", otherProtocol());
  const other = await context.newPage();
  await other.goto(site.url);
  await other.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
  });
  await page.waitForTimeout(1500);
  expect(await call(page, "/v1.0/state/statestore/k")).toMatchObject({ status: 200, body: "5" });
  expect(site.reached).toEqual([]);
});

test("attach(self) joins a worker that a site already has, and answers only what is the API's", async ({
  page,
  site,
}) => {
  const module = built("worker.js");
  const name = /([\w$]+) as attach\b/.exec(module)?.[1];
  if (name === undefined) throw new Error("worker.js does not export attach");
  const classic = module.replace(/export\s*\{[^}]*\};?\s*$/, "");
  site.files.set(
    "site-worker.js",
    `(() => { ${classic}; ${name}(self); })();
     self.addEventListener("install", () => self.skipWaiting());
     self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
     self.addEventListener("fetch", (event) => {
       if (new URL(event.request.url).pathname === "/mocked") event.respondWith(new Response("the site's own"));
     });`,
  );
  const registered = await open(page, site.url, { appId: "joined", scriptUrl: "site-worker.js" });
  expect(registered).toMatchObject({ door: "worker" });
  expect(await call(page, "/mocked")).toMatchObject({ body: "the site's own" });
  await call(page, "/v1.0/state/statestore", { method: "POST", body: '[{"key":"k","value":1}]' });
  expect(await call(page, "/v1.0/state/statestore/k")).toMatchObject({ body: "1" });
  expect(site.reached).toEqual([]);
  // A page that does not name the script finds the site's worker, and does not replace it.
  const again = await open(page, site.url, { appId: "joined" });
  expect(again).toMatchObject({ door: "worker" });
  const left = await page.evaluate(async () => {
    await (window as unknown as { registered: { unregister(): Promise<void> } }).registered.unregister();
    const registration = await navigator.serviceWorker.getRegistration();
    return {
      script: registration?.active?.scriptURL,
      databases: (await indexedDB.databases()).length,
      mocked: await (await fetch("/mocked")).text(),
    };
  });
  expect(left).toEqual({ script: `${site.url}site-worker.js`, databases: 0, mocked: "the site's own" });
});

test("a site's worker without attach is not replaced, and register() says what to do", async ({
  page,
  site,
}) => {
  site.files.set(
    "site-worker.js",
    `self.addEventListener("install", () => self.skipWaiting());
     self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));`,
  );
  await page.goto(site.url);
  const message = await page.evaluate(async () => {
    await navigator.serviceWorker.register("site-worker.js");
    await navigator.serviceWorker.ready;
    return await window.daprlet.register({ appId: "a" }).then(
      () => "registered",
      (error: Error) => error.message,
    );
  });
  expect(message).toContain("call attach(self) of daprlet/worker in it, or pass scriptUrl to replace it");
});
