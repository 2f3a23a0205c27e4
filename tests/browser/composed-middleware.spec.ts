import { readFileSync } from "node:fs";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { Page } from "playwright/test";
import { client, login, startProvider } from "../middleware/provider.ts";
import { type Metadata, yaml } from "../middleware/sidecar.ts";
import { composed } from "./composed.ts";
import { call, expect, Site, test, workerKiller } from "./fixtures.ts";

/** A worker of a site's own that has this middleware beside all else. */
function workerWith(middleware: string): Promise<string> {
  return composed(
    `import { ${middleware}, compose, extendRegistry, workerRegistry } from "daprlet/worker";
     compose(self, (storage) => extendRegistry(workerRegistry(storage), [${middleware}(storage)]), { own: true });`,
  );
}

/** Registers an app behind it that answers with what it was sent; why not, where it does not open. */
async function registered(page: Page, site: Site, type: string, metadata: Metadata): Promise<string> {
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  return await page.evaluate(
    async (components) => {
      try {
        await window.daprlet.register({ appId: "shop", components });
      } catch (error) {
        return (error as Error).message;
      }
      await window.daprlet.serve({
        appId: "shop",
        fetch: (request) => Response.json(Object.fromEntries(request.headers)),
      });
      return "registered";
    },
    yaml([{ name: "it", type, metadata }], ["it"]),
  );
}

test("a worker that takes tokens of an issuer lets nobody else through", async ({ page }) => {
  const site = await Site.start();
  site.files.set("sw.js", await workerWith("bearer"));
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: "a", alg: "ES256" };
  site.files.set("keys.json", JSON.stringify({ keys: [jwk] }));
  const token = (audience: string) =>
    new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid: "a" })
      .setIssuer("the issuer")
      .setAudience(audience)
      .setExpirationTime("5m")
      .sign(privateKey);
  const metadata = { issuer: "the issuer", audience: "shop", jwksURL: `${site.url}keys.json` };
  expect(await registered(page, site, "bearer", metadata)).toBe("registered");
  const given = [undefined, await token("another"), await token("shop")];
  const statuses = await page.evaluate(
    async (tokens) =>
      await Promise.all(
        tokens.map(async (one) => {
          const headers: Record<string, string> = one === undefined ? {} : { authorization: `Bearer ${one}` };
          return (await fetch("/v1.0/metadata", { headers })).status;
        }),
      ),
    given,
  );
  expect(statuses).toEqual([401, 401, 200]);
  await site.stop();
});

test("a worker that gives requests a token of its own asks the provider for it, once", async ({ page }) => {
  const site = await Site.start();
  site.files.set("sw.js", await workerWith("clientCredentials"));
  const provider = await startProvider("google");
  const metadata = { ...client, tokenURL: `${provider.url}/token`, scopes: "a", headerName: "x-token" };
  expect(await registered(page, site, "oauth2clientcredentials", metadata)).toBe("registered");
  const seen = await page.evaluate(async () => {
    const call = async () =>
      (await (await fetch("/v1.0/invoke/shop/method/x", { headers: { "x-token": "mine" } })).json())[
        "x-token"
      ];
    return [await call(), await call()];
  });
  expect(seen).toEqual(["Bearer own-1", "Bearer own-1"]);
  expect(provider.asked).toHaveLength(1);
  await provider.stop();
  await site.stop();
});

test("a worker asks a compiled policy of the site whether a request may pass; sources it refuses", async ({
  page,
}) => {
  const site = await Site.start();
  site.files.set("sw.js", await workerWith("opa"));
  site.files.set("policy.wasm", () => readFileSync(new URL("../middleware/policy.wasm", import.meta.url)));
  const missing = await registered(page, site, "opa", { policyFile: "/none.wasm" });
  expect(missing).toMatch(/policyFile: .*\/none\.wasm cannot be read: it answered 404/);
  expect(await registered(page, site, "opa", { rego: "package http" })).toContain("opa build -t wasm");
  const metadata = { policyFile: "/policy.wasm", includedHeaders: "x-case" };
  expect(await registered(page, site, "opa", metadata)).toBe("registered");
  const seen = await page.evaluate(async () => {
    const call = async (init: RequestInit) => await fetch("/v1.0/invoke/shop/method/x?q=1", init);
    const passed = await call({ headers: { "x-case": "headers" } });
    const refused = await call({ headers: { "x-case": "status" } });
    return [
      (await passed.json())["x-policy"],
      refused.status,
      refused.headers.get("x-policy"),
      (await call({ method: "POST" })).status,
    ];
  });
  expect(seen).toEqual(["headers 1", 418, "refused", 403]);
  await site.stop();
});

for (const base of ["/", "/shop/"]) {
  test(`T30, with the sidecar in the page: a person of a site at ${base} logs in at a provider and comes back`, async ({
    page,
    context,
  }) => {
    const site = await Site.start(base);
    site.files.set("sw.js", await workerWith("oauth2"));
    const provider = await startProvider("microsoft");
    const method = `${site.url}v1.0/invoke/shop/method`;
    const metadata = { ...login(provider, `${method}/back`), exceptFor: "/v1.0/healthz" };
    expect(await registered(page, site, "oauth2", metadata)).toBe("registered");
    const path = `${base}v1.0/invoke/shop/method/orders?of=me`;
    expect((await call(page, path)).status).toBe(401);
    const tab = await context.newPage();
    await tab.goto(`${method}/orders?of=me`);
    expect(tab.url()).toContain(provider.url);
    const back = (await tab.getAttribute("#agree", "href")) ?? "";
    await tab.click("#agree");
    await expect(tab.locator("body")).toContainText("Bearer token-1");
    expect(tab.url()).toBe(`${method}/orders?of=me`);
    // In the body first: from a page the provider takes it without being asked before.
    expect(provider.asked.map(({ basic }) => basic)).toEqual([false]);
    await (await workerKiller(context, page))();
    const later = JSON.parse((await call(page, path)).body);
    expect(later.authorization).toBe("Bearer token-1");
    await tab.goto(back);
    await expect(tab.locator("body")).toHaveText("invalid state");
    expect(site.reached.filter((one) => !one.includes("favicon"))).toEqual([]);
    await provider.stop();
    await site.stop();
  });
}
