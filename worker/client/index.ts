/** `daprlet`: what a page imports. */

import { systemClock } from "../../host/web-platform.ts";
import {
  type RegisterContext,
  type Registered,
  type RegisterOptions,
  register as registerIn,
} from "./register.ts";
import { type Served, type ServeOptions, serve as serveIn } from "./serve.ts";

export type { AppSubscription, FetchHandler } from "./app-host.ts";
export type { Registered, RegisterOptions } from "./register.ts";
export type { Served, ServeOptions } from "./serve.ts";

function context(): RegisterContext {
  // randomUUID is missing on insecure origins, where the page mode is wanted.
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  const session = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { window, clock: systemClock, module: import.meta.url, session };
}

/** See `RegisterOptions`; resolves when `fetch("/v1.0/…")` is answered by this page's sidecar. */
export function register(options: RegisterOptions): Promise<Registered> {
  return registerIn(options, context());
}

/** Makes this page an app that its sidecar calls, as Dapr calls an HTTP app. */
export function serve(options: ServeOptions): Promise<Served> {
  return serveIn(options, context());
}
