/**
 * What the runtime asks of core.wasm. Synchronous, no I/O, no clock. This interface is all that the rest of
 * the runtime knows of it; `load-core.ts` beside it is the only code that knows a pointer.
 */

import type { ActorDirectory } from "./actor-directory.ts";

export type { ActorDirectory };

/** Where one request goes. Row numbers index `endpoints` in `host/api/endpoints.ts`. */
export interface Route {
  /** Row of the matching endpoint, or -1 when none does: then `dapr-app-id` may still address an app. */
  readonly operation: number;
  /**
   * The pattern's parameters in its order, decoded as Dapr decodes them (`%2F` is `/`, `+` is a space).
   * For service invocation: `[target, method]`, where method is cleaned and has no leading slash.
   */
  readonly params: readonly string[];
  /**
   * The one normal form of the path: duplicate slashes and dot segments resolved, decoded once, no leading
   * slash. Authorisation and dispatch both read this and nothing else.
   */
  readonly path: string;
}

/**
 * Why a path is refused: a malformed escape or one that does not decode to UTF-8 (Dapr answers 400 text/plain), a
 * forbidden character in a method path, or more than 64 KiB.
 */
export type RouteFault = "malformed-escape" | "forbidden-character" | "too-long";

/** One item of a state request, as it came. Byte fields are views into the request's body. */
export interface ScannedItem {
  readonly key: string;
  /** The value's bytes exactly as sent (JSON text), or undefined when the member is absent. */
  readonly value: Uint8Array | undefined;
  readonly etag: string | undefined;
  readonly concurrency: string | undefined;
  readonly consistency: string | undefined;
  readonly metadata: ReadonlyMap<string, string> | undefined;
  /** The book's `options.retryPolicy`: JSON text that nobody has looked into. */
  readonly retryPolicy: Uint8Array | undefined;
}

export interface ScannedOperation {
  /** The text of `operation`; the API decides what it supports. */
  readonly operation: string;
  readonly request: ScannedItem;
}

export interface ScannedTransaction {
  readonly operations: readonly ScannedOperation[];
  readonly metadata: ReadonlyMap<string, string> | undefined;
}

/** A request to an output binding, as it came. */
export interface ScannedBinding {
  /** Empty when the member is absent or null. */
  readonly operation: string;
  /** JSON text exactly as sent, a view into the body; undefined when the member is absent. */
  readonly data: Uint8Array | undefined;
  readonly metadata: ReadonlyMap<string, string> | undefined;
}

/** One entry of a bulk publish, as it came. */
export interface ScannedEntry {
  /** Empty when the member is absent or null; so is the content type. */
  readonly entryId: string;
  /** JSON text exactly as sent, a view into the body; undefined when the member is absent. */
  readonly event: Uint8Array | undefined;
  readonly contentType: string;
  readonly metadata: ReadonlyMap<string, string> | undefined;
}

/** JSON that is malformed, or of the wrong shape. `message` names what was expected, never what was stored. */
export class ScanError extends Error {
  /** Byte offset into the body where the fault was found. */
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.name = "ScanError";
    this.offset = offset;
  }
}

/** The attributes of an envelope that is built around a publisher's bytes (dapr-http-api §1.3). */
export interface EnvelopeAttributes {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** RFC 3339. */
  readonly time: string;
  /** The publisher's content type verbatim; it also decides between `data` and `data_base64`. */
  readonly datacontenttype: string;
  readonly topic: string;
  readonly pubsubname: string;
  /** Sets `traceid` and `traceparent` alike, as Dapr does. */
  readonly traceparent: string;
  readonly tracestate: string;
  /** RFC 3339; present only where the component has no TTL of its own. */
  readonly expiration?: string;
}

/** What Dapr sets on an event that is already an envelope: topic and pubsubname always, the others if absent. */
export interface EnvelopeDefaults {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly topic: string;
  readonly pubsubname: string;
  readonly traceparent: string;
  readonly tracestate: string;
  readonly expiration?: string;
}

/** The owners of one actor type's keys: Dapr's consistent-hash ring, bit-exact, or rendezvous hashing. */
export interface Placement {
  /** Index into the hosts that the table was built of, or -1 when there are none. */
  owner(actorId: string): number;
}

/** The waits between attempts (dapr-http-api §4.5), in milliseconds. */
export interface BackOffPolicy {
  readonly policy: "constant" | "exponential";
  /** Constant: each wait. Exponential: the longest, but for its spread. */
  readonly intervalMs: number;
  /** Undefined: without end. */
  readonly maxRetries: number | undefined;
  /** After which it gives up, however many retries are left; 0: never. */
  readonly longestMs: number;
}

/** What a breaker counts, in the order in which the core keeps it. */
export const breakerCounters = [
  "requests",
  "totalSuccesses",
  "totalFailures",
  "consecutiveSuccesses",
  "consecutiveFailures",
] as const;

export const tripRelations = [">", ">=", "<", "<=", "==", "!="] as const;

export interface TripTerm {
  readonly counter: (typeof breakerCounters)[number];
  readonly relation: (typeof tripRelations)[number];
  readonly number: number;
}

export interface BreakerSettings {
  /** So many requests pass while it is half-open, and so many successes close it. */
  readonly maxRequests: number;
  /** After which the counts begin anew while it is closed; 0: never. */
  readonly intervalMs: number;
  /** How long it stays open. */
  readonly timeoutMs: number;
  /** All of them trip it; at most four. None: the host's own condition does. */
  readonly terms: readonly TripTerm[];
}

/** A circuit breaker's state: bytes that only the core can read. */
export type BreakerRecord = Uint8Array & { readonly breaker: never };

export type BreakerState = "closed" | "half-open" | "open";

/** `withdrawn` says nothing of what is behind the breaker. */
export type BreakerOutcome = "success" | "failure" | "withdrawn";

/** What a breaker counted since its counts began. */
export type BreakerCounts = Readonly<Record<(typeof breakerCounters)[number], number>>;

/** Dapr's access control, as a table is made of it. Paths and trust domains are compared as they stand. */
export interface AccessPolicies {
  /** The answer for callers that no policy is about. */
  readonly allow: boolean;
  readonly policies: readonly AccessPolicy[];
}

/** What one calling app may do: the first of a caller's policies is its only one. */
export interface AccessPolicy {
  readonly appId: string;
  readonly namespace: string;
  readonly trustDomain: string;
  /** The answer where no operation decides. */
  readonly allow: boolean;
  readonly operations: readonly AccessOperation[];
}

export interface AccessOperation {
  /** Lower-case, without slashes at its ends; each segment may hold `*`, or be `**`. */
  readonly path: string;
  /** Of `methods`, or `*`; those that neither list names are left to the policy. */
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
}

export interface Caller {
  readonly appId: string;
  readonly namespace: string;
  readonly trustDomain: string;
}

/** Policies as a table in memory of its own. */
export interface AccessTable {
  /** Whether the caller may call a {@link Route.path}; undefined where nobody knows who it is. */
  allows(caller: Caller | undefined, method: string, path: string): boolean;
}

export interface Core {
  /** Method and encoded path (no query) → endpoint and parameters. Never throws: a fault is a value. */
  route(method: string, path: string): Route | RouteFault;
  /**
   * Cleans a caller-supplied invocation method that is still percent-encoded, by the same rules. Answers the normal
   * form without a leading slash, or the fault. A {@link Route.path} is in that form already: do not decode it twice.
   */
  normalise(path: string): { readonly path: string } | RouteFault;

  /** A save request's JSON array. Throws {@link ScanError}. */
  scanState(body: Uint8Array): ScannedItem[];
  /** A transaction's `{operations, metadata}`. Throws {@link ScanError}. */
  scanTransaction(body: Uint8Array): ScannedTransaction;
  /** An output binding's `{operation, data, metadata}`, or null for one without members. Throws {@link ScanError}. */
  scanBinding(body: Uint8Array): ScannedBinding;
  /** A bulk publish's JSON array; `null` is an empty one. Throws {@link ScanError}. */
  scanEntries(body: Uint8Array): ScannedEntry[];
  /** True when the bytes are exactly one JSON value in valid UTF-8. */
  isJson(bytes: Uint8Array): boolean;

  /** A new CloudEvents 1.0 envelope spliced around the publisher's bytes. */
  frame(attributes: EnvelopeAttributes, data: Uint8Array): Uint8Array;
  /** An event that is an envelope already: validated and completed. Throws {@link ScanError} when it is not JSON. */
  complete(defaults: EnvelopeDefaults, event: Uint8Array): Uint8Array;

  xxhash64(bytes: Uint8Array): bigint;
  blake2b512(bytes: Uint8Array): Uint8Array;
  /** Dapr's ring (dapr-actors §1): `replicas` virtual nodes a host. Names decide ties: the smallest wins. */
  ring(hosts: readonly string[], replicas: number): Placement;
  /** Rendezvous: the host with the highest `xxhash64("<host>||<actorId>")`. */
  rendezvous(hosts: readonly string[]): Placement;

  /** An empty one, in memory of its own. A trap in it is thrown as it came, and the directory is lost. */
  directory(): ActorDirectory;

  /** Throws RangeError when the policies are larger than a table can be. */
  access(policies: AccessPolicies): AccessTable;

  /**
   * A W3C traceparent for a new span: child of `parent` when that is well-formed, else the root of a new trace.
   * `random` supplies 24 bytes: 16 for a new trace id, 8 for the span id.
   */
  traceparent(parent: string | undefined, random: Uint8Array): string;

  /** How long to wait after so many failures in a row; undefined: give up. `chance` is at least 0 and below 1. */
  backOff(policy: BackOffPolicy, failures: number, elapsedMs: number, chance: number): number | undefined;

  newBreaker(settings: BreakerSettings, now: number): BreakerRecord;
  /** The state at this time, and when it ends (0: it does not). */
  breakerState(record: BreakerRecord, now: number): { readonly state: BreakerState; readonly until: number };
  /** The generation that a request enters, to be told when it leaves; or the state that refuses it. */
  enterBreaker(record: BreakerRecord, now: number): number | "half-open" | "open";
  /**
   * Tells how a request ended. Where a failure was counted that the host's own condition has to judge, the counts; it
   * calls {@link tripBreaker} if they trip.
   */
  leaveBreaker(
    record: BreakerRecord,
    now: number,
    generation: number,
    outcome: BreakerOutcome,
  ): BreakerCounts | undefined;
  tripBreaker(record: BreakerRecord, now: number): void;
}
