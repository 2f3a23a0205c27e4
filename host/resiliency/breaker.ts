import type { BreakerCounts, BreakerOutcome, BreakerRecord, BreakerState, Core } from "../core/core.ts";
import { type Clock, sleep } from "../platform.ts";
import type { BreakerPolicy } from "../resources/resiliency.ts";
import { PolicyError } from "./policy-error.ts";

/** Whether these counts trip a breaker; undefined where the core decides. */
export type Trips = ((counts: BreakerCounts) => boolean) | undefined;

export interface BreakerContext {
  readonly core: Core;
  readonly clock: Clock;
}

/** Is told of each change of the state. */
export type Changed = ((state: BreakerState) => void) | undefined;

/** What it says, to be compared: where it was read does not matter. */
function textOf({ maxRequests, intervalMs, timeoutMs, trip }: BreakerPolicy): string {
  const when = "expression" in trip ? trip.expression : trip;
  return JSON.stringify([maxRequests, intervalMs, timeoutMs, when]);
}

/** One circuit breaker: the core decides, this keeps its state and who waits for it. */
export class Breaker {
  readonly #context: BreakerContext;
  readonly #text: string;
  readonly #record: BreakerRecord;
  readonly #trips: Trips;
  readonly #waiting = new Set<() => void>();
  #told: BreakerState = "closed";
  #changed: Changed;

  constructor(policy: BreakerPolicy, trips: Trips, context: BreakerContext, changed?: Changed) {
    const { maxRequests, intervalMs, timeoutMs, trip } = policy;
    const terms = "expression" in trip ? [] : trip;
    const { core, clock } = context;
    this.#context = context;
    this.#text = textOf(policy);
    this.#changed = changed;
    this.#trips = trips;
    this.#record = core.newBreaker({ maxRequests, intervalMs, timeoutMs, terms }, clock.now());
  }

  /** Goes on with what it knows, where the policy says the same as its own, and tells `changed` from now on. */
  continues(policy: BreakerPolicy, changed: Changed): boolean {
    if (textOf(policy) !== this.#text) return false;
    this.#changed = changed;
    return true;
  }

  get state(): BreakerState {
    return this.#context.core.breakerState(this.#record, this.#context.clock.now()).state;
  }

  /** What {@link leave} is told when the request ends. Throws PolicyError when none may pass. */
  enter(): number {
    const { core, clock } = this.#context;
    const entered = core.enterBreaker(this.#record, clock.now());
    if (this.#told !== "closed") this.#tell();
    if (typeof entered === "number") return entered;
    throw new PolicyError(
      "UNAVAILABLE",
      entered === "open" ? "circuit breaker is open" : "circuit breaker is half-open: too many requests",
    );
  }

  /** As {@link enter}, but waits until one may pass; rejects with the signal's reason when it aborts first. */
  async admitted(signal: AbortSignal): Promise<number> {
    const { core, clock } = this.#context;
    for (;;) {
      signal.throwIfAborted();
      const now = clock.now();
      const entered = core.enterBreaker(this.#record, now);
      if (this.#told !== "closed") this.#tell();
      if (typeof entered === "number") return entered;
      const { until } = core.breakerState(this.#record, now);
      // It opens after its time, not at it.
      if (entered === "open") await sleep(clock, until - now + 1, signal);
      else await this.#left(signal);
    }
  }

  leave(entered: number, outcome: BreakerOutcome): void {
    const { core, clock } = this.#context;
    const now = clock.now();
    const counts = core.leaveBreaker(this.#record, now, entered, outcome);
    if (counts !== undefined && this.#trips?.(counts)) core.tripBreaker(this.#record, now);
    if (outcome === "failure" || this.#told !== "closed") this.#tell();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  #tell(): void {
    const { state } = this;
    if (state === this.#told) return;
    this.#told = state;
    this.#changed?.(state);
  }

  /** Resolves when some request has left. */
  #left(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      const abort = () => {
        this.#waiting.delete(wake);
        reject(signal.reason);
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", abort, { once: true });
    });
  }
}
