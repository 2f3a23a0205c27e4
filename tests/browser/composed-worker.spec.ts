import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "vite";
import { expect, Site, test } from "./fixtures.ts";

const dist = resolve(import.meta.dirname, "../../dist");

/** A worker of a site's own making, as its bundler builds it from the package. */
async function composed(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "daprlet-composed-"));
  writeFileSync(
    join(folder, "sw.js"),
    `import { compose, inMemoryStore } from "daprlet/worker";
     compose(self, () => ({ state: [inMemoryStore], pubsub: [] }), { own: true });
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
  const code = await composed();
  expect(code).not.toContain("pubsub.browser has");
  expect(code).not.toContain("Keeps items in the browser's IndexedDB");
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
