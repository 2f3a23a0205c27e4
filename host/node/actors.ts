/** `daprlet/actors` on Node: actors as plain classes behind a sidecar, and calls of actors. */
import { ActorApp } from "../actors/classes/actor-app.ts";
import type { ActorClasses, ActorSettings } from "../actors/classes/actor-class.ts";
import { type ActorProxy, type AnyActor, actorProxy } from "../actors/classes/actor-proxy.ts";
import type { ActorSidecar } from "../actors/classes/actor-sidecar.ts";
import { apiActorSidecar } from "../actors/classes/api-actor-sidecar.ts";
import { fetchApiCall } from "../actors/classes/fetch-api-call.ts";
import type { FetchHandler } from "../channel/fetch-channel.ts";

export type { ActorClass, ActorClasses, ActorHooks, ActorSettings } from "../actors/classes/actor-class.ts";
export type { ActorContext, ActorReminders, ActorTimers } from "../actors/classes/actor-context.ts";
export { ActorError } from "../actors/classes/actor-error.ts";
export type { ActorProxy, AnyActor } from "../actors/classes/actor-proxy.ts";
export type { ReminderInfo, Schedule } from "../actors/classes/actor-sidecar.ts";
export type { ActorState } from "../actors/classes/turn-state.ts";

/** How the sidecar is reached. */
export interface ActorOptions {
  /** Its address; `DAPR_HTTP_ENDPOINT`, or localhost at `DAPR_HTTP_PORT` (3500), when left out. */
  readonly sidecar?: string;
  /** `DAPR_API_TOKEN` when left out. */
  readonly apiToken?: string;
  readonly fetch?: typeof fetch;
}

/** An actor by its type and id, wherever it lives: `await actor<Counter>("Counter", "1").increment(2)`. */
export function actor<T = AnyActor>(type: string, id: string, options: ActorOptions = {}): ActorProxy<T> {
  return actorProxy<T>(sidecarOf(options), type, id, () => undefined);
}

/** An app that has actors, for a server that takes fetch-style handlers. */
export interface ActorHandler {
  /** Answers the sidecar's callbacks; all else goes to the handler that was given, or is a 404. */
  fetch(request: Request): Promise<Response>;
}

/** Plain classes as an app behind a sidecar: `serve({ fetch: actorApp({ Counter }).fetch, port: 3000 })`. */
export function actorApp(
  classes: ActorClasses,
  options: ActorOptions & ActorSettings & { readonly app?: FetchHandler } = {},
): ActorHandler {
  const { app, ...rest } = options;
  return new ActorApp(classes, { ...rest, sidecar: sidecarOf(rest), fetch: app });
}

function sidecarOf({ sidecar, apiToken, fetch = globalThis.fetch }: ActorOptions): ActorSidecar {
  const { DAPR_HTTP_ENDPOINT, DAPR_HTTP_PORT = "3500", DAPR_API_TOKEN } = process.env;
  const base = sidecar ?? (DAPR_HTTP_ENDPOINT || `http://localhost:${DAPR_HTTP_PORT}`);
  const token = apiToken ?? (DAPR_API_TOKEN || undefined);
  return apiActorSidecar(fetchApiCall({ base: base.replace(/\/+$/, ""), fetch, apiToken: token }));
}
