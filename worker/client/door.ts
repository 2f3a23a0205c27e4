import type { Resources } from "../../host/resources/resources.ts";
import type { WireRequest, WireResponse } from "../messages.ts";
import type { AppHost } from "./app-host.ts";

/** A page's way to its sidecar: a port to the service worker, or a call into the runtime of this very page. */
export interface Door {
  readonly kind: "worker" | "page";
  readonly storage: "persistent" | "best-effort" | "memory";
  /**
   * Every answer of the sidecar is an answer; rejects when the signal aborts, or when a streamed answer can no longer
   * come. A request is repeated only under its id, so it has one effect.
   */
  call(request: WireRequest, signal: AbortSignal | undefined): Promise<WireResponse>;
  /** What answers for the app in this page. */
  readonly app: AppHost | undefined;
  /** Makes this page answer for its app, or with undefined no longer. Resolves when subscriptions are in place. */
  serve(app: AppHost | undefined): Promise<void>;
  /** Brings the app to other components; rejects with why one stays as it was. */
  update(resources: Resources): Promise<void>;
  /** Ends the whole runtime of the scope and deletes what it kept. */
  unregister(): Promise<void>;
  /** Gives up this page's use, and leaves the runtime to others. */
  close(): void;
}
