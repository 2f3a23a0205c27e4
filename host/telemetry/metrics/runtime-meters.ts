import type { AppChannel } from "../../channel/app-channel.ts";
import { withInvoke } from "../../channel/with-invoke.ts";
import type { Binding } from "../../components/bindings/binding.ts";
import type { Component } from "../../components/component.ts";
import type { ConfigurationStore } from "../../components/configuration/configuration-store.ts";
import { familyOf } from "../../components/open-component.ts";
import type { PubSub } from "../../components/pubsub/pubsub.ts";
import type { SecretStore } from "../../components/secretstores/secret-store.ts";
import type { Store } from "../../components/state/store.ts";
import { header, type RuntimeRequest, type RuntimeResponse } from "../../http.ts";
import { measuredBody } from "../../measured-body.ts";
import { UnavailableError } from "../../mesh/transport.ts";
import type { Clock, Log } from "../../platform.ts";
import type { ComponentResource } from "../../resources/component.ts";
import { errorCategory } from "./error-category.ts";
import { KnownExchanges, NO_STATUS } from "./known-exchanges.ts";
import {
  measuredBinding,
  measuredConfigurationStore,
  measuredPubSub,
  measuredSecretStore,
  measuredStore,
} from "./measured-component.ts";
import type { Meter } from "./meter.ts";
import { type MeterSet, meterSet, type TextMetric, textMetrics } from "./meter-set.ts";
import type {
  ActorCounts,
  ActorMeter,
  CapabilityCounts,
  CapabilityMeter,
  IngressMeter,
  Meters,
  PolicyKind,
  PolicyMeter,
} from "./meters.ts";
import type { Metrics } from "./metrics-settings.ts";
import { pathLabel } from "./path-label.ts";

export interface RuntimeMetersOptions {
  readonly appId: string;
  readonly namespace: string | undefined;
  readonly settings: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** Dapr's, in its order. */
const shownStates = ["closed", "half-open", "open", "unknown"];

/** Bytes of a body whose length is known before it is read; 0 where it is not, as in Dapr. */
function knownLength({ headers, body }: RuntimeRequest): number {
  if (body === undefined) return 0;
  if (body instanceof Uint8Array) return body.byteLength;
  return Number(header(headers, "content-length")) || 0;
}

function measuredResponse(response: RuntimeResponse, ended: (bytes: number) => void): RuntimeResponse {
  const body = measuredBody(response.body, ended);
  return body === response.body ? response : { ...response, body };
}

/** {@link Meters} in memory, for a scrape to read. */
export class RuntimeMeters implements Meters {
  readonly #options: RuntimeMetersOptions;
  readonly #meters: MeterSet;
  readonly #served: KnownExchanges;
  readonly #called: KnownExchanges;
  #actors: () => readonly ActorCounts[] = () => [];
  #capabilities: () => readonly CapabilityCounts[] = () => [];

  constructor(options: RuntimeMetersOptions) {
    this.#options = options;
    this.#meters = meterSet(options.settings, options.log);
    const { settings } = options;
    const { httpServer, httpClient, httpClientSentBytes } = this.#meters;
    const tellsMethod = !settings.excludeVerbs;
    this.#served = new KnownExchanges({
      answered: httpServer,
      label: pathLabel(settings, true),
      tellsMethod,
    });
    this.#called = new KnownExchanges({
      answered: httpClient,
      asked: httpClientSentBytes,
      label: pathLabel(settings, false),
      tellsMethod,
    });
  }

  /** What there is to show. */
  get text(): readonly TextMetric[] {
    const { appId, namespace = "" } = this.#options;
    const { actorsPending, actorTimers, capabilityInstances } = this.#meters;
    // Types that are not hosted, and packages that are not loaded any more have none.
    for (const { all } of [actorsPending, actorTimers, capabilityInstances])
      for (const series of all) series.count = 0;
    for (const { type, pending, timers } of this.#actors()) {
      actorsPending.series(type).count = pending;
      actorTimers.series(type).count = timers;
    }
    for (const { capability, idle, busy } of this.#capabilities()) {
      capabilityInstances.series(capability, "idle").count = idle;
      capabilityInstances.series(capability, "busy").count = busy;
    }
    return textMetrics(this.#meters, appId, namespace);
  }

  now(): number {
    const { clock } = this.#options;
    return clock.monotonic?.() ?? clock.now();
  }

  #since(began: number): number {
    return Math.max(0, this.now() - began);
  }

  served(
    request: RuntimeRequest,
    answer: (request: RuntimeRequest) => Promise<RuntimeResponse>,
  ): Promise<RuntimeResponse> {
    const began = this.now();
    const { httpServerRequestBytes, httpServerResponseBytes, errorCodes } = this.#meters;
    httpServerRequestBytes.series().add(knownLength(request));
    return answer(request).then((response) => {
      const { status, errorCode } = response;
      if (errorCode !== undefined && this.#options.settings.recordErrorCodes) {
        errorCodes.series(errorCategory(errorCode), errorCode).increase();
      }
      const series = this.#served.of(request.path).series(request.method, status);
      return measuredResponse(response, (bytes) => {
        series.add(this.#since(began));
        httpServerResponseBytes.series().add(bytes);
      });
    });
  }

  app(app: AppChannel): AppChannel {
    const { httpClientReceivedBytes } = this.#meters;
    return withInvoke(app, (request) => {
      const began = this.now();
      const { method } = request;
      const exchanges = this.#called.of(request.path);
      exchanges.series(method, NO_STATUS).add(knownLength(request));
      const answered = (response: RuntimeResponse) =>
        measuredResponse(response, (bytes) => {
          exchanges.series(method, response.status).add(this.#since(began));
          httpClientReceivedBytes.series().add(bytes);
        });
      const failed = (error: unknown) => {
        exchanges.series(method, 500).add(this.#since(began));
        throw error;
      };
      return app.invoke(request).then(answered, failed);
    });
  }

  /** A health probe of the app, that took so many milliseconds. */
  probed(ms: number, status: number): void {
    this.#meters.healthProbes.series(String(status)).add(ms);
  }

  async invoked(appId: string, answer: () => Promise<RuntimeResponse>): Promise<RuntimeResponse> {
    const { requestsSent, responsesReceived, responseLatency } = this.#meters;
    const began = this.now();
    try {
      const response = await answer();
      const status = String(response.status);
      requestsSent.series(appId, "unary").increase();
      responsesReceived.series(appId, status, "unary").increase();
      responseLatency.series(appId, status).add(this.#since(began));
      return response;
    } catch (error) {
      // What found no instance was not sent.
      if (!(error instanceof UnavailableError) || error.sent) requestsSent.series(appId, "unary").increase();
      throw error;
    }
  }

  async received(appId: string, answer: () => Promise<RuntimeResponse>): Promise<RuntimeResponse> {
    const { requestsReceived, responsesSent } = this.#meters;
    requestsReceived.series(appId).increase();
    let status = "0"; // as Dapr tells one that failed
    try {
      const response = await answer();
      status = String(response.status);
      return response;
    } finally {
      responsesSent.series(appId, status).increase();
    }
  }

  opened({ type }: ComponentResource): void {
    this.#meters.componentsLoaded.series().increase();
    this.#meters.componentsOpened.series(type).increase();
  }

  component(component: Component, { type, name }: ComponentResource): Component {
    const now = () => this.now();
    switch (familyOf(type)) {
      case "state":
        return measuredStore(component as Store, name, this.#meters, now);
      case "pubsub":
        return measuredPubSub(component as PubSub, name, this.#meters, now);
      case "bindings":
        return measuredBinding(component as Binding, name, this.#meters, now);
      case "secretstores":
        return measuredSecretStore(component as SecretStore, name, this.#meters, now);
      case "configuration":
        return measuredConfigurationStore(component as ConfigurationStore, name, this.#meters, now);
      default:
        return component;
    }
  }

  notOpened({ type, name }: ComponentResource): void {
    this.#meters.componentsFailed.series(type, name, "init").increase();
  }

  policiesLoaded(resiliency: string): void {
    this.#meters.policiesLoaded.series(resiliency).increase();
  }

  policies(resiliency: string, direction: "inbound" | "outbound", target: string): PolicyMeter {
    const { policies, policiesActivated, breakerStates } = this.#meters;
    const of = (policy: PolicyKind, state = "") => [resiliency, policy, direction, target, state] as const;
    /** Breakers of the endpoints of an app are one here, as in Dapr: what was found last holds. */
    const found = (state: string) => {
      const series = (one: string) => breakerStates.series(...of("circuitbreaker", one));
      if (series(state).count === 1) return;
      for (const one of shownStates) series(one).count = one === state ? 1 : 0;
    };
    const count = (meter: Meter) => (policy: PolicyKind, state?: string) => {
      meter.series(...of(policy, state)).increase();
      if (state !== undefined) found(state);
    };
    return { applied: count(policies), activated: count(policiesActivated), found };
  }

  policiesLeft(): void {
    this.#meters.breakerStates.clear();
  }

  ingress(pubsub: string, topic: string): IngressMeter {
    const { ingress, ingressBulk, ingressBulkEvents } = this.#meters;
    return {
      begin: () => this.now(),
      settled: (began, verdict) => {
        // An app that gives an event up has dealt with it.
        const status = verdict === "drop" ? "success" : verdict;
        ingress.series(pubsub, topic, verdict, status).add(this.#since(began));
      },
      settledTogether: (began, verdicts) => {
        const succeeded = verdicts.every((verdict) => verdict !== "retry");
        ingressBulk.series(pubsub, topic, succeeded ? "success" : "retry").add(this.#since(began));
        for (const verdict of verdicts) ingressBulkEvents.series(pubsub, topic, verdict).increase();
      },
    };
  }

  actors(counts: () => readonly ActorCounts[]): ActorMeter {
    this.#actors = counts;
    const { actorTimersFired, actorRemindersFired, actorsRebalanced } = this.#meters;
    const { actorsDeactivated, actorsNotDeactivated } = this.#meters;
    return {
      fired: (what, type, success) => {
        const meter = what === "timer" ? actorTimersFired : actorRemindersFired;
        meter.series(type, success ? "true" : "false").increase();
      },
      rebalanced: (type) => actorsRebalanced.series(type).increase(),
      deactivated: (type, success) =>
        (success ? actorsDeactivated : actorsNotDeactivated).series(type).increase(),
    };
  }

  capabilities(counts: () => readonly CapabilityCounts[]): CapabilityMeter {
    this.#capabilities = counts;
    const { capabilityCalls, capabilityHostCalls, capabilityFallbacks } = this.#meters;
    return {
      called: (capability, result, ms) => capabilityCalls.series(capability, result).add(ms),
      asked: (capability, call, result) => capabilityHostCalls.series(capability, call, result).increase(),
      fellBack: (capability) => capabilityFallbacks.series(capability).increase(),
    };
  }

  publishedTogether(began: number, pubsub: string, topic: string, events: number, failed: number): void {
    const { egressBulk, egressBulkEvents } = this.#meters;
    egressBulk.series(pubsub, topic, failed === 0 ? "true" : "false").add(this.#since(began));
    if (events > failed) egressBulkEvents.series(pubsub, topic, "true").increase(events - failed);
    if (failed > 0) egressBulkEvents.series(pubsub, topic, "false").increase(failed);
  }
}
