// Bundles what runs on Node into few files: the CLI and the Node host, the runtime for authors, the Vite plugin.
import { chmodSync, existsSync } from "node:fs";
import { build } from "vite";

const root = new URL("..", import.meta.url).pathname;
const externals = [/^node:/, /^(ws|undici|libsql|vite)(\/|$)/];

/** The command line stays a file of its own: what starts it is there before. */
const apart = {
  name: "apart",
  enforce: "pre",
  resolveId: (id) =>
    id === "./cli/command-line.ts" ? { id: "./command-line.js", external: true } : undefined,
};

/**
 * What an entry needs before anything is loaded late is one file with it: each further one costs a start as much as tens of
 * kilobytes, and all that is shared with what loads late would be a file of its own.
 */
const together = {
  debugName: "start",
  name(id, context) {
    const seen = new Set();
    const needed = (one) => {
      if (seen.has(one)) return false;
      seen.add(one);
      const { isEntry, importers = [] } = context.getModuleInfo(one) ?? {};
      // A copy: the list is another one's after the next question.
      return isEntry || [...importers].some(needed);
    };
    return needed(id) ? "start" : null;
  },
};

async function bundle(folder, entries, empty = folder !== "", codeSplitting = { groups: [together] }) {
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    plugins: [apart],
    build: {
      outDir: `${root}dist/${folder}`,
      emptyOutDir: empty,
      target: "node20",
      minify: false,
      ssr: true,
      rolldownOptions: {
        input: entries,
        external: externals,
        output: {
          format: "es",
          // Less to read at every start; names stay, for stack traces that say something.
          minify: { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
          entryFileNames: "[name].js",
          chunkFileNames: "[name]-[hash].js",
          codeSplitting,
        },
      },
    },
    ssr: { noExternal: true, target: "node" },
    // Its ES modules, of which only what is used is bundled, where Node would get all of it.
    resolve: { alias: { yaml: `${root}node_modules/yaml/browser/dist/index.js` } },
  });
}

// One bundle each: the CLI starts from a single file.
await bundle("node", { "command-line": `${root}host/node/cli/command-line.ts` });
await bundle("node", { main: `${root}host/node/main.ts` }, false, false);
await bundle("node", { index: `${root}host/node/index.ts` }, false);
await bundle("node", { actors: `${root}host/node/actors.ts` }, false);
await bundle("node", { "guest-worker": `${root}host/node/capability/guest-worker.ts` }, false);
chmodSync(`${root}dist/node/main.js`, 0o755);
await bundle("", { runtime: `${root}host/index.ts` });
if (existsSync(`${root}host/vite/index.ts`)) await bundle("", { vite: `${root}host/vite/index.ts` });
