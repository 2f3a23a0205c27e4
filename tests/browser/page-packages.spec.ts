import type { Browser, Page } from "playwright/test";
import type { PackageSource } from "../../host/capability/package-source.ts";
import type * as Client from "../../worker/client/index.ts";
import { attacks } from "../capability/attacks.ts";
import { guest, run, watPackage } from "../capability/wat-package.ts";
import { call, expect, open, test, workerKiller } from "./fixtures.ts";
import {
  addressesOf,
  attackGrants,
  counterPackage,
  greet,
  patience,
  post,
  putPackages,
  runOf,
  siteWith,
  withstandsAttacks,
} from "./package-site.ts";

/** Pages of a browser that has no service workers. */
async function pages(browser: Browser, count: number): Promise<Page[]> {
  const context = await browser.newContext({ serviceWorkers: "block" });
  await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, "serviceWorker"));
  return await Promise.all(Array.from({ length: count }, () => context.newPage()));
}

let counter: PackageSource;
test.beforeAll(async () => {
  test.setTimeout(120_000);
  counter = await counterPackage();
});

const patiently = { timeout: 15_000 };
const increment = async (page: Page, id: string) =>
  (await call(page, `/v1.0/actors/Counter/${id}/method/increment`, post)).body;
const hi = { status: 200, body: "Hello, you!\n" };

test("the hostile packages are refused in a page without a worker as on Node, and another one answers beside each", async ({
  browser,
  site,
}) => {
  const packages = attacks.map((attack) => attack.package);
  await putPackages(site, packages);
  const [page] = (await pages(browser, 1)) as [Page];
  const capabilities = { packages: addressesOf(packages), grants: attackGrants };
  const { door } = await open(page, site.url, { appId: "app", capabilities });
  expect(door).toBe("page");
  await withstandsAttacks(page, site.url);
  await page.context().close();
});

test("a page without a worker runs packages under a strict Content-Security-Policy, its guests' script beside the client", async ({
  browser,
  site,
}) => {
  await putPackages(site, []);
  site.files.set(
    "strict.html",
    '<!doctype html><link rel="icon" href="data:,"><script type="module" src="./strict.js"></script>',
  );
  site.files.set("strict.js", 'import * as daprlet from "./client.js"; window.daprlet = daprlet;');
  site.headers["content-security-policy"] = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
  const [page] = (await pages(browser, 1)) as [Page];
  const capabilities = { packages: addressesOf([]), grants: patience };
  await open(page, `${site.url}strict.html`, { appId: "app", capabilities });
  expect(await call(page, greet)).toMatchObject(hi);
  await page.context().close();
});

test("a page without a worker adds packages for all tabs of its scope, puts another one in a place, takes it away, and keeps them", async ({
  browser,
  site,
}) => {
  const [page, other] = (await pages(browser, 2)) as [Page, Page];
  const given = {
    appId: "app",
    capabilities: { packages: ["packages/hello"], grants: patience, fromPages: true },
  };
  await putPackages(site, []);
  await open(page, site.url, given);
  await open(other, site.url, { ...given, appId: "other" });
  /** Puts a version of `mine` on the site and adds it; answers what was said against it. */
  const add = async (one: PackageSource) => {
    await putPackages(site, [one]);
    return await page.evaluate(async () => {
      const { addPackage, fetchPackage } = await import(new URL("packages.js", location.href).href);
      const { scope } = (window as unknown as { registered: { scope: string } }).registered;
      const refused = (error: Error) => error.message;
      return await addPackage(await fetchPackage("packages/mine"), { scope, granted: [] }).catch(refused);
    });
  };
  const both = () =>
    Promise.all([page, other].map(async (one) => (await call(one, runOf("mine"), post)).status));

  expect(await both()).toEqual([404, 404]);
  const offers = [
    { kind: "http", openapi: run },
    { kind: "component", type: "bindings.mine", operations: ["get"] },
  ];
  expect(await add(watPackage("mine", guest(), { offers }))).toBeUndefined();
  await expect.poll(both).toEqual([200, 200]);
  // Under load: whoever is at a call of the old one has its answer.
  await page.evaluate((path) => {
    const load = { answered: 0, failed: 0, over: false, ends: [] as Promise<void>[] };
    Object.assign(window, { load });
    const calls = async () => {
      while (!load.over) load[(await fetch(path, { method: "POST" })).ok ? "answered" : "failed"]++;
    };
    load.ends = Array.from({ length: 4 }, calls);
  }, runOf("mine"));
  expect(await add(watPackage("mine", guest(), { offers, version: "1.1.0" }))).toBeUndefined();
  const failed = await page.evaluate(async () => {
    const { load } = window as unknown as {
      load: { answered: number; failed: number; over: boolean; ends: [] };
    };
    const before = load.answered;
    while (load.answered < before + 20) await new Promise((later) => setTimeout(later, 10));
    load.over = true;
    await Promise.all(load.ends);
    return load.failed;
  });
  expect(failed).toBe(0);
  // So are the components that it offers.
  await page.evaluate(async () => {
    const { registered } = window as unknown as { registered: Client.Registered };
    await registered.update([{ name: "mine", type: "bindings.mine" }]);
  });
  const bound = await call(page, "/v1.0/bindings/mine", { ...post, body: '{"operation":"get","data":"ok"}' });
  expect(bound).toMatchObject({ status: 200, body: '"ok"' });
  expect(await add(watPackage("mine", guest({ memory: "1" })))).toContain("its memory has no maximum");
  expect(await both()).toEqual([200, 200]);
  expect(
    await add(watPackage("mine", guest({ handle: "unreachable" }), { version: "2.0.0", offers })),
  ).toBeUndefined();
  await expect.poll(both).toEqual([502, 502]);

  // Kept, for a tab that comes later and for one that comes again.
  await open(page, site.url, given);
  expect(await call(page, greet)).toMatchObject(hi);
  expect(await both()).toEqual([502, 502]);
  const taken = await page.evaluate(async () => {
    const { removePackage } = await import(new URL("packages.js", location.href).href);
    const { scope } = (window as unknown as { registered: { scope: string } }).registered;
    await removePackage("mine", { scope });
    return await removePackage("mine", { scope }).catch((error: Error) => error.message);
  });
  expect(taken).toBe("no page added a package mine");
  await expect.poll(both).toEqual([404, 404]);
  await page.context().close();
});

test("actors of a package are hosted by tabs without a worker: one owner and one turn at a time, also when one is closed", async ({
  browser,
  site,
}) => {
  await putPackages(site, [counter]);
  const capabilities = { packages: addressesOf([counter]), grants: { ...patience, counter: "all" } };
  const [one, two] = (await pages(browser, 2)) as [Page, Page];
  for (const page of [one, two]) await open(page, site.url, { appId: "town", capabilities });
  const ids = Array.from({ length: 8 }, (_, i) => `c${i}`);
  const active = async (page: Page) => {
    const { actorRuntime } = JSON.parse((await call(page, "/v1.0/metadata")).body);
    return actorRuntime.activeActors[0]?.count ?? 0;
  };
  await expect
    .poll(async () => {
      for (const id of ids) await call(one, `/v1.0/actors/Counter/${id}/method/id`, post);
      return (await Promise.all([one, two].map(active))).map((count) => count > 0);
    }, patiently)
    .toEqual([true, true]);
  const told = await Promise.all(
    ids.map(async (id) =>
      (await Promise.all([one, two, one, two].map((page) => increment(page, id)))).sort(),
    ),
  );
  expect(told).toEqual(ids.map(() => ["1", "2", "3", "4"]));
  const reminder = { ...post, body: '{"dueTime":"1s"}' };
  for (const id of ids)
    expect((await call(one, `/v1.0/actors/Counter/${id}/method/remind`, reminder)).status).toBe(200);
  await two.close();
  const found = async (id: string) => (await call(one, `/v1.0/actors/Counter/${id}/method/id`, post)).status;
  await expect.poll(() => Promise.all(ids.map(found)), patiently).toEqual(ids.map(() => 200));
  expect(await Promise.all(ids.map((id) => increment(one, id)))).toEqual(ids.map(() => "5"));
  const reminded = async () =>
    await Promise.all(
      ids.map(async (id) => (await call(one, `/v1.0/actors/Counter/${id}/state/reminders`)).body),
    );
  await expect.poll(reminded, patiently).toEqual(ids.map(() => "1"));
  expect(await active(one)).toBe(ids.length);
  await one.context().close();
});

test("actors of a package are hosted by the tabs that serve, their turns run by the worker: also when it is stopped, and one is closed", async ({
  page,
  context,
}) => {
  const site = await siteWith([counter], { counter: "all" });
  const tabs = [page, await context.newPage()] as const;
  for (const tab of tabs) {
    await open(tab, site.url, { appId: "town" });
    await tab.evaluate(() => window.daprlet.serve({ appId: "town", actors: {} }).then(() => {}));
  }
  const ids = Array.from({ length: 8 }, (_, i) => `c${i}`);
  const round = () =>
    Promise.all(ids.map(async (id) => (await Promise.all(tabs.map((tab) => increment(tab, id)))).sort()));
  expect(await round()).toEqual(ids.map(() => ["1", "2"]));
  const read = async (key: string) =>
    await Promise.all(
      ids.map(async (id) => (await call(page, `/v1.0/actors/Counter/${id}/state/${key}`)).body),
    );
  const kill = await workerKiller(context, page);
  const during = round();
  await kill();
  await during;
  // What was begun when the worker was stopped has failed or not, and has not been done twice.
  const before = (await read("n")).map(Number);
  expect([Math.min(...before) >= 2, Math.max(...before) <= 4]).toEqual([true, true]);
  expect(await round()).toEqual(before.map((n) => [`${n + 1}`, `${n + 2}`]));
  const reminder = { ...post, body: '{"dueTime":"1s"}' };
  for (const id of ids)
    expect((await call(page, `/v1.0/actors/Counter/${id}/method/remind`, reminder)).status).toBe(200);
  await tabs[1].close();
  await expect.poll(() => read("reminders"), patiently).toEqual(ids.map(() => "1"));
  expect(await Promise.all(ids.map((id) => increment(page, id)))).toEqual(before.map((n) => `${n + 3}`));
  const asked = await call(page, "/v1.0/actors/Counter/c1/method/ask", { ...post, body: "c2" });
  expect(asked).toMatchObject({ status: 200, body: `${(before[2] as number) + 4}` });
  await site.stop();
});

for (const where of ["the worker", "a page without one"] as const) {
  test(`actors of a package that a tab adds to ${where} are hosted by those that serve already, and say nothing of actors`, async ({
    browser,
  }) => {
    const site = await siteWith([], {}, true);
    await putPackages(site, [counter]);
    const blocked = where === "the worker" ? [] : await pages(browser, 1);
    const [page = await browser.newPage()] = blocked;
    await open(page, site.url, { appId: "town", capabilities: { fromPages: true } });
    await page.evaluate(async () => {
      await window.daprlet.serve({ appId: "town", fetch: () => new Response(null, { status: 404 }) });
    });
    expect(await increment(page, "c")).not.toBe("1");
    await page.evaluate(async () => {
      const { addPackage, fetchPackage } = await import(new URL("packages.js", location.href).href);
      const one = await fetchPackage("packages/counter");
      await addPackage(one, { scope: new URL("./", location.href).href, granted: one.asks });
    });
    await expect.poll(() => increment(page, "c"), patiently).toBe("1");
    await page.context().close();
    await site.stop();
  });
}
