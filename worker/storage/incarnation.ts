/**
 * One life of a service worker, from its start until the browser ends it. At most one serves a scope at a time, so
 * a trace of another incarnation was left by a worker that is gone. Page mode has none: several pages live at once.
 */
export interface Incarnation {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}
