import type { Call } from "../api/endpoint.ts";
import { header, type RuntimeRequest, type RuntimeResponse, withoutHeader } from "../http.ts";
import type { PlacementState } from "./placement/placement-state.ts";

/** Calls of the API that are about one actor, named as their rows are. */
export type ActorOperation = "invoke" | "transact" | "state" | "reminder" | "timer";

/** What `/v1.0/metadata` shows as `actorRuntime`, but for the table. */
export interface ActorRuntimeStatus {
  readonly runtimeStatus: "INITIALIZING" | "DISABLED" | "RUNNING";
  readonly activeActors: readonly { readonly type: string; readonly count: number }[];
  /** True once the actors that this instance hosts can be called. */
  readonly hostReady: boolean;
  /** Dapr's words; empty where this instance does not take part in placement, as it does from the first call on. */
  readonly placement: "" | "placement: connected" | "placement: disconnected";
  /** By whom and with which table it takes part; undefined where it does not. */
  readonly table: string | undefined;
}

export function placementWords(ready: boolean): ActorRuntimeStatus["placement"] {
  return ready ? "placement: connected" : "placement: disconnected";
}

/** The actors block of one sidecar: the same whether its actors live in this process or in the pages behind a worker. */
export interface Actors {
  /**
   * Answers a call of the API, here or by the instance that owns the actor. `params` of the call are type, id and, but for
   * `transact`, the name of a method, key, reminder or timer.
   */
  handle(operation: ActorOperation, call: Call): Promise<RuntimeResponse>;
  /**
   * Answers a call that another instance resolved to this one, whose table had that version. Never passes it on: what is
   * not owned here is answered with `moved` in {@link actorHeader}.
   */
  receive(operation: ActorOperation, call: Call, version: number): Promise<RuntimeResponse>;
  readonly status: ActorRuntimeStatus;
  /** Who hosts what, once this instance takes part in that. Left out where only others can tell. */
  placement?(request: RuntimeRequest): Promise<PlacementState>;
  /**
   * Deactivates one actor of this process once its calls have ended; false when it is not active. Left out where actors live
   * elsewhere.
   */
  deactivate?(type: string, id: string): Promise<boolean>;
  /** Asks the app which types it hosts, and takes part in placement with them; again whenever the app may have changed. */
  start(signal: AbortSignal): Promise<void>;
  /** The components changed: the actor state store may be another one. */
  componentsChanged(): Promise<void>;
  /** The policies changed. Left out where they are asked for with each call. */
  policiesChanged?(): void;
  /** Lets calls end, halts what is hosted here, and leaves. */
  close(): Promise<void>;
}

/**
 * Of a call between instances, and of a gateway's: the version of the table by which the caller found the owner; of its
 * answer: `moved`, or `failed`. Whoever else says it of a call has it answered with `moved` where it is not for this
 * instance, in the place of its being handed on. No app sees it.
 */
export const actorHeader = "daprlet-actor";

/** The answer of an instance that does not own the actor (any more). */
export const moved: RuntimeResponse = Object.freeze({
  status: 409,
  headers: [actorHeader, "moved"],
  body: undefined,
});

export function isMoved({ headers }: Pick<RuntimeResponse, "headers">): boolean {
  return header(headers, actorHeader) === "moved";
}

/** An owner's answer where the caller's policy may try again, which knows errors from answers by this. */
export function failedThere(answer: RuntimeResponse): RuntimeResponse {
  return { ...answer, headers: [...answer.headers, actorHeader, "failed"] };
}

export function isFailedThere({ status, headers }: RuntimeResponse): boolean {
  return status >= 500 && header(headers, actorHeader) === "failed";
}

/** Without the word of {@link failedThere}, which is for sidecars. */
export function asAnswered(answer: RuntimeResponse): RuntimeResponse {
  return isFailedThere(answer) ? { ...answer, headers: withoutHeader(answer.headers, actorHeader) } : answer;
}
