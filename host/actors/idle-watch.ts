import type { ActorDirectory } from "../core/core.ts";
import type { Clock } from "../platform.ts";

/** So many that have been idle are looked at together. */
const atOnce = 64;

/** Has actors let go of once they have been idle for their type's time, by one timer: for the one that is idle first. */
export class IdleWatch {
  readonly #clock: Clock;
  readonly #directory: () => ActorDirectory;
  readonly #letGo: (actors: readonly number[]) => Promise<void>;
  #cancel: (() => void) | undefined;
  #at = Number.POSITIVE_INFINITY;
  #stopped = false;

  /** `letGo` never rejects. */
  constructor(
    clock: Clock,
    directory: () => ActorDirectory,
    letGo: (actors: readonly number[]) => Promise<void>,
  ) {
    this.#clock = clock;
    this.#directory = directory;
    this.#letGo = letGo;
  }

  /** A turn has ended: its actor may be the first to become idle. */
  look(): void {
    const next = this.#directory().nextIdle() ?? Number.POSITIVE_INFINITY;
    if (next >= this.#at || this.#stopped) return;
    this.#cancel?.();
    this.#at = next;
    this.#cancel = this.#clock.after(next - this.#clock.now(), () => void this.#ring());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  async #ring(): Promise<void> {
    this.#at = Number.POSITIVE_INFINITY;
    await this.#letGo(this.#directory().idle(this.#clock.now(), atOnce));
    this.look();
  }
}
