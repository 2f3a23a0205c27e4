// Builds the capability packages whose sources are newer than what was built of them, with the command of their authors.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const out = join(root, "dist/capabilities");

function newest(path) {
  const entry = statSync(path);
  if (!entry.isDirectory()) return entry.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const library = Math.max(
  newest(join(root, "capabilities/guest")),
  newest(join(root, "host/node/cli/capability")),
);

function stale(name) {
  const built = join(out, name, "capability.json");
  return (
    !existsSync(built) ||
    statSync(built).mtimeMs < Math.max(library, newest(join(root, "capabilities", name)))
  );
}

const names = readdirSync(join(root, "capabilities")).filter(
  (name) => existsSync(join(root, "capabilities", name, "capability.json")) && stale(name),
);

/** The demo's web server, which tests run as well. */
const server = join(root, "demo/wasm/assembly/server.ts");
const demo = join(root, "dist/demo");
const serverBuilt = join(demo, "server.wasm");
const serverStale =
  !existsSync(serverBuilt) ||
  statSync(serverBuilt).mtimeMs < Math.max(library, newest(join(root, "demo/wasm/assembly")));

function build(paths, out) {
  if (paths.length === 0) return 0;
  const command = [join(root, "dist/node/main.js"), "capability", "build", ...paths, "--out", out];
  return new Promise((resolve) => {
    spawn(process.execPath, command, { stdio: "inherit" }).on("exit", (code) => resolve(code ?? 1));
  });
}

// The compiler keeps one core busy: two of them take half the time.
const folders = names.map((name) => join(root, "capabilities", name));
const codes = await Promise.all(
  [0, 1].map((half) =>
    build(
      folders.filter((_, i) => i % 2 === half),
      out,
    ),
  ),
);
process.exitCode = Math.max(...codes, await build(serverStale ? [server] : [], demo));
