import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { build } from "vite";
import { expect, Site, test } from "./fixtures.ts";

const dist = resolve(import.meta.dirname, "../../dist");

/** A worker of a site's own making, as its bundler builds it from the package. */
async function composed(script: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-composed-"));
  writeFileSync(
    join(folder, "sw.js"),
    `${script}
     self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
     self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));`,
  );
  const built = await build({
    root: folder,
    configFile: false,
    logLevel: "error",
    resolve: { alias: { "daprlet/worker": join(dist, "worker.js") } },
    build: {
      write: false,
      target: "es2022",
      lib: { entry: join(folder, "sw.js"), formats: ["iife"], name: "site", fileName: () => "sw.js" },
    },
  });
  rmSync(folder, { recursive: true });
  const [first] = Array.isArray(built) ? built : [built];
  const chunk = first !== undefined && "output" in first ? first.output[0] : undefined;
  if (chunk?.type !== "chunk") throw new Error("the worker was not built");
  return chunk.code;
}

test("a worker composed of chosen components has those, leaves the rest out, and says so", async ({
  page,
}) => {
  const code = await composed(
    `import { compose, inMemoryStore } from "daprlet/worker";
     compose(self, () => ({ state: [inMemoryStore], pubsub: [] }), { own: true });`,
  );
  expect(code).not.toContain("pubsub.browser has");
  expect(code).not.toContain("Keeps items in the browser's IndexedDB");
  expect(code).not.toContain("Lets through callers who show a signed token");
  const site = await Site.start();
  site.files.set("sw.js", code);
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  const told = await page.evaluate(async () => {
    const statestore = { name: "statestore", type: "state.in-memory" };
    await window.daprlet.register({ appId: "small", components: [statestore] });
    const body = JSON.stringify([{ key: "k", value: "kept" }]);
    const saved = await fetch("/v1.0/state/statestore", { method: "POST", body });
    const read = await fetch("/v1.0/state/statestore/k");
    const refused = await window.daprlet
      .register({ appId: "other", components: [{ name: "statestore", type: "state.indexeddb" }] })
      .then(
        () => "it opened",
        (error: Error) => error.message,
      );
    return { saved: saved.status, read: await read.text(), refused };
  });
  expect(told.saved).toBe(204);
  expect(told.read).toBe('"kept"');
  expect(told.refused).toContain("state.indexeddb");
  await site.stop();
});

test("a component of one's own joins those of a worker, as the guide has it", async ({ page }) => {
  const code = await composed(
    `import { compose, extendRegistry, workerRegistry } from "daprlet/worker";
     const stamp = {
       type: "middleware.http.stamp", version: "v1", summary: "", metadata: {}, features: [],
       open: async () => ({
         async handle(request, next) {
           const answer = await next(request);
           return { ...answer, headers: [...answer.headers, "x-stamp", "mine"] };
         },
         async close() {},
       }),
     };
     compose(self, (storage) => extendRegistry(workerRegistry(storage), [stamp]), { own: true });`,
  );
  const site = await Site.start();
  site.files.set("sw.js", code);
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  const stamped = await page.evaluate(async () => {
    const document = (kind: string, name: string, spec: object) =>
      JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind, metadata: { name }, spec });
    const type = "middleware.http.stamp";
    const components = [
      document("Component", "stamp", { type, version: "v1" }),
      document("Configuration", "pipeline", { httpPipeline: { handlers: [{ name: "stamp", type }] } }),
    ].join("\n---\n");
    await window.daprlet.register({ appId: "own", components });
    return (await fetch("/v1.0/metadata")).headers.get("x-stamp");
  });
  expect(stamped).toBe("mine");
  await site.stop();
});

test("a worker that takes tokens of an issuer lets nobody else through", async ({ page }) => {
  const code = await composed(
    `import { bearer, compose, extendRegistry, workerRegistry } from "daprlet/worker";
     compose(self, (storage) => extendRegistry(workerRegistry(storage), [bearer()]), { own: true });`,
  );
  const site = await Site.start();
  site.files.set("sw.js", code);
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
  await page.goto(site.url);
  await page.waitForFunction(() => window.daprlet !== undefined);
  const given = { keys: `${site.url}keys.json`, mine: await token("shop"), others: await token("another") };
  const statuses = await page.evaluate(async ({ keys, mine, others }) => {
    const document = (kind: string, name: string, spec: object) =>
      JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind, metadata: { name }, spec });
    const type = "middleware.http.bearer";
    const metadata = Object.entries({ issuer: "the issuer", audience: "shop", jwksURL: keys }).map(
      ([name, value]) => ({ name, value }),
    );
    const components = [
      document("Component", "who", { type, version: "v1", metadata }),
      document("Configuration", "pipeline", { httpPipeline: { handlers: [{ name: "who", type }] } }),
    ].join("\n---\n");
    await window.daprlet.register({ appId: "own", components });
    const status = async (headers: Record<string, string>) =>
      (await fetch("/v1.0/metadata", { headers })).status;
    return [
      await status({}),
      await status({ authorization: `Bearer ${others}` }),
      await status({ authorization: `Bearer ${mine}` }),
    ];
  }, given);
  expect(statuses).toEqual([401, 401, 200]);
  await site.stop();
});
