import type { Core } from "./core.ts";
import { envelopes } from "./envelope.ts";
import { instantiate } from "./exports.ts";
import { hashes } from "./hash.ts";
import { Inbox } from "./inbox.ts";
import { placements } from "./placement.ts";
import { router } from "./router.ts";
import { stateScanner } from "./state-scanner.ts";
import { traces } from "./trace.ts";

/** Compiles core.wasm. For Node, whose module may also be compiled synchronously, and for pages. */
export function compileCore(bytes: BufferSource): Promise<WebAssembly.Module> {
  return WebAssembly.compile(bytes);
}

/** A core of its own instance. Throws when the module is of another version than this host. */
export function loadCore(module: WebAssembly.Module): Core {
  const exports = instantiate(module);
  const inbox = new Inbox(exports);
  return {
    ...router(exports, inbox),
    ...stateScanner(exports, inbox),
    ...envelopes(exports, inbox),
    ...hashes(exports, inbox),
    ...placements(module),
    ...traces(exports, inbox),
  };
}
