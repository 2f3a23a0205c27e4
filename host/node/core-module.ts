import { readFileSync } from "node:fs";
import type { Core } from "../core/core.ts";
import { compileCore, loadCore } from "../core/load-core.ts";

/** Above the build's folder for Node, or in `dist/` when the sources run under a test runner. */
const places = ["../core.wasm", "../../dist/core.wasm"];

function coreBytes(): Uint8Array<ArrayBuffer> {
  for (const place of places) {
    try {
      return new Uint8Array(readFileSync(new URL(place, import.meta.url)));
    } catch {
      // The next place.
    }
  }
  throw new Error("core.wasm is missing beside the package's files; run `npm run build`");
}

/** A fresh instance of the core from the file that ships with the package. Throws when the build is missing. */
export async function nodeCore(): Promise<Core> {
  return loadCore(await compileCore(coreBytes()));
}
