import type { Clock } from "../platform.ts";

/** Permits that wait in the topic at most: work that nobody has room for waits in the records. */
const WINDOW = 32;
const LONGEST_MS = 3_600_000;

export interface PermitsOptions {
  readonly clock: Clock;
  readonly uuid: () => string;
  readonly leaseMs: number;
  /** Puts one into the topic. */
  readonly publish: (ticket: string) => Promise<void>;
}

/**
 * What a visitor takes from the topic before it asks for a unit. A permit is for any unit, so a lost one is made up for by another, and
 * one too many comes to nothing: which are about is a guess, and no record.
 */
export class Permits {
  readonly #options: PermitsOptions;
  /** Those that are thought to be in the topic. */
  readonly #waiting = new Set<string>();
  /** Those of this coordinator that somebody took: no others come back, as anybody can make names up. */
  readonly #taken = new Set<string>();
  /** When one was last put there, or asked with. */
  #moved = 0;
  /** How long none may move before they are thought lost. */
  #patienceMs: number;

  constructor(options: PermitsOptions) {
    this.#options = options;
    this.#patienceMs = 2 * options.leaseMs;
  }

  /** Somebody has a unit for it. */
  taken(ticket: string): void {
    this.#asked();
    if (this.#waiting.delete(ticket)) this.#taken.add(ticket);
  }

  /** It is of no use any more. */
  spent(ticket: string): void {
    this.#asked();
    this.#waiting.delete(ticket);
    this.#taken.delete(ticket);
  }

  /** It goes back into the topic, which has kept it. */
  returned(ticket: string): void {
    this.#asked();
    if (this.#taken.delete(ticket)) this.#waiting.add(ticket);
  }

  /** Puts as many into the topic as there are places for visitors. */
  async refill(places: number): Promise<void> {
    const { clock, uuid, publish } = this.#options;
    if (this.#waiting.size > 0 && clock.now() - this.#moved > this.#patienceMs) {
      // Nobody is there, or somebody took them all and did nothing. Ever more rarely, as the topic keeps them for the first one to come.
      this.#waiting.clear();
      this.#patienceMs = Math.min(2 * this.#patienceMs, LONGEST_MS);
    }
    while (this.#waiting.size < Math.min(places, WINDOW)) {
      const ticket = uuid();
      await publish(ticket);
      this.#waiting.add(ticket);
      this.#moved = clock.now();
    }
  }

  #asked(): void {
    const { clock, leaseMs } = this.#options;
    this.#moved = clock.now();
    this.#patienceMs = 2 * leaseMs;
  }
}
