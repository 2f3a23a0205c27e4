/**
 * Builds what pages and service workers load: sw.js (one classic script), client.js, page-mode.js and the chunks for
 * components given as data or YAML, and worker.js for sites that have a worker of their own.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync, gzipSync } from "node:zlib";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const outDir = `${root}dist`;

/** `virtual:daprlet-core`: core.wasm as base64, deflated before, because base64 hides from gzip what repeats. */
const embeddedCore = {
  name: "daprlet-core",
  resolveId: (id) => (id === "virtual:daprlet-core" ? "\0daprlet-core" : undefined),
  load(id) {
    if (id !== "\0daprlet-core") return undefined;
    const deflated = deflateRawSync(readFileSync(`${outDir}/core.wasm`), { level: 9 });
    return `export const core = "${deflated.toString("base64")}";`;
  },
};

/** `virtual:daprlet-guest-worker`: the script of the workers that pages lend, whole, because a service worker answers with it. */
const embeddedGuestWorker = {
  name: "daprlet-guest-worker",
  resolveId: (id) => (id === "virtual:daprlet-guest-worker" ? "\0daprlet-guest-worker" : undefined),
  load(id) {
    if (id !== "\0daprlet-guest-worker") return undefined;
    return `export const script = ${JSON.stringify(readFileSync(`${outDir}/guest-worker.js`, "utf8"))};`;
  },
};

/** What the client loads late stays a file of its own, beside it. */
const lateParts = {
  name: "daprlet-late-parts",
  enforce: "pre",
  resolveId(id) {
    const late = /\.\.\/(?:page-mode\/)?(page-mode|client-[a-z]+)\.ts$/.exec(id);
    return late ? { id: `./${late[1]}.js`, external: true } : undefined;
  },
};

const bundle = (entry, name, format, plugins = [], { define = {}, chunks } = {}) =>
  build({
    root,
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    plugins: [embeddedCore, embeddedGuestWorker, ...plugins],
    define: { "process.env.NODE_ENV": '"production"', ...define },
    build: {
      outDir,
      emptyOutDir: false,
      minify: process.env.DAPRLET_MINIFY === "0" ? false : "oxc",
      target: "es2022",
      sourcemap: false,
      modulePreload: false,
      lib: { entry: `${root}${entry}`, formats: [format], name: "daprlet", fileName: () => name },
      rollupOptions: {
        output: {
          codeSplitting: chunks !== undefined,
          minify: process.env.DAPRLET_MINIFY !== "0",
          ...(chunks !== undefined && { chunkFileNames: chunks }),
        },
      },
    },
  });

// First: others have it in themselves. A library makes a URL of its address, which as text it has none of.
await bundle("worker/capability/guest-worker.ts", "guest-worker.js", "iife", [], {
  define: { "self.location": "undefined" },
});
await bundle("worker/service-worker.ts", "sw.js", "iife");
await bundle("worker/client/index.ts", "client.js", "es", [lateParts]);
// Its packages are a file of their own with what else runs in the page: both must have the same classes of errors.
await bundle("worker/page-mode/page-mode.ts", "page-mode.js", "es", [lateParts], {
  chunks: "page-mode-[name].js",
});
for (const part of [
  "actors",
  "classes",
  "detours",
  "devices",
  "relay",
  "resources",
  "rules",
  "serve",
  "storage",
  "vault",
  "wasm",
  "yaml",
]) {
  await bundle(`worker/client-${part}.ts`, `client-${part}.js`, "es", [lateParts]);
}
await bundle("worker/index.ts", "worker.js", "es");
await bundle("worker/actors.ts", "actors.js", "es");
await bundle("worker/packages.ts", "packages.js", "es", [lateParts]);
await bundle("host/lent/index.ts", "lent.js", "es");

for (const name of readdirSync(outDir).filter((file) =>
  /^(sw|worker|guest-worker|actors|packages|lent|page-mode.*|client.*)\.js$/.test(file),
)) {
  const path = `${outDir}/${name}`;
  console.log(
    `${basename(path).padEnd(20)} ${statSync(path).size} bytes, ${gzipSync(readFileSync(path)).length} gzip`,
  );
}
