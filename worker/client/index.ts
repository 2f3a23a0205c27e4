/** `daprlet`: what a page imports. */

import { toHex } from "../../host/hex.ts";
import { systemClock } from "../../host/web-platform.ts";
import { Page } from "./page.ts";
import {
  type RegisterContext,
  type Registered,
  type RegisterOptions,
  register as registerIn,
} from "./register.ts";
import { type Served, type ServeOptions, serve as serveIn } from "./serve.ts";
import type { Subscribed } from "./subscribe.ts";
import type { EventHandler, SubscribeOptions } from "./topic-handlers.ts";

export type { CapabilityOptions } from "../capability/scope-packages.ts";
export type { AppSubscription, FetchHandler } from "./app-host.ts";
export type { GivenWasm } from "./open-wasm.ts";
export type { Registered, RegisterOptions } from "./register.ts";
export type { Served, ServeOptions } from "./serve.ts";
export type { Subscribed } from "./subscribe.ts";
export type { CloudEvent, EventHandler, SubscribeOptions } from "./topic-handlers.ts";

function context(): RegisterContext {
  // randomUUID is missing on insecure origins, where the page mode is wanted.
  const session = toHex(crypto.getRandomValues(new Uint8Array(12)));
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

/**
 * Subscribes a registered app to a topic by a function instead of a route. The event is consumed when the handler
 * returns, comes again when it throws or answers `RETRY`, and is given up for `DROP`. Tabs of one app share the events;
 * they should subscribe to the same topics. Resolves once the subscription is in place, and rejects when it cannot be.
 */
export async function subscribe(
  topic: string,
  handler: EventHandler,
  options: SubscribeOptions = {},
): Promise<Subscribed> {
  const { subscribeTo } = await import("../client-serve.ts");
  const door = () => Page.of(window).door(options.appId);
  return await subscribeTo(topic, handler, options, { door, window, clock: systemClock });
}
