/// <reference path="./virtual-guest-worker.d.ts" />
import { script } from "virtual:daprlet-guest-worker";
import { INTERNAL } from "../messages.ts";

/** Where pages start the workers from that they lend. */
export function guestScriptAddress(scope: string): string {
  return new URL(`${INTERNAL}guest-worker.js`, scope).href;
}

/**
 * The service worker answers with the script itself: it is there without a network, and always of the same version. The policy lets
 * it compile WebAssembly and do nothing else, whatever the page may do.
 */
export function guestScript(): Response {
  return new Response(script, {
    headers: {
      "content-type": "text/javascript",
      "content-security-policy": "default-src 'none'; script-src 'wasm-unsafe-eval'",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}
