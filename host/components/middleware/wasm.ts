import type { ComponentContext } from "../component.ts";
import { type Decoded, field, flag, milliseconds, text } from "../metadata-schema.ts";
import { defineMiddleware, type HttpMiddleware, type MiddlewareDefinition } from "./middleware.ts";

const sha256 = field((value) => {
  if (!/^[\da-f]{64}$/.test(value)) throw new Error("expected 64 hexadecimal digits in lower case");
  return value;
});

const MEBIBYTE = 1 << 20;

const mebibytes = field((value) => {
  const number = Number(value.replace(/Mi$/, ""));
  if (!Number.isInteger(number) || number < 1 || number > 4096)
    throw new Error("expected a size such as 64Mi");
  return number * MEBIBYTE;
});

export const wasmMetadata = {
  url: text.required(
    "Where the guest is: a file (file://), or an address of http or https; in a page one of the site's, and no file.",
  ),
  guestConfig: text("What the guest reads as its configuration.", ""),
  strictSandbox: flag("Whether the guest is told neither the time nor anything random.", false),
  sha256: sha256("The SHA-256 of the guest's bytes; others are refused. Daprlet's own."),
  maxMemory: mebibytes("What an instance's memory may grow to. Daprlet's own.", 64 * MEBIBYTE),
  timeout: milliseconds(
    "How long the guest may take for a request, and for its response. Daprlet's own.",
    1_000,
  ),
};

export type WasmMetadata = Decoded<typeof wasmMetadata>;

/** How a host runs guests. Rejects with an Error that says why not. */
export type OpenWasm = (metadata: WasmMetadata, context: ComponentContext) => Promise<HttpMiddleware>;

/** A guest of http-wasm, as Dapr runs it; what runs it is loaded with the first one. */
export function wasmMiddleware(open: () => Promise<OpenWasm>): MiddlewareDefinition {
  return defineMiddleware({
    type: "middleware.http.wasm",
    version: "v1",
    summary:
      "Runs a module of WebAssembly that keeps to the HTTP handler ABI of http-wasm, in a worker of its own.",
    metadata: wasmMetadata,
    features: [],
    open: async (given, context) => (await open())(given, context),
  });
}
