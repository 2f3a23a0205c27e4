import type { Core } from "./core.ts";
/** Instantiates the core synchronously from its bytes. */
export function loadCore(_bytes: Uint8Array<ArrayBuffer>): Core {
  throw new Error("being built");
}
