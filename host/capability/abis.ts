import { type Abi, capabilityAbi } from "./abi.ts";
import { httpWasmAbi } from "./http-wasm/http-wasm-abi.ts";
import type { AbiName } from "./manifest.ts";

/** Every ABI that a package's module may have. */
export const abis: Readonly<Record<AbiName, Abi>> = { capability: capabilityAbi, "http-wasm": httpWasmAbi };
