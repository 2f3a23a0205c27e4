import type { Clock } from "../../platform.ts";

interface Moment {
  readonly calendar: number;
  readonly monotonic: number;
}

/**
 * A member's leave to let its actors work: so long from when it sent the last ping that was answered. What counts is
 * the clock that has run further: some do not run on while the machine sleeps, others are set.
 */
export class PlacementLease {
  readonly #clock: Clock;
  readonly #sent = new Map<number, Moment>();
  #pings = 0;
  #since: Moment | undefined;

  constructor(
    clock: Clock,
    public ms: number,
  ) {
    this.#clock = clock;
  }

  /** A number for a ping that is sent now. */
  ping(): number {
    this.#sent.set(++this.#pings, this.#moment());
    return this.#pings;
  }

  /** It was given, and not given up since, though it may be over. */
  get held(): boolean {
    return this.#since !== undefined;
  }

  /** Milliseconds; 0 when it is over, or not held. */
  get leftMs(): number {
    return this.#since === undefined ? 0 : this.#left(this.#since);
  }

  /** That ping was answered. False when that came too late, or is known already. */
  renew(ping: number): boolean {
    const sent = this.#sent.get(ping);
    for (const earlier of this.#sent.keys()) if (earlier <= ping) this.#sent.delete(earlier);
    if (sent === undefined || this.#left(sent) === 0) return false;
    this.#since = sent;
    return true;
  }

  end(): void {
    this.#since = undefined;
    this.#sent.clear();
  }

  #left({ calendar, monotonic }: Moment): number {
    const now = this.#moment();
    return Math.max(0, this.ms - Math.max(now.calendar - calendar, now.monotonic - monotonic));
  }

  #moment(): Moment {
    const calendar = this.#clock.now();
    return { calendar, monotonic: this.#clock.monotonic?.() ?? calendar };
  }
}
