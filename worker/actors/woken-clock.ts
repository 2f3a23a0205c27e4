import type { Clock } from "../../host/platform.ts";

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** A clock whose timers ring in time also where the browser lets those of a page in the background sleep: whoever is awake wakes it. */
export class WokenClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic?.() ?? this.#clock.now();
  }

  after(ms: number, task: () => void): () => void {
    const stop = () => {
      this.#timers.delete(timer);
      cancel();
    };
    const timer: Timer = {
      at: this.monotonic() + ms,
      run: () => {
        stop();
        task();
      },
    };
    const cancel = this.#clock.after(ms, timer.run);
    this.#timers.add(timer);
    return stop;
  }

  /** Runs what is due. */
  wake(): void {
    const now = this.monotonic();
    for (const timer of [...this.#timers].sort((a, b) => a.at - b.at)) {
      if (timer.at <= now && this.#timers.has(timer)) timer.run();
    }
  }
}
