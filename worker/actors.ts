/** `daprlet/actors` in a page: calls of actors. */
import { type ActorProxy, type AnyActor, actorProxy } from "../host/actors/classes/actor-proxy.ts";
import { apiActorSidecar } from "../host/actors/classes/api-actor-sidecar.ts";
import { fetchApiCall } from "../host/actors/classes/fetch-api-call.ts";

export type {
  ActorClass,
  ActorClasses,
  ActorHooks,
  ActorSettings,
} from "../host/actors/classes/actor-class.ts";
export type { ActorContext, ActorReminders, ActorTimers } from "../host/actors/classes/actor-context.ts";
export { ActorError } from "../host/actors/classes/actor-error.ts";
export type { ActorProxy, AnyActor } from "../host/actors/classes/actor-proxy.ts";
export type { ReminderInfo, Schedule } from "../host/actors/classes/actor-sidecar.ts";
export type { ActorState } from "../host/actors/classes/turn-state.ts";

/** How the sidecar is reached. */
export interface ActorOptions {
  /** Of a registered app (`registered.fetch`), for a page with several; the page's own when left out. */
  readonly fetch?: typeof fetch;
}

/** An actor by its type and id, wherever it lives: `await actor<Counter>("Counter", "1").increment(2)`. */
export function actor<T = AnyActor>(type: string, id: string, options: ActorOptions = {}): ActorProxy<T> {
  // The global is asked for with each call: register() replaces it.
  const own = options.fetch ?? ((url: string, init: RequestInit) => globalThis.fetch(url, init));
  return actorProxy<T>(apiActorSidecar(fetchApiCall({ base: "", fetch: own })), type, id, () => undefined);
}
