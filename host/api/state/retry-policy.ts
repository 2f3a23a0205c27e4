import type { OpenedStore } from "../../components/open-component.ts";
import type { Answer } from "../../components/state/store.ts";
import type { ScannedItem } from "../../core/core.ts";
import { parseDuration } from "../../duration.ts";
import { type Code, ComponentError } from "../../errors/component-error.ts";
import { sleep } from "../../platform.ts";
import type { Call } from "../endpoint.ts";
import { malformed, type Wording } from "./request-body.ts";

/** How often a request is tried again, and what it waits before the first time. */
export interface RetryPolicy {
  readonly intervalMs: number;
  readonly threshold: number;
  readonly pattern: "linear" | "exponential";
}

const MOST_RETRIES = 10;
const LONGEST_WAIT_MS = 60_000;

/** Failures that may have passed by the next attempt. */
const passing: ReadonlySet<Code> = new Set<Code>([
  "UNAVAILABLE",
  "DEADLINE_EXCEEDED",
  "RESOURCE_EXHAUSTED",
  "ABORTED",
  "INTERNAL",
  "UNKNOWN",
]);

/**
 * The policy of the book that a request's items carry; undefined where none does, and where today's Dapr is asked for,
 * which ignores it. Throws the API's error for one that is malformed, without bounds, or not the same in all of them.
 */
export function retryPolicyOf(
  { sidecar }: Call,
  items: readonly ScannedItem[],
  wording: Wording,
): RetryPolicy | undefined {
  if (sidecar.strict || items.every(({ retryPolicy }) => retryPolicy === undefined)) return undefined;
  const [policy, ...others] = items.flatMap(({ retryPolicy }) =>
    retryPolicy === undefined ? [] : decode(retryPolicy, wording),
  );
  if (others.some((other) => JSON.stringify(other) !== JSON.stringify(policy))) {
    throw malformed("expected the same retryPolicy for all items: they are written together", wording);
  }
  if (policy !== undefined) {
    sidecar.once("options.retryPolicy is the book's form; today's is a Resiliency resource for the store");
  }
  return policy;
}

/** The request is not the kind that may carry one. */
export function refuseRetryPolicy({ sidecar }: Call, items: readonly ScannedItem[], wording: Wording): void {
  if (sidecar.strict || items.every(({ retryPolicy }) => retryPolicy === undefined)) return;
  throw malformed("expected no retryPolicy: a transaction is tried once; send it again as a whole", wording);
}

/** An id for all attempts: one that failed after all was written must not be refused by its own ETag the next time. */
export function retriedId({ sidecar }: Call, { definition }: OpenedStore): string | undefined {
  if (!definition.features.includes("OUTCOME")) return undefined;
  return `${sidecar.appId}/${sidecar.platform.uuid()}`;
}

/** Tries until the store answers, at most as often as the policy says. A refused ETag is an answer. */
export async function retrying<T>(
  policy: RetryPolicy,
  { sidecar, request }: Call,
  attempt: () => Answer<T>,
): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ComponentError && passing.has(error.code))) throw error;
      if (retries === policy.threshold) throw error;
      await sleep(sidecar.platform.clock, waitMs(policy, retries), request.signal);
    }
  }
}

function waitMs({ intervalMs, pattern }: RetryPolicy, retries: number): number {
  return pattern === "linear" ? intervalMs : intervalMs * 2 ** retries;
}

function decode(json: Uint8Array, wording: Wording): RetryPolicy {
  const refuse = (expected: string) => malformed(`retryPolicy: expected ${expected}`, wording);
  const given: unknown = JSON.parse(new TextDecoder().decode(json));
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw refuse("an object");
  const members = new Map<string, unknown>(Object.entries(given));
  const interval = members.get("interval");
  const intervalMs = typeof interval === "string" ? parseDuration(interval) : interval;
  if (typeof intervalMs !== "number" || !(intervalMs >= 0)) {
    throw refuse("interval to be milliseconds or a duration such as 100ms");
  }
  const threshold = members.get("threshold");
  if (
    typeof threshold !== "number" ||
    !Number.isInteger(threshold) ||
    threshold < 0 ||
    threshold > MOST_RETRIES
  ) {
    throw refuse(`threshold to be the number of retries, at most ${MOST_RETRIES}`);
  }
  const pattern = members.get("pattern") ?? "linear";
  if (pattern !== "linear" && pattern !== "exponential") throw refuse("pattern to be linear or exponential");
  const policy = { intervalMs, threshold, pattern } as const;
  let total = 0;
  for (let retries = 0; retries < threshold; retries++) total += waitMs(policy, retries);
  if (total > LONGEST_WAIT_MS) {
    throw refuse(`to wait at most ${LONGEST_WAIT_MS / 1000} s in all; lower interval or threshold`);
  }
  return policy;
}
