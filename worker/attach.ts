import { celRules } from "./cel-rules.ts";
import { workerRegistry } from "./components/registry.ts";
import { type AttachOptions, compose } from "./compose.ts";

/**
 * Makes a service worker the sidecar of its scope, with all that a page can have. Call it synchronously while the
 * script runs, before listeners that answer everything. It answers the API's addresses and leaves every other request
 * to the site's own listeners. Where the same script was started as a dedicated worker, it holds the sockets to a relay.
 */
export function attach(
  worker: ServiceWorkerGlobalScope | DedicatedWorkerGlobalScope,
  options: AttachOptions = {},
): void {
  compose(worker, workerRegistry, { rules: celRules, ...options });
}
