import type { ActorClasses } from "../../host/actors/classes/actor-class.ts";
import type { AppSubscription, FetchHandler } from "./app-host.ts";
import type { GivenWasm } from "./open-wasm.ts";
import { Page } from "./page.ts";
import { type RegisterContext, type RegisterOptions, register } from "./register.ts";

export interface ServeOptions extends RegisterOptions {
  /** The app: a Hono app's `fetch` as it is, or any function from Request to Response. It may be left out beside actors. */
  readonly fetch?: FetchHandler;
  /** The app as a WebAssembly module of the capability ABI, in `fetch`'s place: its address, or more about it. */
  readonly wasm?: string | GivenWasm;
  /** Classes whose methods are called as actors', each actor in one of the tabs that host its type. */
  readonly actors?: ActorClasses;
  /** What is subscribed to; without it the handler is asked, by `GET /dapr/subscribe`. */
  readonly subscriptions?: readonly AppSubscription[];
  /** Calls that this page is at at a time, the others wait; left out or 0: no limit. */
  readonly maxConcurrency?: number;
}

/** An app that is being served. */
export interface Served {
  readonly appId: string;
  /** This page answers no longer; other tabs of the app do. */
  stop(): Promise<void>;
}

/**
 * Makes this page an app, or one more instance of it. The sidecar calls the handler exactly as Dapr calls an HTTP app:
 * invocations, `GET /dapr/subscribe`, events. Registers the app first where that has not been done. Resolves when
 * calls arrive and subscriptions are in place.
 */
export async function serve(options: ServeOptions, context: RegisterContext): Promise<Served> {
  const loading = import("../client-serve.ts");
  if (Page.of(context.window).door(options.appId) === undefined) await register(options, context);
  return await (await loading).serveApp(options, context, Page.of(context.window));
}
