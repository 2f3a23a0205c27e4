import type { RuntimeRequest, RuntimeResponse } from "../http.ts";

/** How the sidecar reaches its app: HTTP on Node, a MessagePort in a page, a function in tests. */
export interface AppChannel {
  /**
   * Hands one request to one instance of the app; instances share the calls evenly and one that is gone is avoided.
   * Redirects are not followed. Throws {@link AppUnreachableError} when no instance could be reached; any status
   * of the app, also a 500, is an answer.
   */
  invoke(request: RuntimeRequest): Promise<RuntimeResponse>;
  /** Resolves once the app can be called; rejects when the signal aborts. */
  ready(signal: AbortSignal): Promise<void>;
  /**
   * Resolves once an app that could not be reached can be called again; rejects when the signal aborts. Left out where
   * the host itself starts the subscriptions again.
   */
  returned?(signal: AbortSignal): Promise<void>;
  /**
   * Calls back with every change of what the app's health checks say, for as long as the channel is open: it is taken for
   * healthy before the first. Left out where there are none.
   */
  watch?(changed: (healthy: boolean) => void): void;
  /**
   * True where what an actor still does after its request was aborted has no effect, as with classes of actors, whose
   * state is written by their host: then the next turn need not wait for it.
   */
  readonly abandonsTurns?: boolean;
  /** What `/v1.0/metadata` shows as `appConnectionProperties`. */
  readonly properties: Readonly<Record<string, unknown>>;
  close(): Promise<void>;
}

/** The app could not be reached, or was lost before it answered. The message names the cause and what to do. */
export class AppUnreachableError extends Error {
  /** True when the app may have seen the request: then another instance is not tried. */
  readonly sent: boolean;
  constructor(message: string, options: { cause?: unknown; sent?: boolean } = {}) {
    super(message, options);
    this.name = "AppUnreachableError";
    this.sent = options.sent ?? false;
  }
}
