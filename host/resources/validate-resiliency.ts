import { parseDuration } from "../duration.ts";
import { type Fields, fail, isFields, member, optionalText, type Place, section, texts } from "./fields.ts";
import type { InboundRetry, RetryPolicy } from "./inbound-retry.ts";

/** What of a Resiliency is applied, and the names of what is not yet. */
export interface Resiliency {
  readonly inboundRetries: readonly InboundRetry[];
  readonly unapplied: readonly string[];
}

type Path = readonly (string | number)[];

/** Policies that hold by their names where no target names one, the more special first. */
const defaults = [
  "DefaultPubsubComponentInboundRetryPolicy",
  "DefaultComponentInboundRetryPolicy",
  "DefaultRetryPolicy",
];

function mapping(parent: Fields, name: string, place: Place, path: Path): Fields {
  const value = member(parent, name);
  if (value === undefined || value === null) return {};
  if (!isFields(value)) fail(place, [...path, name], "must be a mapping");
  return value;
}

function milliseconds(policy: Fields, name: string, fallback: number, place: Place, path: Path): number {
  const text = optionalText(member(policy, name), place, [...path, name]);
  if (text === undefined || text === "") return fallback;
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0) fail(place, [...path, name], "must be a duration such as 5s");
  return ms;
}

function retryPolicy(value: unknown, place: Place, path: Path): RetryPolicy {
  if (!isFields(value)) fail(place, path, "must be a mapping with policy, duration and maxRetries");
  const policy = optionalText(member(value, "policy"), place, [...path, "policy"]) || "constant";
  if (policy !== "constant" && policy !== "exponential") {
    fail(place, [...path, "policy"], "must be constant or exponential");
  }
  const given = member(value, "maxRetries") ?? -1;
  const maxRetries = typeof given === "string" ? Number(given) : given;
  if (typeof maxRetries !== "number" || !Number.isInteger(maxRetries)) {
    fail(place, [...path, "maxRetries"], "must be a whole number; -1 is without end");
  }
  return {
    policy,
    durationMs: milliseconds(value, "duration", 5_000, place, path),
    maxIntervalMs: milliseconds(value, "maxInterval", 60_000, place, path),
    maxRetries: maxRetries < 0 ? undefined : maxRetries,
  };
}

/** A document of `kind: Resiliency`, as far as it is applied: the retries of events. Throws ResourceError. */
export function validateResiliency(document: Fields, place: Place): Resiliency {
  const spec = mapping(document, "spec", place, []);
  const head = section(document, "metadata", place);
  const policies = mapping(spec, "policies", place, ["spec"]);
  const targets = mapping(spec, "targets", place, ["spec"]);
  const retries = mapping(policies, "retries", place, ["spec", "policies"]);
  const components = mapping(targets, "components", place, ["spec", "targets"]);
  const of = {
    namespace: optionalText(member(head, "namespace"), place, ["metadata", "namespace"]),
    scopes: texts(member(document, "scopes"), place, ["scopes"]),
  };
  const unapplied: string[] = [];
  const rest = (parent: Fields, name: string, but: readonly string[]) => {
    for (const key of Object.keys(parent)) if (!but.includes(key)) unapplied.push(`${name}.${key}`);
  };
  rest(policies, "policies", ["retries"]);
  rest(targets, "targets", ["components"]);
  const named = (name: string) =>
    retryPolicy(member(retries, name), place, ["spec", "policies", "retries", name]);
  for (const [name, policy] of Object.entries(retries)) {
    if (isFields(policy))
      rest(policy, `policies.retries.${name}`, ["policy", "duration", "maxInterval", "maxRetries"]);
  }
  const inboundRetries: InboundRetry[] = [];
  for (const [component, target] of Object.entries(components)) {
    const path = ["spec", "targets", "components", component];
    if (!isFields(target)) fail(place, path, "must be a mapping with inbound or outbound");
    const inbound = mapping(target, "inbound", place, path);
    rest(target, `targets.components.${component}`, ["inbound"]);
    rest(inbound, `targets.components.${component}.inbound`, ["retry"]);
    const name = optionalText(member(inbound, "retry"), place, [...path, "inbound", "retry"]);
    if (name === undefined || name === "") continue;
    if (member(retries, name) === undefined) {
      fail(place, [...path, "inbound", "retry"], `names ${name}, which spec.policies.retries does not have`);
    }
    inboundRetries.push({ ...named(name), ...of, component });
  }
  for (const name of defaults) {
    if (member(retries, name) !== undefined)
      inboundRetries.push({ ...named(name), ...of, component: undefined });
  }
  return { inboundRetries, unapplied };
}
