import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "vite";

const dist = resolve(import.meta.dirname, "../../dist");

/** A worker of a site's own making, as its bundler builds it from the package. */
export async function composed(script: string): Promise<string> {
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
