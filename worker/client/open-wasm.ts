/// <reference path="../capability/virtual-guest-worker.d.ts" />
import { script } from "virtual:daprlet-guest-worker";
import { appTerms, type WasmAppOptions } from "../../host/capability/app/app-options.ts";
import { WasmApp } from "../../host/capability/app/wasm-app.ts";
import { reasonOf } from "../../host/errors/reason-of.ts";
import { consoleLog, webPlatform } from "../../host/web-platform.ts";
import { pageWorkers } from "../capability/page-workers.ts";
import type { WireRequest, WireResponse } from "../messages.ts";

/** A Wasm module that a page serves as its app. */
export interface GivenWasm extends WasmAppOptions {
  /** Its address, or its bytes. */
  readonly module: string | URL | Uint8Array<ArrayBuffer>;
}

export interface WasmContext {
  readonly appId: string;
  /** The URL of the client's module. */
  readonly module: string;
  readonly maxConcurrency: number | undefined;
  /** The network, past the page's sidecar. */
  readonly fetch: typeof fetch;
  /** The app's sidecar. */
  readonly api: (request: WireRequest) => Promise<WireResponse>;
}

async function bytesOf(module: GivenWasm["module"], fetch: WasmContext["fetch"]) {
  if (module instanceof Uint8Array) return module;
  const response = await fetch(module);
  if (!response.ok) throw new Error(`${module} answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Fetches, hashes and checks it. Rejects with what is wrong with it. */
export async function openWasm(
  given: string | GivenWasm,
  { appId, module: client, maxConcurrency, fetch, api }: WasmContext,
): Promise<WasmApp> {
  const { module, ...options } = typeof given === "string" ? { module: given } : given;
  const terms = appTerms(options, maxConcurrency, "serve()");
  try {
    return await WasmApp.open(appId, await bytesOf(module, fetch), terms, {
      confinement: pageWorkers(script, new URL("guest-worker.js", client).href),
      platform: { ...webPlatform(consoleLog("info", "daprlet")), fetch: (input, init) => fetch(input, init) },
      api: ({ method, path, query, headers, body }) => api({ method, path, query, headers, body }),
    });
  } catch (error) {
    throw new Error(`serve(): the app's Wasm module was not let in: ${reasonOf(error)}`, { cause: error });
  }
}
