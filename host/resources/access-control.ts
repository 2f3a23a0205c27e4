export type Action = "allow" | "deny";

/** `spec.accessControl` of a Configuration, as it is written (dapr-http-api §4.4): which apps may call what of this one. */
export interface AccessControl {
  readonly defaultAction?: Action;
  /** Of this app, when it calls others. */
  readonly trustDomain?: string;
  readonly policies?: readonly CallerPolicy[];
}

export interface CallerPolicy {
  readonly appId: string;
  readonly namespace: string;
  readonly trustDomain: string;
  readonly defaultAction?: Action;
  readonly operations: readonly OperationPolicy[];
}

export interface OperationPolicy {
  /** Lower-case, without slashes at its ends. */
  readonly path: string;
  /** Undefined where none are given. */
  readonly verbs: readonly string[] | undefined;
  readonly action: Action;
}

/** The trust domain of an app whose Configuration names none. */
export const defaultTrustDomain = "public";
