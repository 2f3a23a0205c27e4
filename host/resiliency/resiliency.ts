import type { Family } from "../components/component.ts";
import type { Core } from "../core/core.ts";
import type { Waits } from "../mesh/mesh.ts";
import type { Platform } from "../platform.ts";
import type {
  AppTarget,
  ResiliencyResource,
  ResiliencySpec,
  RetryPolicy,
  TargetPolicies,
} from "../resources/resiliency.ts";
import { inScope } from "../resources/scope.ts";
import type { Rules } from "../subscriptions/rules/rules.ts";
import type { Meters } from "../telemetry/metrics/meters.ts";
import { Breaker, type Trips } from "./breaker.ts";
import type { BuiltIn } from "./built-in-policies.ts";
import { compileTrips } from "./compile-trips.ts";
import { LruMap } from "./lru-map.ts";
import { mergeResiliencies } from "./merge-resiliencies.ts";
import { chance, Policy } from "./policy.ts";
import { actorLevels, appLevels, componentLevels, defaultName } from "./policy-names.ts";

export interface ResiliencyContext {
  readonly appId: string;
  /** What the host was given, if any. */
  readonly namespace: string | undefined;
  readonly core: Core;
  readonly platform: Platform;
  readonly rules: Rules | undefined;
  readonly meters?: Meters | undefined;
}

/** The policies of one name for a target, chosen: what it names itself, or the defaults. */
interface Chosen {
  readonly timeoutMs: number | undefined;
  readonly retry: RetryPolicy | undefined;
  readonly breaker: string | undefined;
}

/** The policies for calls of one app. */
export interface AppPolicies {
  /** A resource names the app: Dapr's built-in retries do not come on top. */
  readonly named: boolean;
  /** For one endpoint: each has a circuit breaker of its own, or continues one. */
  endpoint(path: string, before?: Breaker): Policy;
  /** Those in use, by endpoint. */
  readonly policies: Iterable<readonly [string, Policy]>;
}

/** The policies for actors of one type: before an actor's turn is waited for, and around its turn. */
export interface ActorPolicies {
  waiting(actorId: string, before?: Breaker): Policy;
  readonly turn: Policy | undefined;
  /** Those of {@link waiting} in use, by actor. */
  readonly policies: Iterable<readonly [string, Policy]>;
}

type Direction = "Inbound" | "Outbound";

interface HeldComponent {
  readonly name: string;
  readonly family: Family;
  readonly direction: Direction;
  readonly policy: Policy | undefined;
}

/** Apps that have circuit breakers by default, at a time. */
const mostApps = 1_000;
const defaultCacheSize = 5_000;

/**
 * What the Resiliency resources of one app say (dapr-http-api §4.5), and the state of their circuit breakers. A target
 * without a policy is answered with undefined, so that none costs nothing.
 */
export class Resiliency {
  readonly #spec: ResiliencySpec;
  readonly #trips: ReadonlyMap<string, Trips>;
  readonly #context: ResiliencyContext;
  readonly #apps = new LruMap<AppPolicies | undefined>(mostApps);
  readonly #actors = new LruMap<ActorPolicies | undefined>(mostApps);
  readonly #components = new Map<string, HeldComponent>();
  /** For calls of apps that no resource names. */
  readonly serviceRetries: Waits;

  private constructor(
    /** Those that are this app's. */
    readonly resources: readonly ResiliencyResource[],
    spec: ResiliencySpec,
    trips: ReadonlyMap<string, Trips>,
    context: ResiliencyContext,
  ) {
    this.#spec = spec;
    this.#trips = trips;
    this.#context = context;
    this.serviceRetries = this.builtIn("DaprBuiltInServiceRetries");
  }

  /**
   * Circuit breakers whose settings and targets are those of `before` keep what they know. Throws ResourceError where the
   * resources contradict each other, or hold what this host cannot decide.
   */
  static async of(
    resources: readonly ResiliencyResource[],
    context: ResiliencyContext,
    before?: Resiliency,
  ): Promise<Resiliency> {
    const { appId, namespace, platform, rules } = context;
    const own = resources.filter((resource) => inScope(resource, appId, namespace));
    const spec = mergeResiliencies(own, platform.log);
    const trips = await compileTrips(spec.circuitBreakers, rules);
    for (const { name } of own) context.meters?.policiesLoaded(name);
    const resiliency = new Resiliency(own, spec, trips, context);
    if (before !== undefined) resiliency.#continue(before);
    return resiliency;
  }

  #continue(before: Resiliency): void {
    this.#context.meters?.policiesLeft();
    for (const [id, app] of before.#apps)
      for (const [path, { breaker }] of app?.policies ?? []) this.app(id)?.endpoint(path, breaker);
    for (const [type, actors] of before.#actors)
      for (const [id, { breaker }] of actors?.policies ?? []) this.actor(type)?.waiting(id, breaker);
    for (const { name, family, direction, policy } of before.#components.values())
      this.#component(name, family, direction, policy?.breaker);
  }

  /** The waits of retries of Dapr's own, as they are or as a resource overrides them. */
  builtIn(name: BuiltIn): Waits {
    const { core, platform } = this.#context;
    const retry = this.#spec.retries.get(name) as RetryPolicy;
    return (failures, elapsedMs) => core.backOff(retry, failures, elapsedMs, chance(platform));
  }

  /** `id`: an app id, the name of an HTTPEndpoint, or a URL. */
  app(id: string): AppPolicies | undefined {
    if (this.resources.length === 0) return undefined;
    return this.#apps.get(id, () => this.#appPolicies(id));
  }

  /** Calls that a component is given. */
  outbound(component: string, family: Family): Policy | undefined {
    return this.#component(component, family, "Outbound");
  }

  /** Events that a component hands to the app. */
  inbound(component: string, family: Family): Policy | undefined {
    return this.#component(component, family, "Inbound");
  }

  actor(type: string): ActorPolicies | undefined {
    if (this.resources.length === 0) return undefined;
    return this.#actors.get(type, () => this.#actorPolicies(type));
  }

  #appPolicies(id: string): AppPolicies | undefined {
    const target: AppTarget | undefined = this.#spec.apps.get(id);
    const chosen = target === undefined ? this.#defaults(appLevels) : this.#named(target);
    if (chosen === undefined && target === undefined) return undefined;
    const held = chosen ?? noPolicies;
    const one = held.breaker === undefined;
    const size = one ? 1 : (target?.circuitBreakerCacheSize ?? defaultCacheSize);
    const endpoints = new LruMap<Policy>(size);
    const make = (before?: Breaker) => this.#policy(`app ${id}`, held, "outbound", `app_${id}`, before);
    return {
      named: target !== undefined,
      endpoint: (path, before) => endpoints.get(one ? "" : path, before ? () => make(before) : make),
      policies: endpoints,
    };
  }

  #actorPolicies(type: string): ActorPolicies | undefined {
    const target = this.#spec.actors.get(type);
    const chosen = target === undefined ? this.#defaults(actorLevels) : this.#named(target);
    if (chosen === undefined) return undefined;
    const each = chosen.breaker !== undefined && (target?.circuitBreakerScope ?? "type") !== "type";
    const actors = new LruMap<Policy>(target?.circuitBreakerCacheSize ?? defaultCacheSize);
    const called = `actor type ${type}`;
    const policy = (held: Chosen, before?: Breaker) =>
      this.#policy(called, held, "outbound", `actor_${type}`, before);
    const make = (before?: Breaker) => policy({ ...chosen, timeoutMs: undefined }, before);
    const { timeoutMs } = chosen;
    return {
      waiting: (id, before) => actors.get(each ? id : "", before ? () => make(before) : make),
      turn: timeoutMs === undefined ? undefined : policy({ ...noPolicies, timeoutMs }),
      policies: actors,
    };
  }

  #component(name: string, family: Family, direction: Direction, before?: Breaker): Policy | undefined {
    if (this.resources.length === 0) return undefined;
    const key = `${direction} ${family} ${name}`;
    const held = this.#components.get(key);
    if (held !== undefined) return held.policy;
    const policy = this.#componentPolicy(name, family, direction, before);
    this.#components.set(key, { name, family, direction, policy });
    return policy;
  }

  #componentPolicy(
    name: string,
    family: Family,
    direction: Direction,
    before: Breaker | undefined,
  ): Policy | undefined {
    const levels = componentLevels(family, direction);
    if (levels.length === 0) return undefined;
    const target = this.#spec.components.get(name);
    const named = direction === "Inbound" ? target?.inbound : target?.outbound;
    const chosen = named === undefined ? this.#defaults(levels) : this.#named(named);
    if (chosen === undefined) return undefined;
    const called = direction === "Inbound" ? `the app, given an event of ${name},` : `component ${name}`;
    const [of = ""] = levels;
    const word = of.slice(0, of.indexOf("Component"));
    const flow = direction === "Inbound" ? "inbound" : "outbound";
    return this.#policy(called, chosen, flow, `${word}_${name}`, before);
  }

  #named({ timeout, retry, circuitBreaker }: TargetPolicies): Chosen | undefined {
    return this.#chosen(timeout?.name, retry?.name, circuitBreaker?.name);
  }

  #defaults(levels: readonly string[]): Chosen | undefined {
    const { timeouts, retries, circuitBreakers } = this.#spec;
    const names = (kind: Parameters<typeof defaultName>[1]) =>
      levels.map((level) => defaultName(level, kind));
    return this.#chosen(
      names("Timeout").find((name) => timeouts.has(name)),
      names("Retry").find((name) => retries.has(name)),
      names("CircuitBreaker").find((name) => circuitBreakers.has(name)),
    );
  }

  #chosen(timeout: string | undefined, retry: string | undefined, breaker: string | undefined) {
    if (timeout === undefined && retry === undefined && breaker === undefined) return undefined;
    return {
      timeoutMs: timeout === undefined ? undefined : this.#spec.timeouts.get(timeout),
      retry: retry === undefined ? undefined : this.#spec.retries.get(retry),
      breaker,
    };
  }

  /** `direction` and `measured` for Dapr's metrics; `before` had the target until now. */
  #policy(
    target: string,
    chosen: Chosen,
    direction: "inbound" | "outbound",
    measured: string,
    before: Breaker | undefined,
  ): Policy {
    const { core, platform, meters } = this.#context;
    const { timeoutMs, retry, breaker: name } = chosen;
    const meter = meters?.policies(this.resources.at(-1)?.name ?? "", direction, measured);
    const policy = name === undefined ? undefined : this.#spec.circuitBreakers.get(name);
    const changed = (state: string) => {
      platform.log.info(`the circuit breaker ${name} of ${target} is ${state}`);
      meter?.activated("circuitbreaker", state);
    };
    let breaker: Breaker | undefined;
    if (policy !== undefined && before?.continues(policy, changed)) {
      breaker = before;
      meter?.found(before.state);
    } else if (policy !== undefined) {
      breaker = new Breaker(policy, this.#trips.get(name ?? ""), { core, clock: platform.clock }, changed);
    }
    return new Policy({ target, timeoutMs, retry, breaker, core, platform, meter });
  }
}

const noPolicies: Chosen = { timeoutMs: undefined, retry: undefined, breaker: undefined };
