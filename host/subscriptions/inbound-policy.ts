import type { BackOff } from "../components/pubsub/back-off.ts";
import { inboundRetry } from "../resources/inbound-retry.ts";
import type { Sidecar } from "../sidecar.ts";

/** What a Resiliency says of the events of one pub/sub, for a subscription to it. */
export interface InboundPolicy {
  /** How often what the app refused is delivered again before that ends; 0 without a policy. */
  readonly retries: number;
  readonly backOff?: BackOff;
}

/** An exponential policy begins with half a second, as Dapr's do. `namespace` is what the host was given, if any. */
export function inboundPolicy(
  { resources, appId }: Sidecar,
  pubsub: string,
  namespace: string | undefined,
): InboundPolicy {
  const found = inboundRetry(resources.inboundRetries, pubsub, appId, namespace);
  if (found === undefined) return { retries: 0 };
  const { policy, durationMs, maxIntervalMs, maxRetries = Number.POSITIVE_INFINITY } = found;
  const backOff =
    policy === "constant"
      ? { initialMs: durationMs, maxMs: durationMs, exact: true }
      : { initialMs: Math.min(500, maxIntervalMs), maxMs: maxIntervalMs };
  return { retries: maxRetries, backOff };
}
