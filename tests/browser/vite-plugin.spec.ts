import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, type Page, test } from "playwright/test";
import { build, createServer, type InlineConfig, preview } from "vite";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "daprlet-vite-"));

const html = `<!doctype html><title>site</title>
<script type="module">
  await fetch("/v1.0/state/statestore", { method: "POST", body: '[{"key":"k","value":"from the page"}]' });
  const read = await fetch("http://localhost:3500/v1.0/state/statestore/k");
  document.title = await read.text();
</script>`;

/** A site that knows nothing of daprlet but the plugin, under a path of its own. */
async function config(): Promise<InlineConfig> {
  const { default: daprlet } = await import(join(root, "dist/vite.js"));
  return {
    root: folder,
    base: "/shop/",
    configFile: false,
    logLevel: "error",
    plugins: [daprlet({ appId: "shop" })],
    resolve: { alias: { daprlet: join(root, "dist/client.js") } },
    server: { host: "localhost", port: 4310, fs: { strict: false } },
    preview: { host: "localhost", port: 4311 },
    build: { target: "es2022" },
  };
}

test.beforeAll(() => {
  writeFileSync(join(folder, "index.html"), html);
  mkdirSync(join(folder, "about"));
  writeFileSync(join(folder, "about/index.html"), html);
});
test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function stores(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(page).toHaveTitle('"from the page"', { timeout: 20_000 });
}

test("the plugin serves a site in development, the sidecar registered before the page's own script", async ({
  page,
}) => {
  const server = await createServer(await config());
  await server.listen();
  await stores(page, "http://localhost:4310/shop/");
  await server.close();
});

test("the plugin's build runs from a static server under a sub-path", async ({ page }) => {
  await build(await config());
  const server = await preview(await config());
  await stores(page, "http://localhost:4311/shop/");
  await new Promise((closed) => server.httpServer.close(closed));
});

test("pages in folders find the worker under a relative base", async ({ page }) => {
  const input = ["index.html", "about/index.html"].map((name) => join(folder, name));
  const relative = { ...(await config()), base: "./", build: { target: "es2022", rollupOptions: { input } } };
  await build(relative);
  const server = await preview({ ...relative, base: "/anywhere/" });
  await stores(page, "http://localhost:4311/anywhere/about/");
  expect(await page.evaluate(() => navigator.serviceWorker.controller?.scriptURL)).toBe(
    "http://localhost:4311/anywhere/sw.js",
  );
  await new Promise((closed) => server.httpServer.close(closed));
});
