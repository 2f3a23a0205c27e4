import type { Clock } from "../../platform.ts";

/** A token bucket: `perSecond` on average, twice that at once. */
export class Rate {
  #left: number;
  #at: number;

  constructor(
    readonly clock: Clock,
    readonly perSecond: number,
  ) {
    this.#left = 2 * perSecond;
    this.#at = clock.now();
  }

  /** Takes `amount`; the debt that is left, 0 while the rate is kept. */
  take(amount: number): number {
    const now = this.clock.now();
    this.#left = Math.min(2 * this.perSecond, this.#left + ((now - this.#at) / 1000) * this.perSecond);
    this.#at = now;
    this.#left -= amount;
    return Math.max(0, -this.#left);
  }
}
