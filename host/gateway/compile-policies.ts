import { breakerCounters, tripRelations } from "../core/core.ts";
import type { Log } from "../platform.ts";
import { builtInPolicies } from "../resiliency/built-in-policies.ts";
import { mergeResiliencies } from "../resiliency/merge-resiliencies.ts";
import { appLevels, componentLevels, defaultName, type PolicyKind } from "../resiliency/policy-names.ts";
import { ResourceError } from "../resources/fields.ts";
import type {
  BreakerPolicy,
  ResiliencyResource,
  ResiliencySpec,
  RetryPolicy,
  TargetPolicies,
} from "../resources/resiliency.ts";
import { inScope } from "../resources/scope.ts";
import { none16, type PolicyRow, retries } from "./table-shape.ts";

const endless = 0xffffffff;

/** Nothing is said to it: what the merging warns of is refused before. */
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

function breakerFields(breaker: BreakerPolicy | undefined) {
  if (breaker === undefined) {
    return { breakerInterval: 0, breakerTimeout: 0, breakerRequests: 0, terms: [] };
  }
  const { trip } = breaker;
  if ("expression" in trip) {
    throw new ResourceError(
      `${trip.at} needs the rule language (CEL), which a gateway does not have: compare counters with numbers, joined by &&`,
    );
  }
  return {
    breakerInterval: breaker.intervalMs,
    breakerTimeout: breaker.timeoutMs,
    breakerRequests: breaker.maxRequests,
    terms: trip.map(({ counter, relation, number }) => ({
      relation: breakerCounters.indexOf(counter) | (tripRelations.indexOf(relation) << 8),
      number,
    })),
  };
}

function retryFields(retry: RetryPolicy | undefined) {
  if (retry === undefined) return { interval: 0, longest: 0, codes: [], retries: 0, retry: retries.off };
  const { policy, intervalMs, longestMs, maxRetries = endless, httpStatusCodes = [] } = retry;
  return {
    interval: intervalMs,
    longest: longestMs,
    codes: httpStatusCodes.map(([first, last]) => ({ first, last })),
    retries: maxRetries,
    retry: retries[policy],
  };
}

/** What Resiliency resources say of calls of apps, sites and other sidecars' components: each policy once, and which of them is whose. */
export class Policies {
  readonly #spec: ResiliencySpec;
  readonly #rows = new Map<string, PolicyRow>();

  /** Throws ResourceError where they contradict each other. */
  constructor(resources: readonly ResiliencyResource[], appId: string, namespace: string) {
    const own = resources.filter((resource) => inScope(resource, appId, namespace));
    for (const { name, retries: given } of own) {
      const builtIn = [...given.keys()].find((each) => builtInPolicies.has(each));
      if (builtIn === undefined) continue;
      throw new ResourceError(
        `Resiliency ${name} overrides ${builtIn}, which a gateway does not have: name it otherwise`,
      );
    }
    this.#spec = mergeResiliencies(own, silent);
  }

  get rows(): readonly PolicyRow[] {
    return [...this.#rows.values()];
  }

  /** Where the policy of an app or a site stands; none where nothing is said of it. */
  index(id: string): number {
    return this.#index(this.#spec.apps.get(id), appLevels);
  }

  /** The same of a component that another sidecar has. */
  ofComponent(name: string, family: "state" | "pubsub"): number {
    return this.#index(this.#spec.components.get(name)?.outbound, componentLevels(family, "Outbound"));
  }

  /** Whether something is said of a component itself. */
  namesComponent(name: string): boolean {
    return this.#spec.components.has(name);
  }

  #index(target: TargetPolicies | undefined, levels: readonly string[]): number {
    const { timeouts, retries: known, circuitBreakers } = this.#spec;
    const name = (kind: PolicyKind, named: string | undefined, among: ReadonlyMap<string, unknown>) =>
      target === undefined
        ? levels.map((level) => defaultName(level, kind)).find((each) => among.has(each))
        : named;
    const chosen = [
      name("Timeout", target?.timeout?.name, timeouts),
      name("Retry", target?.retry?.name, known),
      name("CircuitBreaker", target?.circuitBreaker?.name, circuitBreakers),
    ] as const;
    if (chosen.every((each) => each === undefined)) return none16;
    const key = JSON.stringify(chosen);
    if (!this.#rows.has(key)) this.#rows.set(key, this.#row(...chosen));
    return [...this.#rows.keys()].indexOf(key);
  }

  #row(timeout: string | undefined, retry: string | undefined, breaker: string | undefined): PolicyRow {
    const { timeouts, retries: known, circuitBreakers } = this.#spec;
    return {
      ...retryFields(retry === undefined ? undefined : known.get(retry)),
      ...breakerFields(breaker === undefined ? undefined : circuitBreakers.get(breaker)),
      timeout: timeout === undefined ? 0 : (timeouts.get(timeout) ?? 0),
    };
  }
}
