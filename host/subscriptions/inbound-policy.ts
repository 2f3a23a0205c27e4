import type { BackOff } from "../components/pubsub/back-off.ts";
import type { Policy } from "../resiliency/policy.ts";
import type { Sidecar } from "../sidecar.ts";

/** What a Resiliency says of the events of one pub/sub, for a subscription to it. */
export interface InboundPolicy {
  /** How often what the app refused is delivered again before that ends; 0 without a policy. */
  readonly retries: number;
  readonly backOff?: BackOff;
  /** The timeout and the circuit breaker of each delivery; undefined without either. */
  readonly around: Policy | undefined;
  /** Whether what the app answered with this status is delivered again. */
  again(status: number): boolean;
}

const none: InboundPolicy = { retries: 0, around: undefined, again: () => true };

/** Retries are the broker's to make, so that an event that waits for one is kept as it keeps any other. */
export function inboundPolicy({ resiliency }: Sidecar, pubsub: string): InboundPolicy {
  const policy = resiliency.inbound(pubsub, "pubsub");
  if (policy === undefined) return none;
  const { retry, timeoutMs, breaker } = policy;
  const around = timeoutMs === undefined && breaker === undefined ? undefined : policy.once();
  if (retry === undefined) return { ...none, around };
  const { intervalMs, maxRetries = Number.POSITIVE_INFINITY } = retry;
  // An exponential one begins with half a second, as Dapr's do.
  const backOff =
    retry.policy === "constant"
      ? { initialMs: intervalMs, maxMs: intervalMs, exact: true }
      : { initialMs: Math.min(500, intervalMs), maxMs: intervalMs };
  const again = (status: number) => status < 300 || policy.failedWith(status) === "again";
  return { retries: maxRetries, backOff, around, again };
}

/** Why an event that waited for its turn goes back to where it came from: its subscription, or its reader, ended. */
export class DeliveryEnded extends Error {
  constructor() {
    super("it was not delivered any more: nobody reads these events here now");
    this.name = "DeliveryEnded";
  }
}
