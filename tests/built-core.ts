import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;

/** Before all tests: a core that was built of other endpoints than host/api has now would misroute without a word. */
export default function setup(): void {
  execFileSync(process.execPath, [join(root, "scripts/generate-routes.mjs")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const routes = statSync(join(root, "assembly/http/routes.gen.ts"));
  const core = statSync(join(root, "dist/core.wasm"), { throwIfNoEntry: false });
  if (core === undefined || core.mtimeMs < routes.mtimeMs) {
    throw new Error(
      "dist/core.wasm was not built of these endpoints: `npm run build:core`, or `npm run build` for the first time",
    );
  }
}
