import type { BackOff } from "../components/pubsub/back-off.ts";
import type { Sidecar } from "../sidecar.ts";

/** What a Resiliency says of the events of one pub/sub, for a subscription to it. */
export interface InboundPolicy {
  /** How often what the app refused is delivered again before that ends; 0 without a policy. */
  readonly retries: number;
  readonly backOff?: BackOff;
}

/** An exponential policy begins with half a second, as Dapr's do. */
export function inboundPolicy({ resiliency }: Sidecar, pubsub: string): InboundPolicy {
  const retry = resiliency.inbound(pubsub, "pubsub")?.retry;
  if (retry === undefined) return { retries: 0 };
  const { policy, intervalMs, maxRetries = Number.POSITIVE_INFINITY } = retry;
  const backOff =
    policy === "constant"
      ? { initialMs: intervalMs, maxMs: intervalMs, exact: true }
      : { initialMs: Math.min(500, intervalMs), maxMs: intervalMs };
  return { retries: maxRetries, backOff };
}
