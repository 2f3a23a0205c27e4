import type { Log } from "../platform.ts";
import { ResourceError } from "../resources/fields.ts";
import type {
  PolicyName,
  ResiliencyResource,
  ResiliencySpec,
  RetryPolicy,
  TargetPolicies,
} from "../resources/resiliency.ts";
import { builtInPolicies, fewestRetries, protectedPolicy } from "./built-in-policies.ts";

function overriding(name: string, policy: RetryPolicy, log: Log): RetryPolicy {
  if (!builtInPolicies.has(name)) return policy;
  if (policy.maxRetries !== undefined && policy.maxRetries >= fewestRetries) return policy;
  log.warn(`${name} has at least ${fewestRetries} retries, and an end: it is given ${fewestRetries}`);
  return { ...policy, maxRetries: fewestRetries };
}

function joined<T>(maps: readonly ReadonlyMap<string, T>[]): Map<string, T> {
  return new Map(maps.flatMap((map) => [...map]));
}

/**
 * Several resources as one, with what is built in: of two policies or targets of one name the later is valid, and a
 * target may name a policy of another resource. Throws ResourceError where it names one that none has.
 */
export function mergeResiliencies(resources: readonly ResiliencyResource[], log: Log): ResiliencySpec {
  const retries = new Map(builtInPolicies);
  for (const [name, policy] of joined(resources.map((resource) => resource.retries))) {
    if (name === protectedPolicy) log.warn(`${name} cannot be overridden: it stays as Dapr has it`);
    else retries.set(name, overriding(name, policy, log));
  }
  const spec: ResiliencySpec = {
    retries,
    timeouts: joined(resources.map(({ timeouts }) => timeouts)),
    circuitBreakers: joined(resources.map(({ circuitBreakers }) => circuitBreakers)),
    apps: joined(resources.map(({ apps }) => apps)),
    actors: joined(resources.map(({ actors }) => actors)),
    components: joined(resources.map(({ components }) => components)),
  };
  for (const target of targetsOf(spec)) {
    known(target.timeout, "timeouts", spec.timeouts);
    known(target.retry, "retries", spec.retries);
    known(target.circuitBreaker, "circuitBreakers", spec.circuitBreakers);
  }
  return spec;
}

function targetsOf({ apps, actors, components }: ResiliencySpec): readonly TargetPolicies[] {
  const ofComponents = [...components.values()].flatMap(({ inbound, outbound }) => [inbound, outbound]);
  return [...apps.values(), ...actors.values(), ...ofComponents];
}

function known(named: PolicyName | undefined, kind: string, policies: ReadonlyMap<string, unknown>): void {
  if (named === undefined || policies.has(named.name)) return;
  throw new ResourceError(`${named.at} names ${named.name}, which spec.policies.${kind} does not have`);
}
