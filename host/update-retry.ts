import type { ComponentChange } from "./components/components.ts";
import { backOffMs } from "./components/pubsub/back-off.ts";
import { reasonOf } from "./errors/reason-of.ts";
import type { Platform } from "./platform.ts";

const pauses = { initialMs: 1_000, maxMs: 60_000 };

/** Brings about later what an update, or a start, could not: with growing pauses, until a newer one takes its place. */
export class UpdateRetry {
  readonly #platform: Platform;
  readonly #attempt: () => Promise<unknown>;
  #failures = 0;
  #ended = false;
  #cancel: (() => void) | undefined;

  /** `attempt` comes by {@link after} again, with what it has changed. */
  constructor(platform: Platform, attempt: () => Promise<unknown>) {
    this.#platform = platform;
    this.#attempt = attempt;
  }

  /** What came of an update; `fresh` where it is no attempt of this one. */
  after(changes: readonly ComponentChange[], fresh: boolean): void {
    this.cancel();
    if (fresh) this.#failures = 0;
    if (changes.some(({ mayOpen }) => mayOpen === true)) this.later();
  }

  later(): void {
    this.cancel();
    if (this.#ended) return;
    const ms = backOffMs(pauses, ++this.#failures, this.#platform);
    this.#cancel = this.#platform.clock.after(ms, () => {
      this.#attempt().catch((error: unknown) => {
        this.#platform.log.error(`the resources were not brought about: ${reasonOf(error)}`);
      });
    });
  }

  /** For good: an update that is under way changes nothing of it. */
  end(): void {
    this.#ended = true;
    this.cancel();
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
