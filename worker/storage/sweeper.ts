import type { Clock, Log } from "../../host/platform.ts";

/** After a write, so that the sweep does not stand in the way of what follows at once. */
const DELAY_MS = 5_000;
const INTERVAL_MS = 60_000;

/** Sweeps now and then as long as there are writes: soon after the first one, as a service worker seldom lives long. */
export class Sweeper {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sweep: () => Promise<void>;
  #swept = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #under: Promise<void> | undefined;

  constructor(clock: Clock, log: Log, sweep: () => Promise<void>) {
    this.#clock = clock;
    this.#log = log;
    this.#sweep = sweep;
  }

  /** Something was written. */
  wrote(): void {
    if (this.#cancel !== undefined || this.#clock.now() - this.#swept < INTERVAL_MS) return;
    this.#cancel = this.#clock.after(DELAY_MS, () => {
      this.#swept = this.#clock.now();
      this.#under = this.#run().finally(() => {
        this.#cancel = undefined;
        this.#under = undefined;
      });
    });
  }

  /** Lets a sweep that is under way end; begins none. */
  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = () => undefined;
    await this.#under;
  }

  async #run(): Promise<void> {
    try {
      await this.#sweep();
    } catch (error) {
      this.#log.debug("what is out of date stays until the next sweep", { cause: String(error) });
    }
  }
}
