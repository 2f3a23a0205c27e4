/**
 * A Subscription resource (dapr-http-api §4.3), v1alpha1 or v2alpha1. Its `spec` has the shape of an entry of the app's
 * own `GET /dapr/subscribe`, and is read by the same parser.
 */
export interface SubscriptionResource {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly spec: Readonly<Record<string, unknown>>;
  /** App ids that it subscribes; empty means all. */
  readonly scopes: readonly string[];
  readonly origin: string;
}
