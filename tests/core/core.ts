import { readFileSync } from "node:fs";
import type { Core } from "../../host/core/core.ts";
import { loadCore } from "../../host/core/load-core.ts";

export const coreBytes = readFileSync(new URL("../../dist/core.wasm", import.meta.url));
export const coreModule = new WebAssembly.Module(coreBytes);

export function newCore(): Core {
  return loadCore(coreModule);
}

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array): string =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
