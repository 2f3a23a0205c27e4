import type { Clock } from "./platform.ts";

/** Who began before a change may be waited for at most so long. */
const LONGEST_MS = 30_000;

/** Those who entered between two changes. */
export interface Epoch {
  inside: number;
  ended: (() => void) | undefined;
}

/** Counts who is inside, so that a change can wait for those who may still hold what it takes away. */
export class Turnover {
  readonly #clock: Clock;
  #epoch: Epoch = { inside: 0, ended: undefined };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Hand what it answers to {@link leave}, once. */
  enter(): Epoch {
    this.#epoch.inside++;
    return this.#epoch;
  }

  leave(epoch: Epoch): void {
    if (--epoch.inside === 0) epoch.ended?.();
  }

  /** Resolves when all who were inside at the call have left, or after 30 s. */
  pass(): Promise<void> {
    const epoch = this.#epoch;
    this.#epoch = { inside: 0, ended: undefined };
    if (epoch.inside === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(LONGEST_MS, resolve);
      epoch.ended = () => {
        cancel();
        resolve();
      };
    });
  }
}
