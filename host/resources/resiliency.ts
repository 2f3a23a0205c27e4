import type { BackOffPolicy, TripTerm } from "../core/core.ts";

/** Status codes from the first to the last, both included. */
export type CodeRange = readonly [first: number, last: number];

/** When, and how often, what failed is tried again (dapr-http-api §4.5). */
export interface RetryPolicy extends BackOffPolicy {
  /** The answers of apps that are tried again; undefined: all that count as failures. */
  readonly httpStatusCodes: readonly CodeRange[] | undefined;
  /** As {@link httpStatusCodes}, of apps that speak gRPC. */
  readonly grpcStatusCodes: readonly CodeRange[] | undefined;
}

export interface BreakerPolicy {
  readonly maxRequests: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** What the core decides, or an expression in the language of rules. */
  readonly trip: readonly TripTerm[] | { readonly expression: string; readonly at: string };
}

/** A policy that a target names, and where it does, for messages. */
export interface PolicyName {
  readonly name: string;
  readonly at: string;
}

/** What a target names; undefined where it names none. */
export interface TargetPolicies {
  readonly timeout: PolicyName | undefined;
  readonly retry: PolicyName | undefined;
  readonly circuitBreaker: PolicyName | undefined;
}

export interface AppTarget extends TargetPolicies {
  /** So many endpoints of the app have breakers of their own at a time. */
  readonly circuitBreakerCacheSize: number;
}

export interface ActorTarget extends TargetPolicies {
  /** Whether all actors of the type share a breaker; undefined without one. */
  readonly circuitBreakerScope: "type" | "id" | "both" | undefined;
  readonly circuitBreakerCacheSize: number;
}

export interface ComponentTarget {
  readonly inbound: TargetPolicies;
  readonly outbound: TargetPolicies;
}

/** Policies and targets by their names. */
export interface ResiliencySpec {
  readonly timeouts: ReadonlyMap<string, number>;
  readonly retries: ReadonlyMap<string, RetryPolicy>;
  readonly circuitBreakers: ReadonlyMap<string, BreakerPolicy>;
  readonly apps: ReadonlyMap<string, AppTarget>;
  readonly actors: ReadonlyMap<string, ActorTarget>;
  readonly components: ReadonlyMap<string, ComponentTarget>;
}

/** A document of `kind: Resiliency`. */
export interface ResiliencyResource extends ResiliencySpec {
  readonly name: string;
  readonly namespace: string | undefined;
  /** App ids; empty means all. */
  readonly scopes: readonly string[];
}
