import type { Body, Headers } from "../host/http.ts";
import type { Resources } from "../host/resources/resources.ts";
import type { DeviceAnswer, DeviceRequest } from "./components/page-devices.ts";

/**
 * Everything that pages and the service worker say to each other. The number goes up whenever a message changes its
 * meaning; a worker refuses a client of another number, and that client then uses plain fetch.
 */
export const PROTOCOL = 2;

/** What a request or an answer is made of on a port. Streams are transferred, bytes are copied or transferred. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  readonly body: Body;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** What a page asks for its app, as data: it is kept in IndexedDB, and the worker starts from it after it was stopped. */
export interface Registration {
  readonly appId: string;
  readonly namespace: string;
  /** Validated; undefined leaves the app's earlier ones, or else gives it the two defaults. */
  readonly resources: Resources | undefined;
  /** Of one that is kept: what was asked for last, where not all of it has opened yet. No page sends it. */
  readonly wanted?: Resources | undefined;
  /** Ports of localhost whose every path is the sidecar's. */
  readonly ports: readonly number[];
  readonly strict: boolean;
  readonly relay: RelaySettings | undefined;
  /** Whether what leaves the machine may be in clear text. */
  readonly allowCleartext?: boolean | undefined;
}

export interface RelaySettings {
  readonly url: string;
  readonly room: string;
  readonly token: string | undefined;
}

/** A page introduces itself; with it comes the port on which all else is said. Sent again whenever the worker is new. */
export interface Hello {
  readonly daprlet: typeof PROTOCOL;
  readonly type: "hello";
  readonly registration: Registration;
  /** True for a call of `register()`, false when the page only meets a new worker: then it is no later than it was. */
  readonly fresh: boolean;
  /** Names this page's connection: its link stream is opened under the same name. */
  readonly connection: string;
  /** True when this page answers calls for the app. With one that hosts actors, a second port comes: see `ActorsUpstream`. */
  readonly serving: boolean;
  /** True for a page that no worker controls: after a hard reload, or on the first visit. */
  readonly claim: boolean;
  /** Ids of requests that this page's app has answered lately, and would answer again from memory. */
  readonly answered: readonly string[];
}

/**
 * Ends the runtime of the scope: apps are stopped, their registrations and databases deleted, and nothing is
 * intercepted any more. With it comes a port, on which `true` is posted when it is done.
 */
export interface Goodbye {
  readonly daprlet: typeof PROTOCOL;
  readonly type: "unregister";
}

/**
 * Brings a registered app to other components while it runs. With it comes a port, on which is posted why not, or `true`
 * when it is done.
 */
export interface Update {
  readonly daprlet: typeof PROTOCOL;
  readonly type: "update";
  readonly appId: string;
  readonly resources: Resources;
}

/** Client to worker, by `postMessage` on the worker. */
export type Greeting = Hello | Goodbye | Update;

/** Worker to client, by `postMessage` on the client: a worker that just started asks its pages to say hello again. */
export interface Rejoin {
  readonly daprlet: typeof PROTOCOL;
  readonly type: "rejoin";
  /** Of the worker that asks; a page that was welcomed by it already has nothing to do. */
  readonly incarnation: string;
}

/** How a page sees the state of its app's runtime. */
export interface Welcome {
  readonly type: "welcome";
  readonly scope: string;
  readonly storage: "persistent" | "best-effort" | "memory";
  /** Changes with every start of the worker. */
  readonly incarnation: string;
}

/** Client to worker, on the port. Call ids are the client's, invocation ids the worker's. */
export type Upstream =
  | { readonly type: "call"; readonly id: number; readonly request: WireRequest }
  | { readonly type: "abort"; readonly id: number }
  | { readonly type: "ping" }
  /** This page answers calls for its app from now on, or no longer. With it comes the port for actors, as with {@link Hello}. */
  | { readonly type: "serving"; readonly serving: boolean }
  /** The invocation has begun; it is not given to another tab any more. */
  | { readonly type: "taken"; readonly id: number }
  /** The invocation lay too long before this page woke up: it was not begun, and never will be. */
  | { readonly type: "stale"; readonly id: number }
  | { readonly type: "answer"; readonly id: number; readonly response: WireResponse }
  /** What became of a {@link DeviceRequest}. */
  | { readonly type: "device"; readonly id: number; readonly answer: DeviceAnswer }
  /** With it comes the port to the holder of sockets that this page was elected to own. */
  | { readonly type: "relay" }
  /** This page is leaving, or only this connection: then it says hello again at once. */
  | { readonly type: "bye"; readonly returning: boolean };

/** Worker to client, on the port. */
export type Downstream =
  | Welcome
  | { readonly type: "refused"; readonly message: string; readonly protocol: number }
  | { readonly type: "answer"; readonly id: number; readonly response: WireResponse }
  | { readonly type: "pong" }
  | { readonly type: "served"; readonly serving: boolean }
  /** A component needs the user. */
  | { readonly type: "device"; readonly id: number; readonly request: DeviceRequest }
  /** A socket is wanted: pages stand for election to hold it. */
  | { readonly type: "relay-wanted" }
  | {
      readonly type: "invoke";
      readonly id: number;
      readonly request: WireRequest;
      /** Milliseconds since the epoch after which the page must leave it alone, on the clock both share. */
      readonly expires: number;
    }
  | { readonly type: "cancel"; readonly id: number };

/** Paths below the scope that belong to the worker and its client. */
export const INTERNAL = "__daprlet/";

/**
 * On answers of the internal paths: their true status, and `stream` after it where the body is no whole one. It tells
 * the worker's answer from a static server's page, and carries redirects past the browser, which would follow them.
 */
export const DOOR_HEADER = "daprlet-door";
/** Which app calls, on the internal paths only. */
export const CALLER_HEADER = "daprlet-app-id";
/** See `Call.requestId`. */
export const REQUEST_ID_HEADER = "daprlet-request-id";
/** Which page calls, on writes of actors' state only: they belong to a turn that runs in that very page. */
export const PAGE_HEADER = "daprlet-page";
/** And of which turn they are, where the worker runs it. */
export const TURN_HEADER = "daprlet-turn";
