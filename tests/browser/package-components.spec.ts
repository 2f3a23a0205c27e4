import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Page } from "playwright/test";
import { FakeClock } from "../../host/fake-clock.ts";
import { nodeCore } from "../../host/node/core-module.ts";
import { openRemote, unsaid } from "../conformance/remote-store.ts";
import { queryIndexes } from "../conformance/state/query.ts";
import { storeConformance } from "../conformance/state.ts";
import { call, expect, open, type Site, test } from "./fixtures.ts";
import { patience, siteWith } from "./package-site.ts";

const names = ["compress", "encrypt"];
const addresses = names.map((name) => `packages/${name}/`);
const grants = { ...patience, ...Object.fromEntries(names.map((name) => [name, "all"])) };

function putShipped(site: Site): void {
  for (const name of names) {
    const folder = resolve(import.meta.dirname, "../../dist/capabilities", name);
    for (const file of readdirSync(folder))
      site.files.set(`packages/${name}/${file}`, () => readFileSync(join(folder, file)));
  }
}

const key = Buffer.alloc(32, 7).toString("base64");
const components = [
  { name: "statestore", type: "state.indexeddb", metadata: { queryScan: "true" } },
  { name: "compressed", type: "state.compress", metadata: { queryIndexes } },
  { name: "sealed", type: "state.encrypt", metadata: { queryIndexes, key } },
];

/** The network of a page. */
const through =
  (page: Page): typeof fetch =>
  async (url, init) => {
    const { pathname, search } = new URL(String(url));
    const { body, method = "GET" } = init ?? {};
    const answer = await call(page, pathname + search, {
      method,
      headers: Object.fromEntries(new Headers(init?.headers)),
      ...(body != null && { body: await new Response(body).text() }),
    });
    return new Response([204, 304].includes(answer.status) ? null : answer.body, answer);
  };

/** Hundreds of items, or of queries each of which reads all there are: they run on Node. */
const slow = /thousand|any length|any name|million|parallel|at once|pages|long|sorts/;

/** The conformance suite of stores over what packages are in a page, by its API. A real clock: nothing of TTLs. */
async function conforms(page: Page, component: string): Promise<void> {
  const [core, clock] = [await nodeCore(), new FakeClock()];
  let opened = 0;
  const cases = storeConformance({
    name: component,
    features: ["ETAG", "TRANSACTIONAL", "QUERY_API"],
    clock,
    open() {
      opened += 1;
      const remote = { url: "http://localhost:3500", component, fetch: through(page) };
      return openRemote(remote, { clock, core, name: `app-${opened}` });
    },
  });
  const some = cases.filter(({ name }) => !unsaid.has(name) && !slow.test(name));
  expect(some.length).toBeGreaterThan(20);
  for (const { name, run } of some) await test.step(name, run);
  const { extended } = JSON.parse((await call(page, "/v1.0/metadata")).body) as {
    extended: Record<string, string>;
  };
  expect(extended[`storage.${component}`]).toMatch(/persistent|best-effort/);
  expect(extended[`storage.${component}`]).toBe(extended["storage.statestore"]);
}

test("the stores that packages are keep to the contract of stores in workers that pages lend", async ({
  page,
}) => {
  const site = await siteWith([], grants, false, addresses);
  putShipped(site);
  await open(page, site.url, { appId: "app", components });
  await conforms(page, "compressed");
  await site.stop();
});

test("the stores that packages are keep to the contract of stores in a page without a worker", async ({
  browser,
  site,
}) => {
  putShipped(site);
  const context = await browser.newContext({ serviceWorkers: "block" });
  await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, "serviceWorker"));
  const page = await context.newPage();
  const capabilities = { packages: addresses, grants };
  const { door } = await open(page, site.url, { appId: "app", components, capabilities });
  expect(door).toBe("page");
  await conforms(page, "sealed");
  await context.close();
});
