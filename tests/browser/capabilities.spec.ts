import type { Page } from "playwright/test";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { attacks } from "../capability/attacks.ts";
import { attackedResources, httpAttackers } from "../capability/http-wasm-attacks.ts";
import { enable, goOn, httpGuestBytes, pair, set } from "../capability/http-wasm-guest.ts";
import { data, fixed, guest, run, saying, watPackage } from "../capability/wat-package.ts";
import { call, expect, open, test, workerKiller } from "./fixtures.ts";
import { attackGrants, greet, nameOf, post, runOf, siteWith, withstandsAttacks } from "./package-site.ts";

const forever = guest({ handle: "(loop $again (br $again)) (unreachable)" });

/** Resolves once it has what that takes, which it loads when it registers. */
const ableToLend = async (page: Page) => await (await page.waitForResponse(/client-devices/)).finished();

test("a page calls packages by both paths, also without a network and when its worker was stopped; a guest that loops is ended and others answer", async ({
  page,
  context,
}) => {
  const large = guest({ more: `(data (i32.const 65536) "${"\\00".repeat(60 << 10)}")` });
  const site = await siteWith([
    watPackage("looping", forever, { limits: { timeMs: 600 } }),
    watPackage("large", large),
  ]);
  await open(page, site.url, { appId: "me" });
  const timed = async (path: string, init = {}) => {
    const asked = Date.now();
    expect(await call(page, path, init)).toMatchObject({ status: 200 });
    return Date.now() - asked;
  };
  const first = await timed(greet);
  // In reserve by now.
  await expect.poll(() => page.workers().length).toBe(2);
  const cold = await timed(runOf("large"), post);
  console.log(
    `first call of all ${first} ms, of another package ${cold} ms, of one that runs ${await timed(greet)} ms`,
  );
  expect(await call(page, greet)).toMatchObject({ status: 200, body: "Hello, you!\n" });
  expect(await call(page, "/v1/capabilities/hello?name=book")).toMatchObject({ body: "Hello, book!\n" });
  expect((await call(page, `${greet}${"x".repeat(200)}`)).status).toBe(400);

  const began = Date.now();
  const looping = call(page, runOf("looping"), post);
  expect((await call(page, greet)).status).toBe(200);
  expect(JSON.parse((await looping).body)).toMatchObject({ errorCode: "ERR_CAPABILITY_DEADLINE" });
  console.log(`ended after ${Date.now() - began} ms`);
  // Its worker is gone: what is left are those of hello and large, and one in reserve.
  await expect.poll(() => page.workers().length).toBe(3);

  const stop = await workerKiller(context, page);
  await context.setOffline(true);
  await stop();
  expect(await call(page, greet)).toMatchObject({ status: 200, body: "Hello, you!\n" });
  expect(site.reached.filter((path) => !path.includes("favicon"))).toEqual([]);
  await context.setOffline(false);
  await site.stop();
});

test("a page that never lent a worker lends its first one without a network", async ({ page, context }) => {
  const site = await siteWith([]);
  const able = ableToLend(page);
  await open(page, site.url, { appId: "me" });
  await able;
  expect(page.workers()).toHaveLength(0);
  await context.setOffline(true);
  expect(await call(page, greet)).toMatchObject({ status: 200, body: "Hello, you!\n" });
  await context.setOffline(false);
  await site.stop();
});

test("T60: a function is called by a topic and by its timer in a page, and one of bash is refused by name", async ({
  page,
}) => {
  const fields = (...pairs: readonly (readonly [string, string])[]) =>
    pairs.map(([name, value]) => textField(name, value));
  const done = encodeMessage({ kind: messageKind.answer, fields: [textField(":status", "204")] });
  const saving = (key: string) =>
    saying(
      encodeMessage({
        kind: messageKind.calls,
        fields: fields([":call", "state.set"], ["store", "statestore"], ["key", key], [":body", "1"]),
      }),
      {
        resume: fixed(done).replace("1024", "2048"),
        more: `(data (i32.const 2048) ${data(done)})`,
      },
    );
  const needs = { state: [{ store: "statestore", access: "write", keys: "" }] };
  const topics = [{ pubsub: "pubsub", topic: "orders" }];
  const timers = [{ name: "tick", schedule: "@every 1s" }];
  const bash = watPackage("bash", guest());
  const site = await siteWith(
    [
      watPackage("ordered", saving("seen"), {
        offers: [{ kind: "function", name: "ordered", topics }],
        needs,
      }),
      watPackage("timed", saving("time"), {
        offers: [{ kind: "function", name: "timed", timers }],
        needs,
      }),
      { ...bash, manifest: { name: "bash", cmd: "f.sh", runtime: "bash" } },
    ],
    { ordered: "all", timed: "all" },
  );
  await open(page, site.url, { appId: "me" });
  const seen = async (key: string) => (await call(page, `/v1.0/state/statestore/${key}`)).body;
  await expect.poll(() => seen("time"), { timeout: 15_000 }).toBe("1");
  await expect
    .poll(
      async () => {
        await call(page, "/v1.0/publish/pubsub/orders", post);
        return await seen("seen");
      },
      { timeout: 15_000 },
    )
    .toBe("1");
  expect((await call(page, runOf("bash"), post)).body).toContain("runtime bash is not available in a page");
  await site.stop();
});

test("a page that lends and is closed in the middle of a call: the caller is told, and the next call is another page's", async ({
  page,
  context,
}) => {
  const site = await siteWith([watPackage("looping", forever, { limits: { timeMs: 20_000 } })]);
  await open(page, site.url, { appId: "me" });
  const lender = await context.newPage();
  await open(lender, site.url, { appId: "me" });
  const looping = call(page, runOf("looping"), post);
  // Lent, and not only on its way: else the call itself goes to the other page.
  await expect
    .poll(async () => {
      const { capabilities } = JSON.parse((await call(page, "/v1.0/capabilities")).body);
      return capabilities.map((one: { measured: { busy: number } }) => one.measured.busy);
    })
    .toEqual([0, 1]);
  expect(lender.workers().length).toBeGreaterThan(0);
  await lender.close();
  const { status, body } = await looping;
  expect([status, body]).toEqual([502, expect.stringContaining("its page was closed")]);
  expect((await call(page, greet)).status).toBe(200);
  await site.stop();
});

test("hostile guests of http-wasm fail the requests that pass them, as on Node, and no others", async ({
  page,
}) => {
  const packages = httpAttackers.map((one) => one.package);
  const site = await siteWith(packages, Object.fromEntries(packages.map((one) => [nameOf(one), "all"])));
  await open(page, site.url, { appId: "app", components: attackedResources });
  await page.evaluate(() => window.daprlet.serve({ appId: "app", fetch: () => new Response("ok") }));
  const invoke = (method: string) => call(page, `/v1.0/invoke/app/method/${method}`, post);
  // Node has them all: what differs here is who runs them.
  for (const { attack, method } of httpAttackers.filter((_, i) => i % 4 === 0)) {
    const [answer, beside] = await Promise.all([invoke(method), invoke("other")]);
    const { message } = JSON.parse(answer.body) as { message: string };
    const expected = [500, expect.stringContaining(`its guest failed: ${attack.says}`), 200];
    expect([answer.status, message, beside.status], attack.name).toEqual(expected);
  }
  await site.stop();
});

test("a guest of http-wasm that a site names by its address stands in front of the API, also without a network or a worker", async ({
  page,
  context,
  browser,
}) => {
  const site = await siteWith([]);
  const guest = httpGuestBytes({
    start: enable(2),
    request: `(call $set_uri (text $uri)) ${goOn}`,
    response: `${set(1)} (call $write_body (i32.const 1) (text $value))`,
    texts: { ...pair, uri: "/v1.0/invoke/app/method/rewritten" },
  });
  site.files.set("guests/rewrite.wasm", () => Buffer.from(guest));
  const resource = (kind: string, name: string, spec: object) =>
    JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind, metadata: { name }, spec });
  const type = "middleware.http.wasm";
  const components = [
    resource("Component", "rewrite", {
      type,
      version: "v1",
      metadata: [
        { name: "url", value: "guests/rewrite.wasm" },
        { name: "onlyFor", value: "/v1.0/state/**" },
      ],
    }),
    resource("Configuration", "front", { httpPipeline: { handlers: [{ name: "rewrite", type }] } }),
  ].join("\n---\n");
  const served = async (page: Page, more = {}) => {
    await open(page, site.url, { appId: "app", components, ...more });
    await page.evaluate(() =>
      window.daprlet.serve({
        appId: "app",
        fetch: (request) => new Response("app", { headers: { "x-path": new URL(request.url).pathname } }),
      }),
    );
  };
  const rewritten = (page: Page) =>
    page.evaluate(async () => {
      const response = await fetch("/v1.0/state/store/key");
      return [await response.text(), response.headers.get("x-path"), response.headers.get("x-new")];
    });
  await served(page);
  expect(await rewritten(page)).toEqual(["new", "/rewritten", "new"]);
  const stop = await workerKiller(context, page);
  await context.setOffline(true);
  await stop();
  expect(await rewritten(page)).toEqual(["new", "/rewritten", "new"]);
  await context.setOffline(false);
  const without = await browser.newContext({ serviceWorkers: "block" });
  const alone = await without.newPage();
  await served(alone, { capabilities: {} });
  expect(await rewritten(alone)).toEqual(["new", "/rewritten", "new"]);
  await without.close();
  await site.stop();
});

test("the hostile packages are refused as on Node, and another one answers beside each", async ({ page }) => {
  const site = await siteWith(
    attacks.map((attack) => attack.package),
    attackGrants,
  );
  await open(page, site.url, { appId: "app" });
  await withstandsAttacks(page, site.url);
  await site.stop();
});

test("a package that asks a remote API first answers by itself without a network", async ({
  page,
  context,
}) => {
  const both = watPackage("both", guest());
  const site = await siteWith([both], { both: "all" });
  const offers = [{ kind: "http", openapi: run, sources: [{ remote: `${site.url}v2` }, { module: "main" }] }];
  const manifest = { ...(both.manifest as object), offers };
  site.files.set("packages/both/capability.json", JSON.stringify(manifest));
  site.files.set("v2/run", "from afar");
  const able = ableToLend(page);
  await open(page, site.url, { appId: "me" });
  await able;
  const ask = () =>
    page.evaluate(
      async ([path, init]) => {
        const answer = await fetch(path, init);
        return [answer.headers.get("daprlet-capability-source"), await answer.text()];
      },
      [runOf("both"), post] as const,
    );
  expect(await ask()).toEqual(["remote", "from afar"]);
  await context.setOffline(true);
  expect(await ask()).toEqual(["module", "{}"]);
  await context.setOffline(false);
  await site.stop();
});

test("a worker that is stopped in the middle of a call leaves no guest running", async ({
  page,
  context,
}) => {
  const site = await siteWith([watPackage("looping", forever, { limits: { timeMs: 20_000 } })]);
  await open(page, site.url, { appId: "me" });
  await page.evaluate(
    (path) => void fetch(path, { method: "POST" }).catch(() => undefined),
    runOf("looping"),
  );
  await expect.poll(() => page.workers().length).toBe(2);
  const [looping] = page.workers();
  const ended = looping?.waitForEvent("close");
  await (await workerKiller(context, page))();
  await ended;
  await site.stop();
});

test("packages run under a strict Content-Security-Policy", async ({ page }) => {
  const strict = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
  const site = await siteWith([]);
  site.files.set(
    "strict.html",
    '<!doctype html><link rel="icon" href="data:,"><script type="module" src="./strict.js"></script>',
  );
  site.files.set("strict.js", 'import * as daprlet from "./client.js"; window.daprlet = daprlet;');
  site.headers["content-security-policy"] = strict;
  await open(page, `${site.url}strict.html`, { appId: "me" });
  expect(await call(page, greet)).toMatchObject({ status: 200, body: "Hello, you!\n" });
  await site.stop();
});

test("a worker whose script's policy has no wasm-unsafe-eval says that this is missing", async ({ page }) => {
  const site = await siteWith([]);
  site.headers["content-security-policy"] = "script-src 'self' 'unsafe-inline'";
  await expect(open(page, site.url, { appId: "me" })).rejects.toThrow("'wasm-unsafe-eval'");
  await site.stop();
});
