import { breakers } from "./breakers.ts";
import type { Core } from "./core.ts";
import { entryScanner } from "./entry-scanner.ts";
import { envelopes } from "./envelope.ts";
import type { CoreExports } from "./exports.ts";
import { hashes } from "./hash.ts";
import { Inbox } from "./inbox.ts";
import { router } from "./router.ts";
import { stateScanner } from "./state-scanner.ts";
import { traces } from "./trace.ts";

/** What one instance answers without growing; tables have instances of their own. */
export type Requests = Omit<Core, "ring" | "rendezvous" | "access" | "directory">;

export function bindRequests(exports: CoreExports): Requests {
  const inbox = new Inbox(exports);
  return {
    ...router(exports, inbox),
    ...entryScanner(exports, inbox),
    ...stateScanner(exports, inbox),
    ...envelopes(exports, inbox),
    ...hashes(exports, inbox),
    ...traces(exports, inbox),
    ...breakers(exports, inbox),
  };
}
