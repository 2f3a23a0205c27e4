import type { AppChannel } from "../../channel/app-channel.ts";
import type { Component } from "../../components/component.ts";
import type { RuntimeRequest, RuntimeResponse } from "../../http.ts";
import type { ComponentResource } from "../../resources/component.ts";
import type { Verdict } from "../../subscriptions/verdict.ts";

/** What of one topic's events is measured. */
export interface IngressMeter {
  /** Milliseconds of a clock of its own, for `settled`. */
  begin(): number;
  settled(began: number, verdict: Verdict): void;
  /** Many at a time, which went to the app together. */
  settledTogether(began: number, verdicts: readonly Verdict[]): void;
}

/** What of the policies of one target is measured. */
export interface PolicyMeter {
  /** It holds for an operation that begins; a circuit breaker in this state. */
  applied(policy: PolicyKind, state?: string): void;
  /** It changed what became of an operation; a circuit breaker went over to this state. */
  activated(policy: PolicyKind, state?: string): void;
  /** A circuit breaker is in this state. */
  found(state: string): void;
}

/** What of the actors of one instance is counted as it happens. */
export interface ActorMeter {
  /** The app was called about one, and did as it was asked or failed. */
  fired(what: "timer" | "reminder", type: string, success: boolean): void;
  /** A change of owners took an active actor. */
  rebalanced(type: string): void;
  /** The app was told that an actor is deactivated, and did as it was told or failed. */
  deactivated(type: string, success: boolean): void;
}

/** What there is of the actors of one type at present. */
export interface ActorCounts {
  readonly type: string;
  /** Calls that wait for their turn. */
  readonly pending: number;
  readonly timers: number;
}

/** What of the capability packages of one sidecar is counted as it happens. */
export interface CapabilityMeter {
  /** A call ended, so many milliseconds after it began. */
  called(capability: string, result: string, ms: number): void;
  /** A package asked something of its host. */
  asked(capability: string, call: string, result: "answered" | "failed" | "refused"): void;
  /** A call goes on to the next source of its offer. */
  fellBack(capability: string): void;
}

/** What there is of one package's instances at present. */
export interface CapabilityCounts {
  readonly capability: string;
  readonly idle: number;
  readonly busy: number;
}

export type PolicyKind = "timeout" | "retry" | "circuitbreaker";

/** What a runtime has measured of itself. A runtime without one measures nothing, and pays for nothing. */
export interface Meters {
  /** A request of the API. */
  served(
    request: RuntimeRequest,
    answer: (request: RuntimeRequest) => Promise<RuntimeResponse>,
  ): Promise<RuntimeResponse>;
  /** An invocation of another app. */
  invoked(appId: string, answer: () => Promise<RuntimeResponse>): Promise<RuntimeResponse>;
  /** An invocation by another app. */
  received(appId: string, answer: () => Promise<RuntimeResponse>): Promise<RuntimeResponse>;
  /** The app, its calls measured. */
  app(app: AppChannel): AppChannel;
  /** A component, its calls measured. */
  component(component: Component, resource: ComponentResource): Component;
  opened(resource: ComponentResource): void;
  notOpened(resource: ComponentResource): void;
  ingress(pubsub: string, topic: string): IngressMeter;
  /** `target` as Dapr spells it: `app_b`, `Statestore_orders`. */
  policies(resiliency: string, direction: "inbound" | "outbound", target: string): PolicyMeter;
  policiesLoaded(resiliency: string): void;
  /** The policies so far are no longer in use. */
  policiesLeft(): void;
  /** The actors of this instance; `counts` is asked with each scrape. */
  actors(counts: () => readonly ActorCounts[]): ActorMeter;
  /** The capability packages of this instance; `counts` is asked with each scrape. */
  capabilities(counts: () => readonly CapabilityCounts[]): CapabilityMeter;
  publishedTogether(began: number, pubsub: string, topic: string, events: number, failed: number): void;
  /** As `begin` of {@link IngressMeter}. */
  now(): number;
}
