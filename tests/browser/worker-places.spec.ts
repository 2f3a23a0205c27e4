import { createServer } from "node:http";
import { call, expect, open, Site, test } from "./fixtures.ts";
import { addressesOf, greet, patience, putPackages } from "./package-site.ts";

test("something else that listens on port 3500 is never reached from a page", async ({ page, site }) => {
  const reached: string[] = [];
  const other = createServer((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    response.writeHead(200, { "access-control-allow-origin": "*" }).end("somebody else");
  });
  const free = await new Promise<boolean>((listening) => {
    other.once("error", () => listening(false));
    other.listen(3500, "127.0.0.1", () => listening(true));
  });
  test.skip(!free, "port 3500 is taken on this machine");
  try {
    await open(page, site.url, { appId: "busy-port" });
    for (const host of ["localhost:3500", "127.0.0.1:3500"]) {
      const url = `http://${host}/v1.0/healthz`;
      expect(await call(page, url)).toMatchObject({ status: 204 });
      const others = await page.evaluate(async (address) => {
        const byXhr = await new Promise((answered) => {
          const request = new XMLHttpRequest();
          request.onloadend = () => answered(request.status);
          request.open("GET", address);
          request.send();
        });
        const code = `fetch(${JSON.stringify(address)}).then((r) => postMessage(r.status), (e) => postMessage(String(e)))`;
        const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
        const byWorker = await new Promise((answered) => {
          worker.onmessage = ({ data }) => answered(data);
        });
        let sync: unknown = "went out";
        try {
          const request = new XMLHttpRequest();
          request.open("GET", address, false);
          request.send();
        } catch (error) {
          sync = (error as Error).name;
        }
        let later: unknown = "went out";
        try {
          (window as unknown as { fetchLater?: (url: string) => void }).fetchLater?.(address);
          later = "fetchLater" in window ? later : "NetworkError";
        } catch (error) {
          later = (error as Error).name;
        }
        const beacon = navigator.sendBeacon(new URL("/v1.0/publish/pubsub/beacons", address), "{}");
        await fetch(address, { keepalive: true });
        return { byXhr, byWorker, sync, later, beacon };
      }, url);
      expect(others).toEqual({
        byXhr: 204,
        byWorker: 204,
        sync: "NetworkError",
        later: "NetworkError",
        beacon: true,
      });
    }
    await page.evaluate(() => {
      const frame = document.createElement("iframe");
      frame.id = "f";
      frame.src = "http://localhost:3500/v1.0/metadata";
      document.body.innerHTML = `<img src="http://localhost:3500/v1.0/healthz">
        <a id="a" target="out" href="http://localhost:3500/v1.0/metadata">link</a>
        <form id="p" target="posted" method="post" action="http://localhost:3500/v1.0/invoke/nobody/method/x"><button>post</button></form>
        <iframe name="out"></iframe><iframe name="posted"></iframe>
        <iframe name="opened"></iframe><iframe name="submitted"></iframe>`;
      document.body.append(frame);
    });
    await page.click("#a");
    await page.click("#p button");
    await page.evaluate(() => {
      window.open("http://localhost:3500/v1.0/metadata", "opened");
      const form = document.createElement("form");
      Object.assign(form, { method: "post", target: "submitted" });
      form.action = "http://localhost:3500/v1.0/invoke/nobody/method/x";
      document.body.append(form);
      form.submit();
    });
    for (const [selector, text] of [
      ["#f", '"id":"busy-port"'],
      ["iframe[name=out]", '"id":"busy-port"'],
      ["iframe[name=opened]", '"id":"busy-port"'],
      ["iframe[name=posted]", "ERR_DIRECT_INVOKE"],
      ["iframe[name=submitted]", "ERR_DIRECT_INVOKE"],
    ] as const) {
      await expect(page.frameLocator(selector).locator("body")).toContainText(text);
    }
    expect(site.reached).toEqual([]);
    await page.evaluate(() => location.assign("http://127.0.0.1:3500/v1.0/metadata"));
    await expect(page.locator("body")).toContainText('"id":"busy-port"');
    expect(reached).toEqual([]);
  } finally {
    other.closeAllConnections();
    await new Promise((closed) => other.close(closed));
  }
});

test("the address bar shows what the app answers, and a form of another site may not write", async ({
  page,
  context,
  site,
}) => {
  await open(page, site.url, { appId: "shown" });
  await page.evaluate(() =>
    window.daprlet.serve({ appId: "shown", fetch: () => new Response("Hello, World!") }),
  );
  const bar = await context.newPage();
  await bar.goto(`${site.origin}/v1.0/invoke/shown/method/greeting`);
  await expect(bar.locator("body")).toHaveText("Hello, World!");
  await bar.reload();
  await expect(bar.locator("body")).toHaveText("Hello, World!");
  await bar.goto(`${site.origin}/v1.0/state/statestore/missing`);
  await expect(bar.locator("body")).toContainText("204");

  const form = (action: string) =>
    `<form method="post" enctype="text/plain" action="${action}"><input name='[{"key":"evil","value":"' value='"}]'></form>
     <script>document.forms[0].submit()</script>`;
  const evil = await Site.start("/", "127.0.0.1");
  try {
    evil.files.set("", form(`${site.origin}/v1.0/state/statestore`));
    await bar.goto(evil.url);
    await expect(bar.locator("body")).toContainText("ERR_FORBIDDEN_HOST");
    evil.files.set("", form(`${site.origin}/__daprlet/call/v1.0/state/statestore`));
    await bar.goto(evil.url);
    await expect(bar.locator("body")).toContainText("the client's own");
    evil.files.set("", form(`${site.origin}/__daprlet/at/v1.0/state/statestore`));
    await bar.goto(evil.url);
    await expect(bar.locator("body")).toContainText("ERR_FORBIDDEN_HOST");
    expect(await call(page, "/v1.0/state/statestore/evil")).toMatchObject({ status: 204 });
  } finally {
    await evil.stop();
  }
  site.files.set("own.html", form("/v1.0/state/statestore"));
  await bar.goto(`${site.url}own.html`, { waitUntil: "commit" });
  await expect.poll(async () => (await call(page, "/v1.0/state/statestore/evil")).body).toBe('"="');
});

test("without service workers the runtime runs in the page and says so", async ({ browser, site }) => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  await page.addInitScript(() => {
    Reflect.deleteProperty(Navigator.prototype, "serviceWorker");
  });
  const registered = await open(page, site.url, { appId: "inside" });
  expect(registered.door).toBe("page");
  expect(registered.note).toContain(
    "The runtime runs in this page, because this browser offers no service worker here",
  );
  await page.evaluate(() =>
    window.daprlet.serve({ appId: "inside", fetch: () => new Response("from the page") }),
  );
  expect(await call(page, "/v1.0/invoke/inside/method/x")).toMatchObject({
    status: 200,
    body: "from the page",
  });
  await call(page, "http://localhost:3500/v1.0/state/statestore", {
    method: "POST",
    body: '[{"key":"k","value":7}]',
  });
  await open(page, site.url, { appId: "inside" });
  expect(await call(page, "/v1.0/state/statestore/k")).toMatchObject({ status: 200, body: "7" });
  for (const base of ["", "http://localhost:3500"]) {
    await page.evaluate((address) => {
      document.body.innerHTML = `<a href="${address}/v1.0/metadata" target="shown">go</a><iframe name="shown"></iframe>`;
    }, base);
    await page.click("a");
    await expect(page.frameLocator("iframe").locator("body")).toContainText("a link, form or frame is not");
  }
  expect(site.reached).toEqual([]);
  await context.close();
});

test("a page on an insecure origin of the LAN is told why, and runs the runtime itself", async ({ page }) => {
  const site = await Site.start("/", "daprlet.test");
  try {
    await page.context().route(/daprlet\.test/, async (route) => {
      const response = await route.fetch({ url: route.request().url().replace("daprlet.test", "127.0.0.1") });
      await route.fulfill({ response });
    });
    await putPackages(site, []);
    const capabilities = { packages: addressesOf([]), grants: patience };
    const registered = await open(page, site.url, { appId: "lan", capabilities });
    expect(registered.door).toBe("page");
    expect(registered.note).toContain("loaded over plain http from daprlet.test");
    expect(await call(page, "/v1.0/healthz")).toMatchObject({ status: 204 });
    expect(await call(page, greet)).toMatchObject({ status: 200, body: "Hello, you!\n" });
  } finally {
    await site.stop();
  }
});

test("a sandboxed frame, whose origin is opaque, runs the runtime itself, in memory", async ({
  page,
  site,
}) => {
  site.allowOrigins = true;
  site.files.set(
    "outer.html",
    `<link rel="icon" href="data:,"><iframe sandbox="allow-scripts" src="./"></iframe>`,
  );
  await putPackages(site, []);
  await page.goto(`${site.url}outer.html`);
  const frame = page.frames()[1];
  if (frame === undefined) throw new Error("the frame did not load");
  await frame.waitForFunction(() => window.daprlet !== undefined);
  const told = await frame.evaluate(async () => {
    const grants = { hello: { limits: { timeMs: 20_000 } } };
    const capabilities = { packages: ["packages/hello"], grants };
    const { door, storage, note } = await window.daprlet.register({ appId: "boxed", capabilities });
    await window.daprlet.serve({
      appId: "boxed",
      fetch: (request) => new Response(new URL(request.url).pathname),
    });
    const body = '[{"key":"k","value":1}]';
    const saved = await fetch("/v1.0/state/statestore", { method: "POST", body });
    const read = await fetch("http://localhost:3500/v1.0/state/statestore/k");
    const invoked = await fetch("/v1.0/invoke/boxed/method/here");
    const greeted = await fetch("/v1/capabilities/hello?name=box");
    const answers = [saved.status, await read.text(), await invoked.text(), await greeted.text()];
    return { door, storage, note, answers };
  });
  expect(told).toMatchObject({
    door: "page",
    storage: "memory",
    answers: [204, "1", "/here", "Hello, box!\n"],
  });
  expect(told.note).toContain("opaque origin (a sandboxed frame)");
  expect(site.reached).toEqual([]);
});

test("a worker that cannot be loaded is named, and the runtime runs in the page", async ({ page, site }) => {
  const registered = await open(page, site.url, { appId: "lost", scriptUrl: "nowhere/sw.js" });
  expect(registered.door).toBe("page");
  expect(registered.note).toContain("the browser did not take the service worker /nowhere/sw.js");
  expect(await call(page, "/v1.0/healthz")).toMatchObject({ status: 204 });
  expect(site.reached).toEqual(["GET /nowhere/sw.js"]);
});

test("a browser that resolves registration with nothing is one without service workers", async ({
  browser,
  site,
}) => {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  const registered = await open(page, site.url, { appId: "blocked" });
  expect(registered.door).toBe("page");
  expect(registered.note).toContain("(it is blocked here)");
  expect(await call(page, "/v1.0/healthz")).toMatchObject({ status: 204 });
  await context.close();
});

test("a page outside the worker's scope is told so, and its fetches are answered", async ({ page, site }) => {
  const registered = await open(page, site.url, { appId: "outside", scope: "/elsewhere/" });
  expect(registered).toMatchObject({ door: "worker" });
  expect(registered.note).toContain("outside the service worker's scope /elsewhere/");
  expect(await call(page, "/v1.0/healthz")).toMatchObject({ status: 204 });
  expect(site.reached).toEqual([]);
});

test("unregister leaves nothing behind, and other tabs are told", async ({ page, context, site }) => {
  const other = await context.newPage();
  await open(other, site.url, { appId: "other" });
  await open(page, site.url, { appId: "gone" });
  await call(page, "/v1.0/state/statestore", { method: "POST", body: '[{"key":"k","value":1}]' });
  const left = await page.evaluate(async () => {
    const patched = window.fetch;
    await (window as unknown as { registered: { unregister(): Promise<void> } }).registered.unregister();
    return {
      databases: (await indexedDB.databases()).map(({ name }) => name),
      registrations: (await navigator.serviceWorker.getRegistrations()).length,
      caches: await caches.keys(),
      restored: window.fetch !== patched && String(window.fetch).includes("[native code]"),
      others: [
        XMLHttpRequest.prototype.open,
        HTMLFormElement.prototype.submit,
        HTMLIFrameElement.prototype.setAttribute,
        window.open,
      ].every((patched) => String(patched).includes("[native code]")),
      symbols: Object.getOwnPropertySymbols(window).filter((symbol) => String(symbol).includes("daprlet"))
        .length,
    };
  });
  expect(left).toEqual({
    databases: [],
    registrations: 0,
    caches: [],
    restored: true,
    others: true,
    symbols: 0,
  });
  expect(await call(page, "/v1.0/healthz")).toMatchObject({ status: 404 });
  const answered = await call(other, "/v1.0/healthz");
  expect(answered.status).toBe(503);
  expect(answered.body).toContain("was unregistered; reload the page");
  expect(site.reached).toEqual(["GET /v1.0/healthz"]);
});

test("a component that does not open is refused with its reason, and the page is left as it was", async ({
  page,
  site,
}) => {
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  const failed = await page.evaluate(async () => {
    const native = window.fetch;
    const message = await window.daprlet
      .register({ appId: "broken", components: [{ name: "statestore", type: "state.redis" }] })
      .then(
        () => "registered",
        (error: Error) => error.message,
      );
    return { message, same: window.fetch === native };
  });
  expect(failed.message).toContain("state.redis");
  expect(failed.same).toBe(true);
});
