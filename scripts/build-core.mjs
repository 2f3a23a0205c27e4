/**
 * Generates the router's tables and compiles assembly/ to dist/core.wasm, and once more to dist/core-scalar.wasm, which
 * does without vectors: the smallest interpreters have none.
 */
import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
mkdirSync("dist", { recursive: true });
await import("./generate-routes.mjs");
await import("./generate-table.mjs");

for (const [file, flags] of [
  ["dist/core.wasm", []],
  ["dist/core-scalar.wasm", ["--disable", "simd"]],
]) {
  const target = ["--config", "asconfig.json", "--target", "release", "--outFile", file];
  const { error, stderr } = await asc.main([...target, ...flags]);
  if (error) {
    process.stderr.write(stderr.toString());
    console.error(error.message);
    process.exit(1);
  }
  console.log(`${file}: ${statSync(file).size} bytes`);
}
