import { parseDuration } from "../duration.ts";
import { codeRanges } from "./code-ranges.ts";
import {
  type Fields,
  fail,
  isFields,
  member,
  optionalText,
  type Place,
  resourceName,
  section,
  texts,
} from "./fields.ts";
import type {
  ActorTarget,
  AppTarget,
  BreakerPolicy,
  ComponentTarget,
  ResiliencyResource,
  RetryPolicy,
  TargetPolicies,
} from "./resiliency.ts";
import { tripTerms } from "./trip.ts";

type Path = readonly (string | number)[];

/** Dapr's number of endpoints, or actors, that have breakers of their own. */
const cacheSize = 5_000;
/** After which a policy gives up: Dapr's for exponential ones. Nobody waits longer for the answer of one request. */
const longestMs = 15 * 60_000;

/** The members of a mapping that may be left out; one of another name is refused, so that no policy is overlooked. */
function mapping(parent: Fields, name: string, place: Place, path: Path, known?: readonly string[]): Fields {
  const value = member(parent, name) ?? {};
  const at = [...path, name];
  if (!isFields(value)) fail(place, at, "must be a mapping");
  if (known !== undefined) onlyKnown(value, place, at, known);
  return value;
}

function onlyKnown(fields: Fields, place: Place, path: Path, known: readonly string[]): void {
  for (const name of Object.keys(fields)) {
    if (known.some((one) => one.toLowerCase() === name.toLowerCase())) continue;
    fail(place, [...path, name], `is not known here; expected ${known.join(", ")}`);
  }
}

/** By the names that the author gave. */
function named<T>(
  parent: Fields,
  name: string,
  place: Place,
  path: Path,
  read: (value: unknown, path: Path) => T,
): ReadonlyMap<string, T> {
  const fields = mapping(parent, name, place, path);
  return new Map(Object.entries(fields).map(([key, value]) => [key, read(value, [...path, name, key])]));
}

function whole(
  parent: Fields,
  name: string,
  fallback: number,
  place: Place,
  path: Path,
  what: string,
): number {
  const given = member(parent, name) ?? fallback;
  const number = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
  if (typeof number !== "number" || !Number.isInteger(number) || number > 2 ** 31) {
    fail(place, [...path, name], `must be a whole number${what}`);
  }
  return number;
}

/** A Go duration; a number alone is milliseconds. */
function milliseconds(value: unknown, place: Place, path: Path): number | undefined {
  const text = optionalText(typeof value === "number" ? String(value) : value, place, path);
  if (text === undefined || text === "") return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) : parseDuration(text);
  if (ms === undefined || ms < 0) fail(place, path, "must be a duration such as 5s");
  return ms;
}

function timeout(value: unknown, place: Place, path: Path): number {
  const ms = milliseconds(value, place, path);
  if (ms === undefined || ms === 0) fail(place, path, "must be a duration such as 5s");
  return ms;
}

function retry(value: unknown, place: Place, path: Path): RetryPolicy {
  if (!isFields(value)) fail(place, path, "must be a mapping with policy, duration and maxRetries");
  onlyKnown(value, place, path, ["policy", "duration", "maxInterval", "maxRetries", "matching"]);
  const given = optionalText(member(value, "policy"), place, [...path, "policy"]) || "constant";
  const policy = given.toLowerCase();
  if (policy !== "constant" && policy !== "exponential") {
    fail(place, [...path, "policy"], "must be constant or exponential");
  }
  const duration = milliseconds(member(value, "duration"), place, [...path, "duration"]) ?? 5_000;
  const maxInterval = milliseconds(member(value, "maxInterval"), place, [...path, "maxInterval"]) ?? 60_000;
  const maxRetries = whole(value, "maxRetries", -1, place, path, "; -1 is without end");
  const matching = mapping(value, "matching", place, path, ["httpStatusCodes", "gRPCStatusCodes"]);
  const codes = (name: string, first: number, last: number) =>
    codeRanges(member(matching, name), [first, last], (why) => fail(place, [...path, "matching", name], why));
  return {
    policy,
    intervalMs: policy === "constant" ? duration : maxInterval,
    maxRetries: maxRetries < 0 ? undefined : maxRetries,
    longestMs,
    httpStatusCodes: codes("httpStatusCodes", 100, 599),
    grpcStatusCodes: codes("gRPCStatusCodes", 0, 16),
  };
}

function breaker(value: unknown, place: Place, path: Path): BreakerPolicy {
  if (!isFields(value)) fail(place, path, "must be a mapping with maxRequests, interval, timeout and trip");
  onlyKnown(value, place, path, ["maxRequests", "interval", "timeout", "trip"]);
  const maxRequests = whole(value, "maxRequests", 1, place, path, "");
  if (maxRequests < 0) fail(place, [...path, "maxRequests"], "must not be negative");
  const at = [...path, "trip"];
  const expression = optionalText(member(value, "trip"), place, at) || "consecutiveFailures > 5";
  return {
    maxRequests: maxRequests || 1,
    intervalMs: milliseconds(member(value, "interval"), place, [...path, "interval"]) ?? 0,
    timeoutMs: milliseconds(member(value, "timeout"), place, [...path, "timeout"]) || 60_000,
    trip: tripTerms(expression) ?? { expression, at: `${place.at(at)}: ${at.join(".")}` },
  };
}

const ofTarget = ["timeout", "retry", "circuitBreaker"] as const;

function policies(target: Fields, place: Place, path: Path): TargetPolicies {
  const name = (kind: (typeof ofTarget)[number]) => {
    const at = [...path, kind];
    const text = optionalText(member(target, kind), place, at);
    if (text === undefined || text === "") return undefined;
    return { name: text, at: `${place.at(at)}: ${at.join(".")}` };
  };
  return { timeout: name("timeout"), retry: name("retry"), circuitBreaker: name("circuitBreaker") };
}

function sized(target: Fields, place: Place, path: Path): number {
  const size = whole(target, "circuitBreakerCacheSize", cacheSize, place, path, "");
  if (size < 0) fail(place, [...path, "circuitBreakerCacheSize"], "must not be negative");
  return size || cacheSize;
}

function app(value: unknown, place: Place, path: Path): AppTarget {
  if (!isFields(value)) fail(place, path, `must be a mapping with ${ofTarget.join(", ")}`);
  onlyKnown(value, place, path, [...ofTarget, "circuitBreakerCacheSize"]);
  return { ...policies(value, place, path), circuitBreakerCacheSize: sized(value, place, path) };
}

function actor(value: unknown, place: Place, path: Path): ActorTarget {
  if (!isFields(value)) fail(place, path, `must be a mapping with ${ofTarget.join(", ")}`);
  onlyKnown(value, place, path, [...ofTarget, "circuitBreakerScope", "circuitBreakerCacheSize"]);
  const named = policies(value, place, path);
  const at = [...path, "circuitBreakerScope"];
  const scope = optionalText(member(value, "circuitBreakerScope"), place, at) || undefined;
  if (named.circuitBreaker === undefined && scope === undefined) {
    return { ...named, circuitBreakerScope: undefined, circuitBreakerCacheSize: sized(value, place, path) };
  }
  if (scope !== "type" && scope !== "id" && scope !== "both") {
    fail(place, at, "must be type, id or both; a circuitBreaker of actors needs it");
  }
  return { ...named, circuitBreakerScope: scope, circuitBreakerCacheSize: sized(value, place, path) };
}

function component(value: unknown, place: Place, path: Path): ComponentTarget {
  if (!isFields(value)) fail(place, path, "must be a mapping with inbound or outbound");
  onlyKnown(value, place, path, ["inbound", "outbound"]);
  const direction = (name: string) =>
    policies(mapping(value, name, place, path, ofTarget), place, [...path, name]);
  return { inbound: direction("inbound"), outbound: direction("outbound") };
}

/** A document of `kind: Resiliency`. Throws ResourceError. */
export function validateResiliency(document: Fields, place: Place): ResiliencyResource {
  onlyKnown(document, place, [], ["apiVersion", "kind", "metadata", "spec", "scopes"]);
  const head = section(document, "metadata", place);
  const spec = mapping(document, "spec", place, [], ["policies", "targets"]);
  const kinds = mapping(spec, "policies", place, ["spec"], ["timeouts", "retries", "circuitBreakers"]);
  const targets = mapping(spec, "targets", place, ["spec"], ["apps", "actors", "components"]);
  const policy = <T>(name: string, read: (value: unknown, place: Place, path: Path) => T) =>
    named(kinds, name, place, ["spec", "policies"], (value, path) => read(value, place, path));
  const target = <T>(name: string, read: (value: unknown, place: Place, path: Path) => T) =>
    named(targets, name, place, ["spec", "targets"], (value, path) => read(value, place, path));
  return {
    name: resourceName(head, place),
    namespace: optionalText(member(head, "namespace"), place, ["metadata", "namespace"]),
    scopes: texts(member(document, "scopes"), place, ["scopes"]),
    timeouts: policy("timeouts", timeout),
    retries: policy("retries", retry),
    circuitBreakers: policy("circuitBreakers", breaker),
    apps: target("apps", app),
    actors: target("actors", actor),
    components: target("components", component),
  };
}
