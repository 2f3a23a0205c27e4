import type { Platform } from "../../platform.ts";

/** Exponential: the first wait, doubled for every further failure, never above the longest. Milliseconds. */
export interface BackOff {
  readonly initialMs: number;
  readonly maxMs: number;
  /** The waits are kept to the millisecond, for a policy that names them. */
  readonly exact?: boolean;
}

/**
 * How long to wait after the `failures`-th failure in a row (1 is the first). Half of it is jitter, so that what
 * failed together does not come back together.
 */
export function backOffMs(
  { initialMs, maxMs, exact = false }: BackOff,
  failures: number,
  platform: Platform,
): number {
  const whole = Math.min(maxMs, initialMs * 2 ** Math.min(failures - 1, 30));
  if (exact) return whole;
  const [byte = 0] = platform.random(new Uint8Array(1));
  return whole / 2 + (whole / 2) * (byte / 256);
}
