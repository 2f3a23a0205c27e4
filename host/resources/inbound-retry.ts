import { inScope } from "./scope.ts";

/** How often, and after which waits, an event is delivered again that the app did not take (dapr-http-api §4.5). */
export interface RetryPolicy {
  readonly policy: "constant" | "exponential";
  /** Of a constant policy: each wait. Milliseconds, as the next. */
  readonly durationMs: number;
  /** Of an exponential one: the longest wait. */
  readonly maxIntervalMs: number;
  /** Undefined: without end. */
  readonly maxRetries: number | undefined;
}

/** What a Resiliency resource says of the events of components. */
export interface InboundRetry extends RetryPolicy {
  /** The component that it names as a target; undefined for a policy that holds where none is named. */
  readonly component: string | undefined;
  readonly namespace: string | undefined;
  /** App ids; empty means all. */
  readonly scopes: readonly string[];
}

/** The policy for the events of one component, if any: the one that names it before one that holds for all. */
export function inboundRetry(
  retries: readonly InboundRetry[],
  component: string,
  appId: string,
  namespace: string | undefined,
): RetryPolicy | undefined {
  const own = retries.filter((retry) => inScope(retry, appId, namespace));
  return (
    own.find((retry) => retry.component === component) ?? own.find((retry) => retry.component === undefined)
  );
}
