import { readFileSync } from "node:fs";
import type { Core } from "../core/core.ts";
import { loadCore } from "../core/load-core.ts";

/** Beside the bundle once built, in `dist/` when the sources run under a test runner. */
const places = ["./core.wasm", "../core.wasm", "../../dist/core.wasm"];

/** A fresh instance of the core from the file that ships with the package. Throws when the build is missing. */
export function nodeCore(): Core {
  for (const place of places) {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = new Uint8Array(readFileSync(new URL(place, import.meta.url)));
    } catch {
      continue;
    }
    return loadCore(bytes);
  }
  throw new Error("core.wasm is missing beside the package's files; run `npm run build`");
}
