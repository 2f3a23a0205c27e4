import { readFile } from "node:fs/promises";
import { appTerms, type WasmAppOptions } from "../../capability/app/app-options.ts";
import { WasmApp } from "../../capability/app/wasm-app.ts";
import type { Api } from "../../capability/host-calls.ts";
import type { AppChannel } from "../../channel/app-channel.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import type { Platform } from "../../platform.ts";
import { workerThreads } from "./worker-threads.ts";

/** A Wasm module that a sidecar of this process runs as its app. */
export interface NodeWasmApp extends WasmAppOptions {
  /** Its file, or its bytes. */
  readonly module: string | Uint8Array<ArrayBuffer>;
}

interface OfSidecar {
  readonly appId: string;
  readonly appMaxConcurrency?: number;
}

/** Throws with what is wrong with the module. `api` is the app's own sidecar. */
export async function wasmAppChannel(
  { module, ...options }: NodeWasmApp,
  { appId, appMaxConcurrency }: OfSidecar,
  platform: Platform,
  api: Api,
): Promise<AppChannel> {
  const name = typeof module === "string" ? module : `app ${appId}`;
  const app = await open().catch((error: unknown) => {
    throw new Error(`${name} was not let in as the app: ${reasonOf(error)}`, { cause: error });
  });
  return {
    invoke: (request) => app.answer(request),
    ready: () => Promise.resolve(),
    properties: { protocol: "wasm" },
    close: () => app.close(),
  };

  async function open(): Promise<WasmApp> {
    const bytes = typeof module === "string" ? new Uint8Array(await readFile(module)) : module;
    const host = { confinement: workerThreads(), platform, api };
    return await WasmApp.open(appId, bytes, appTerms(options, appMaxConcurrency, "the app"), host);
  }
}
