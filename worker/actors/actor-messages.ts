import type { FromMember } from "../../host/actors/placement/placement-messages.ts";
import type { Item, WriteBatch } from "../../host/components/state/store.ts";
import type { Code } from "../../host/errors/component-error.ts";
import type { ResiliencyResource } from "../../host/resources/resiliency.ts";
import type { ActorCounts } from "../../host/telemetry/metrics/meters.ts";
import type { WireRequest, WireResponse } from "../messages.ts";

/**
 * What a page that hosts actors and its worker say to each other, on a port of their own that comes with the page's
 * word that it serves. Calls of actors do not go by it: they are invocations of the page.
 */
export type ActorsUpstream =
  /** Of a member of placement. */
  | { readonly type: "placement"; readonly message: FromMember }
  /** Repeated on the next port when it was not answered on this one. */
  | { readonly type: "store"; readonly id: number; readonly call: StoreCall }
  /** Of an actor that a package is, in its turn: what an app would be asked. Repeated where it was not begun. */
  | { readonly type: "turn"; readonly id: number; readonly request: WireRequest }
  /** How many actors of each type are active in the page. */
  | { readonly type: "active"; readonly counts: readonly (readonly [type: string, count: number])[] }
  /** To a worker that measures. */
  | ({ readonly type: "measured" } & Measured);

export type ActorsDownstream =
  /** See `ToMember`. */
  | { readonly type: "placement"; readonly message: unknown }
  /** The coordinator, which is not the worker, cannot be spoken to as before. */
  | { readonly type: "lost" }
  | { readonly type: "stored"; readonly id: number; readonly answer: StoreAnswer }
  /** It has begun. */
  | { readonly type: "turning"; readonly id: number }
  | { readonly type: "turned"; readonly id: number; readonly response: WireResponse }
  /**
   * First of all, and when the store or the policies are others: each store that is opened has a number of its own, and it is
   * undefined where there is none.
   */
  | {
      readonly type: "opened";
      readonly appId: string;
      readonly namespace: string;
      readonly strict: boolean;
      /** What the page's name among hosts begins with, where others than this origin's pages are among them. */
      readonly instance: string | undefined;
      readonly store: { readonly name: string; readonly number: number } | undefined;
      /** Types of actors that packages are, and how they are hosted, as an app says it. */
      readonly packages: PackageTypes;
      /** Whether what becomes of the page's actors is wanted. */
      readonly measured: boolean;
      /** Those of the app; what their circuit breakers trip at is for the worker alone. */
      readonly resiliencies: readonly ResiliencyResource[];
    }
  /** Timers of a page in the background sleep for up to a minute; its messages do not. */
  | { readonly type: "tick" };

export type PackageTypes = readonly (readonly [type: string, config: Readonly<Record<string, unknown>>])[];

/** Of the actor state store. */
export type StoreCall =
  | { readonly kind: "read"; readonly keys: readonly string[] }
  | { readonly kind: "write"; readonly batch: WriteBatch }
  | { readonly kind: "list"; readonly from: string; readonly to: string; readonly limit: number };

export type StoreAnswer =
  | { readonly kind: "read"; readonly items: readonly (Item | undefined)[] }
  /** Of each operation: why it was refused, or nothing. */
  | { readonly kind: "written"; readonly refused: readonly ("mismatch" | "invalid" | undefined)[] }
  | { readonly kind: "list"; readonly keys: readonly string[] }
  | { readonly kind: "failed"; readonly code: Code; readonly message: string };

/** What there is of each type in the page, and what was counted since the last time. */
export interface Measured {
  readonly counts: readonly ActorCounts[];
  readonly counted: readonly Counted[];
}

/** See `ActorMeter`. */
export type Counted = readonly [
  what: "timer" | "reminder" | "rebalanced" | "deactivated",
  type: string,
  success: boolean,
  times: number,
];
