import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { Api } from "./host-calls.ts";

/** The capability packages of one sidecar. */
export interface Capabilities {
  /** Gives them the sidecar's API, without which none of their calls can be performed. */
  attach(api: Api): void;
  /** What is loaded, granted and measured. */
  list(): readonly object[];
  /**
   * Answers a call of an offer's operation: of the package of that name, or, undefined, of the first that has the path. `path`
   * is decoded, and has no slash in front. Throws an ApiError.
   */
  handle(request: RuntimeRequest, packageName: string | undefined, path: string): Promise<RuntimeResponse>;
  /** Calls the function of that name. Throws an ApiError. */
  invoke(request: RuntimeRequest, name: string): Promise<RuntimeResponse>;
  /** The sidecar answers from now on: functions get their events. */
  start(): void;
  close(): Promise<void>;
}
