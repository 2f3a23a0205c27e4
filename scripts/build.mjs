// Builds everything the package ships into dist/, telling each step and its time. `--if-stale` builds only when a
// source is newer than the last build; `--for-demo` only what the demo serves and runs: neither types nor the gateway.
import { spawn } from "node:child_process";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const forDemo = process.argv.includes("--for-demo");
const whole = join(root, "dist/.built");
const part = join(root, "dist/.built-for-demo");

function newest(path) {
  const entry = statSync(path);
  if (!entry.isDirectory()) return entry.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function builtAt(stamp) {
  try {
    return statSync(stamp).mtimeMs;
  } catch {
    return 0;
  }
}

function run(name, command, ...args) {
  const began = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, shell: process.platform === "win32" });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) {
        console.log(`  ${name.padEnd(28)} ${((Date.now() - began) / 1000).toFixed(1)} s`);
        resolve();
      } else {
        console.error(output);
        reject(new Error(`${name} failed with exit code ${code}`));
      }
    });
  });
}

const sources = ["assembly", "capabilities", "host", "worker", "scripts", "package.json"].map((name) =>
  join(root, name),
);
const built = forDemo ? Math.max(builtAt(whole), builtAt(part)) : builtAt(whole);
if (process.argv.includes("--if-stale") && Math.max(...sources.map(newest)) < built) process.exit(0);

console.log("Building daprlet");
try {
  await run("core (AssemblyScript)", "node", "scripts/build-core.mjs");
  await Promise.all([
    run("worker and client", "node", "scripts/build-worker.mjs"),
    run("runtime, Node host, plugin", "node", "scripts/build-node.mjs"),
    ...(forDemo
      ? []
      : [
          run("gateway (AssemblyScript)", "node", "scripts/build-gateway.mjs"),
          run("types", "npx", "tsc", "-p", "tsconfig.types.json"),
        ]),
  ]);
  if (!forDemo) await run("adapters of components", "node", "scripts/build-adapters.mjs");
  await run("capability packages", "node", "scripts/build-capabilities.mjs");
  await run("files for sites", "node", "scripts/build-site.mjs");
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
writeFileSync(forDemo ? part : whole, "");
