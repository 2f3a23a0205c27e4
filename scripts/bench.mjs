// `npm run bench`: prints ratios measured in one run, and fuzzes the core with a million cases, which alone can fail.
// Names choose: `npm run bench -- node`, `npm run bench -- fuzz`.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { runnerImport } from "vite";

const folder = new URL("../tests/bench/", import.meta.url);
const wanted = process.argv.slice(2);
const files = readdirSync(folder).filter((name) => /\.bench\.(ts|mjs)$/.test(name));

for (const file of files) {
  if (wanted.length > 0 && !wanted.some((name) => file.startsWith(name))) continue;
  const path = new URL(file, folder).pathname;
  console.log(`\n── ${file}`);
  if (file.endsWith(".mjs")) {
    const { status } = spawnSync(process.execPath, [path], { stdio: "inherit" });
    if (status !== 0) process.exitCode = 1;
    continue;
  }
  const { module } = await runnerImport(path, { configFile: false, logLevel: "error" });
  await module.default();
}
