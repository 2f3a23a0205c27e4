import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

const dist = resolve(import.meta.dirname, "../../dist");
const kilobyte = 1024;

/** Bytes that a page or a process has to load. Raising one of these needs a reason in the commit that does it. */
const budgets = [
  { file: "core.wasm", limit: 32 * kilobyte, gzip: false },
  { file: "core-scalar.wasm", limit: 32 * kilobyte, gzip: false },
  { file: "client.js", limit: 8 * kilobyte, gzip: true },
  { file: "sw.js", limit: 197 * kilobyte, gzip: true },
  { file: "gateway/http.wasm", limit: 42 * kilobyte, gzip: false },
  { file: "gateway/http+sockets.wasm", limit: 64 * kilobyte, gzip: false },
  { file: "gateway/http+folder.wasm", limit: 94 * kilobyte, gzip: false },
  { file: "gateway/http+sockets+folder.wasm", limit: 106 * kilobyte, gzip: false },
  { file: "gateway/http+packages.wasm", limit: 74 * kilobyte, gzip: false },
  { file: "gateway/http+sockets+folder+packages.wasm", limit: 139 * kilobyte, gzip: false },
  { file: "gateway/http-wasm.wasm", limit: 25 * kilobyte, gzip: false },
];

describe("budgets", () => {
  it.each(budgets)("$file stays within $limit bytes", ({ file, limit, gzip }) => {
    const bytes = readFileSync(resolve(dist, file));
    const size = gzip ? gzipSync(bytes, { level: 9 }).length : bytes.length;
    console.log(`${file}: ${size} of ${limit} bytes${gzip ? ", gzipped" : ""}`);
    expect(size).toBeLessThanOrEqual(limit);
  });

  it("core.wasm imports nothing", () => {
    const module = new WebAssembly.Module(readFileSync(resolve(dist, "core.wasm")));
    expect(WebAssembly.Module.imports(module)).toEqual([]);
  });
});
