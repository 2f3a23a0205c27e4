import type { Clock } from "../../platform.ts";
import type { RemoteSidecar } from "./remote-sidecar.ts";
import { streamsPath } from "./remote-stream.ts";

/** How long an event that was consumed is remembered where the sidecar may not know it. */
const REMEMBERED_MS = 10 * 60_000;
const MOST_REMEMBERED = 10_000;
/** Verdicts of one call. */
const MOST_AT_ONCE = 500;

export interface EventVerdict {
  /** Of the delivery. */
  readonly id: string;
  readonly status: "SUCCESS" | "RETRY";
  /** Of the event: the same when it is delivered again. */
  readonly event: string;
}

/**
 * What became of events, told to the sidecar that they came from: many at once while a call is under way. What was
 * consumed is remembered until that has arrived, so that it is told again, and not handled again, where it comes again.
 */
export class EventVerdicts {
  readonly #remote: RemoteSidecar;
  readonly #clock: Clock;
  readonly #told: (error: unknown) => void;
  #waiting: EventVerdict[] = [];
  #flushing: Promise<void> | undefined;
  /** Event → when it may be forgotten, in order of that time. */
  readonly #consumed = new Map<string, number>();

  /** `told` is called after each call; with an error, some may not have arrived, and their events come again. */
  constructor(remote: RemoteSidecar, clock: Clock, told: (error: unknown) => void) {
    this.#remote = remote;
    this.#clock = clock;
    this.#told = told;
  }

  /** Whether the event was consumed, and its sidecar may not know it. */
  isConsumed(event: string): boolean {
    return (this.#consumed.get(event) ?? 0) > this.#clock.now();
  }

  add(verdict: EventVerdict): void {
    if (verdict.status === "SUCCESS") this.#remember(verdict.event);
    this.#waiting.push(verdict);
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined;
    });
  }

  /** Resolves once those that wait were told, or could not be. */
  async told(): Promise<void> {
    await this.#flushing;
  }

  #remember(event: string): void {
    const now = this.#clock.now();
    this.#consumed.delete(event);
    this.#consumed.set(event, now + REMEMBERED_MS);
    for (const [first, until] of this.#consumed) {
      if (until > now && this.#consumed.size <= MOST_REMEMBERED) break;
      this.#consumed.delete(first);
    }
  }

  async #flush(): Promise<void> {
    // Those that are given in one turn go together.
    await undefined;
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, MOST_AT_ONCE);
      const verdicts = some.map(({ id, status }) => ({ id, status }));
      try {
        await this.#remote.call({
          method: "POST",
          path: streamsPath(this.#remote),
          body: new TextEncoder().encode(JSON.stringify(verdicts)),
        });
        for (const { event } of some) this.#consumed.delete(event);
        this.#told(undefined);
      } catch (error) {
        this.#told(error);
      }
    }
  }
}
