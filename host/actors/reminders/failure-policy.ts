/** What follows a tick whose callback failed. */
export interface FailurePolicy {
  readonly intervalMs: number;
  /** Further attempts before the tick is dropped; undefined: without end. */
  readonly maxRetries: number | undefined;
}

/** That of a reminder that names none: four attempts in all. */
export const defaultPolicy: FailurePolicy = { intervalMs: 1000, maxRetries: 3 };

export const dropPolicy: FailurePolicy = { intervalMs: 0, maxRetries: 0 };
