// `npm start`: builds what is stale, runs a relay and a Node app joined to it, serves the demo, prints one URL.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, preview, runnerImport } from "vite";

const root = new URL("..", import.meta.url).pathname;
const port = Number(process.env.PORT ?? 4200);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`PORT=${process.env.PORT} is no port: give a number up to 65535, or leave it out for 4200`);
  process.exit(1);
}
const built = spawnSync(process.execPath, ["scripts/build.mjs", "--if-stale", "--for-demo"], {
  cwd: root,
  stdio: "inherit",
});
if (built.status !== 0) process.exit(built.status ?? 1);

const { default: daprlet } = await import("../dist/vite.js");
const { startRelay, startSidecar } = await import("../dist/node/index.js");
const { hostCells } = await import("./crowd-node.mjs");
const { giveOutWork } = await import("./lent-node.mjs");

const relay = await startRelay({ port: 0 });
// A folder of its own, because the page names the relay: two starts at once are two sites.
const outDir = mkdtempSync(join(tmpdir(), "daprlet-demo-"));
process.once("exit", () => rmSync(outDir, { recursive: true, force: true }));

// Built, not served by the development server: its first visit reloads the page while it prepares dependencies.
const site = {
  root: `${root}demo`,
  configFile: false,
  logLevel: "warn",
  plugins: [daprlet()],
  resolve: {
    alias: {
      "daprlet/actors": `${root}dist/actors.js`,
      "daprlet/lent": `${root}dist/lent.js`,
      "daprlet/packages": `${root}dist/packages.js`,
      daprlet: `${root}dist/client.js`,
    },
  },
  define: { "import.meta.env.VITE_RELAY_URL": JSON.stringify(relay.url) },
  build: {
    target: "es2022",
    outDir,
    emptyOutDir: true,
    chunkSizeWarningLimit: 2000,
    rollupOptions: {
      input: ["index.html", "actors.html", "packages/index.html", "lent/index.html", "wasm/index.html"].map(
        (page) => `${root}demo/${page}`,
      ),
    },
  },
  preview: { host: "localhost", port },
};
await build(site);
// Pages that run packages have a worker of their own, as any site that wants them.
for (const [folder, worker] of [
  ["packages", "capable-worker.ts"],
  ["lent", "capable-worker.ts"],
  ["wasm", "wasm/worker.ts"],
]) {
  await build({
    configFile: false,
    logLevel: "warn",
    resolve: { alias: { "daprlet/worker": `${root}dist/worker.js` } },
    build: {
      target: "es2022",
      outDir: `${outDir}/${folder}`,
      emptyOutDir: false,
      lib: {
        entry: `${root}demo/${worker}`,
        formats: ["iife"],
        name: "worker",
        fileName: () => "sw.js",
      },
    },
  });
}
cpSync(`${root}dist/capabilities`, `${outDir}/shipped`, { recursive: true });
cpSync(`${root}dist/demo/server.wasm`, `${outDir}/wasm/server.wasm`);
const server = await preview(site);
const [url] = server.resolvedUrls.local;
const taken = port !== 0 && new URL(url).port !== String(port) ? ` (port ${port} is taken)` : "";

// The page's app, unchanged, beside a sidecar on Node.
const demoModule = async (file) => (await runnerImport(`${root}demo/${file}`, { configFile: false })).module;
const { demoApp } = await demoModule("app.ts");
const { Cell } = await demoModule("crowd/cell.ts");
const app = demoApp("node-app", ["relay"], {
  called: (what) => console.log(`  node-app was called: ${what}`),
  received: (by, data) => console.log(`  node-app received by ${by}: ${JSON.stringify(data)}`),
});
// The page with the thousand actors asks for a further instance of its app, and for its end.
let cells;
app.post("/crowd", async (c) => {
  cells ??= await hostCells(Cell, relay.url);
  return c.body(null, 204);
});
app.delete("/crowd", async (c) => {
  const ending = cells;
  cells = undefined;
  await ending?.stop();
  return c.body(null, 204);
});
const sidecar = await startSidecar({
  appId: "node-app",
  app: (request) => app.fetch(request),
  components: [{ name: "relay", type: "pubsub.relay", metadata: { url: relay.url } }],
  relay: relay.url,
  logLevel: "warn",
});
// The web server that pages run, in Node.
const book = await startSidecar({
  appId: "book-on-node",
  appWasm: { module: `${root}dist/demo/server.wasm` },
  capabilities: {
    paths: [`${root}dist/capabilities/hello`],
    grants: { hello: { limits: { timeMs: 1000 } } },
  },
  components: [
    { name: "statestore", type: "state.in-memory" },
    { name: "pubsub", type: "pubsub.relay", metadata: { url: relay.url } },
  ],
  relay: relay.url,
  logLevel: "warn",
});
const { projectsOf } = await demoModule("lent/projects.ts");
const lent = await giveOutWork(projectsOf, `${root}dist/capabilities`, relay.url);

console.log(`\n  daprlet is running in a page:  ${url}${taken}\n`);
console.log(
  `  A Node app (node-app, its sidecar on port ${sidecar.port}) is joined through ${relay.url}. Ctrl-C ends it all.\n`,
);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    // The app first, which would miss its relay.
    await Promise.allSettled([sidecar.stop(), book.stop(), cells?.stop(), lent.stop()]);
    await Promise.allSettled([server.close(), relay.close()]);
    process.exit(0);
  });
}
