/** The control half in a page: who may call what, what is limited, and what is refused rather than ignored. */
import type { Page } from "playwright/test";
import { call, expect, test } from "./fixtures.ts";

const document = (kind: string, name: string, spec: object) =>
  JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind, metadata: { name }, spec });
const memory = document("Component", "statestore", { type: "state.in-memory", version: "v1" });
const configuration = (spec: object) => [memory, document("Configuration", "control", spec)].join("\n---\n");

/** Registers `shop` with these resources, which answers every call, and a page `other` beside it. */
async function register(page: Page, url: string, resources: string): Promise<string> {
  await page.goto(url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  return await page.evaluate(async (components) => {
    const other = await window.daprlet.register({ appId: "other" });
    try {
      const shop = await window.daprlet.register({ appId: "shop", components });
      await window.daprlet.serve({ appId: "shop", fetch: () => new Response("served") });
      Object.assign(window, { apps: { other, shop } });
      return "registered";
    } catch (error) {
      return (error as Error).message;
    }
  }, resources);
}

/** The statuses of calls, each `<app> <method> <path>`. */
async function statuses(page: Page, calls: readonly string[]): Promise<readonly number[]> {
  return await page.evaluate(async (given) => {
    const { apps } = window as unknown as { apps: Record<string, { fetch: typeof fetch }> };
    const all: number[] = [];
    for (const one of given) {
      const [app = "", method = "", path = ""] = one.split(" ");
      all.push((await apps[app]?.fetch(path, { method }))?.status ?? 0);
    }
    return all;
  }, calls);
}

test("policies decide which app of the origin may call what, on the path that is dispatched", async ({
  page,
  site,
}) => {
  const operations = [{ name: "/open/*", httpVerb: ["GET"], action: "allow" }];
  const policy = { appId: "other", namespace: "default", defaultAction: "deny", operations };
  const accessControl = { defaultAction: "deny", policies: [policy] };
  expect(await register(page, site.url, configuration({ accessControl }))).toBe("registered");
  const method = "/v1.0/invoke/shop/method";
  const found = await statuses(page, [
    `other GET ${method}/open/x`,
    `other POST ${method}/open/x`,
    `other GET ${method}/closed`,
    `other GET http://localhost:3500${method}/open/%2e%2e/closed`,
    `shop GET ${method}/closed`,
  ]);
  expect(found).toEqual([200, 403, 403, 403, 200]);
});

test("parts of the API are taken away, a component of a type is left out, and clients are limited", async ({
  page,
  site,
}) => {
  const middleware = (name: string, metadata: Readonly<Record<string, string>>) =>
    document("Component", name, {
      type: `middleware.http.${name}`,
      version: "v1",
      metadata: Object.entries(metadata).map(([field, value]) => ({ name: field, value })),
    });
  const handlers = ["ratelimit", "routerchecker"].map((name) => ({ name, type: `middleware.http.${name}` }));
  const resources = [
    configuration({
      api: { denied: [{ name: "configuration", version: "v1.0", protocol: "http" }] },
      components: { deny: ["lock.in-memory/v1"] },
      httpPipeline: { handlers },
    }),
    document("Component", "locks", { type: "lock.in-memory", version: "v1" }),
    document("Component", "settings", { type: "configuration.in-memory", version: "v1" }),
    middleware("ratelimit", { maxRequestsPerSecond: "1", onlyFor: "/v1.0/invoke/**" }),
    middleware("routerchecker", { rule: "^/v1\\.0/state/statestore/[a-z]+$", onlyFor: "/v1.0/state/**" }),
  ].join("\n---\n");
  expect(await register(page, site.url, resources)).toBe("registered");
  const found = await statuses(page, [
    "shop GET /v1.0/configuration/settings",
    "shop GET /v1.0/state/statestore/k",
    "shop GET /v1.0/state/statestore/1",
    "shop GET /v1.0/state/./statestore/1",
    "shop GET /v1.0/invoke/shop/method/x",
    "shop GET /v1.0/invoke/shop/method/x",
    "shop GET /v1.0/metadata",
  ]);
  expect(found).toEqual([404, 204, 400, 400, 200, 429, 200]);
  const { components } = JSON.parse((await call(page, "/v1.0/metadata")).body);
  const names = components.map(({ name }: { name: string }) => name);
  expect(names.sort()).toEqual(["ratelimit", "routerchecker", "settings", "statestore"]);
});

test("what asks for certificates, or is wrong, is refused with its line", async ({ page, site }) => {
  const mtls =
    "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: { name: c }\nspec:\n  mtls: { enabled: true }\n";
  expect(await register(page, site.url, mtls)).toMatch(/document 1, line 5: spec\.mtls\.enabled is true/);
  const broken = mtls.replace("mtls: { enabled: true }", "httpPipeline: { handlers: [{ name: a }] }");
  expect(await register(page, site.url, broken)).toMatch(/document 1, line 5: .*httpPipeline\.handlers/);
});
