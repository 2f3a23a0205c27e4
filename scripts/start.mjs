// `npm start`: builds what is stale, runs a relay and a Node app joined to it, serves the demo, prints one URL.
import { spawnSync } from "node:child_process";
import { build, preview, runnerImport } from "vite";

const root = new URL("..", import.meta.url).pathname;
const built = spawnSync(process.execPath, ["scripts/build.mjs", "--if-stale"], {
  cwd: root,
  stdio: "inherit",
});
if (built.status !== 0) process.exit(built.status ?? 1);

const { default: daprlet } = await import("../dist/vite.js");
const { startRelay, startSidecar } = await import("../dist/node/index.js");

const relay = await startRelay({ port: 0 });

// Built, not served by the development server: its first visit reloads the page while it prepares dependencies.
const site = {
  root: `${root}demo`,
  configFile: false,
  logLevel: "warn",
  plugins: [daprlet()],
  resolve: { alias: { daprlet: `${root}dist/client.js` } },
  define: { "import.meta.env.VITE_RELAY_URL": JSON.stringify(relay.url) },
  build: { target: "es2022", emptyOutDir: true },
  preview: { host: "localhost", port: Number(process.env.PORT ?? 4200) },
};
await build(site);
const server = await preview(site);
const [url] = server.resolvedUrls.local;

// The page's app, unchanged, beside a sidecar on Node.
const { demoApp } = (await runnerImport(`${root}demo/app.ts`, { configFile: false })).module;
const app = demoApp("node-app", ["relay"], {
  called: (what) => console.log(`  node-app was called: ${what}`),
  received: (topic, data) => console.log(`  node-app received on ${topic}: ${JSON.stringify(data)}`),
});
const sidecar = await startSidecar({
  appId: "node-app",
  app: (request) => app.fetch(request),
  components: [{ name: "relay", type: "pubsub.relay", metadata: { url: relay.url } }],
  relay: relay.url,
  logLevel: "warn",
});

console.log(`\n  daprlet is running in a page:  ${url}\n`);
console.log(
  `  A Node app (node-app, its sidecar on port ${sidecar.port}) is joined through ${relay.url}. Ctrl-C ends it all.\n`,
);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await Promise.allSettled([sidecar.stop(), server.close(), relay.close()]);
    process.exit(0);
  });
}
