import type { RetryPolicy } from "../resources/resiliency.ts";

export type BuiltIn =
  | "DaprBuiltInServiceRetries"
  | "DaprBuiltInActorRetries"
  | "DaprBuiltInActorReminderRetries"
  | "DaprBuiltInInitializationRetries"
  | "DaprBuiltInActorNotFoundRetries";

/** So many retries an overriding policy has at least. */
export const fewestRetries = 3;

const every = { httpStatusCodes: undefined, grpcStatusCodes: undefined };

function constant(maxRetries: number): RetryPolicy {
  return { policy: "constant", intervalMs: 1_000, maxRetries, longestMs: 0, ...every };
}

function exponential(intervalMs: number, maxRetries: number | undefined, longestMs: number): RetryPolicy {
  return { policy: "exponential", intervalMs, maxRetries, longestMs, ...every };
}

/** Dapr's own retries, by the names under which a resource overrides them. */
export const builtInPolicies: ReadonlyMap<string, RetryPolicy> = new Map<BuiltIn, RetryPolicy>([
  ["DaprBuiltInServiceRetries", constant(3)],
  ["DaprBuiltInActorRetries", constant(3)],
  ["DaprBuiltInActorReminderRetries", exponential(60_000, undefined, 15 * 60_000)],
  ["DaprBuiltInInitializationRetries", exponential(1_000, 3, 10_000)],
  ["DaprBuiltInActorNotFoundRetries", constant(5)],
]);

/** Built in, and not to be overridden. */
export const protectedPolicy: BuiltIn = "DaprBuiltInActorNotFoundRetries";
