import type { Clock } from "../../host/platform.ts";

/** How long calls may follow on each other without the page's events in between. */
const LONGEST_MS = 20;

/** Calls that are answered within the page's own thread need no task of it: who makes one after the other would block it. */
export class Breather {
  readonly #clock: Clock;
  #since = 0;
  #turn: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What the next call waits for: undefined, nothing, where the page had its turn a moment ago. */
  turn(): Promise<void> | undefined {
    const now = this.#clock.now();
    if (this.#turn !== undefined) return now - this.#since < LONGEST_MS ? undefined : this.#turn;
    this.#since = now;
    this.#turn = new Promise((resolve) => {
      this.#clock.after(0, () => {
        this.#turn = undefined;
        resolve();
      });
    });
    return undefined;
  }
}
