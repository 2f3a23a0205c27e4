/** Generates the router's tables and compiles assembly/ to dist/core.wasm. */
import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
mkdirSync("dist", { recursive: true });
await import("./generate-routes.mjs");
await import("./generate-table.mjs");

const { error, stderr } = await asc.main(["--config", "asconfig.json", "--target", "release"]);
if (error) {
  process.stderr.write(stderr.toString());
  console.error(error.message);
  process.exit(1);
}
console.log(`dist/core.wasm: ${statSync("dist/core.wasm").size} bytes`);
