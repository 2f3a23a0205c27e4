import { readFile } from "node:fs/promises";
import { openWasm } from "../../capability/http-wasm/open-wasm.ts";
import { workerThreads } from "./worker-threads.ts";

/** Guests of http-wasm in worker threads. */
export const nodeWasm = openWasm({
  eager: true,
  confinement: workerThreads,
  async read(url, { fetch }) {
    if (/^file:\/\//i.test(url)) {
      try {
        // As Dapr reads it: nothing is decoded, and a relative path is one.
        return new Uint8Array(await readFile(url.slice("file://".length)));
      } catch (error) {
        throw new Error(`the file cannot be read: ${(error as NodeJS.ErrnoException).code}`);
      }
    }
    if (!/^https?:\/\//i.test(url)) throw new Error("expected file:///…, http://… or https://…");
    const response = await fetch(url);
    if (!response.ok) throw new Error(`its server answers ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  },
});
