import { ComponentError } from "../errors/component-error.ts";
import { type Platform, untilAborted, withTimeout } from "../platform.ts";
import type { Confinement, Guest, Program } from "./confinement.ts";
import type { Limits } from "./manifest.ts";

/** How long an instance is kept without a call. */
const IDLE_MS = 60_000;

/** Callers that wait for an instance, for each instance that there may be. */
const WAITING = 64;

/** How long a caller waits for an instance, beyond one call's time. */
const PATIENCE_MS = 5_000;

interface Idle {
  readonly guest: Guest;
  /** Cancels its end. */
  readonly keep: () => void;
}

/** Instances of one module, as many as there are calls at a time, up to its concurrency. */
export class GuestPool {
  readonly #confinement: Confinement;
  readonly #program: Program;
  readonly #limits: Limits;
  readonly #platform: Platform;
  readonly #idle: Idle[] = [];
  readonly #busy = new Set<Guest>();
  readonly #waiting: ((slot: Guest | "free") => void)[] = [];
  /** Instances that are there or starting. */
  #taken = 0;
  #started = 0;
  #closed = false;

  constructor(confinement: Confinement, program: Program, limits: Limits, platform: Platform) {
    this.#confinement = confinement;
    this.#program = program;
    this.#limits = limits;
    this.#platform = platform;
  }

  /** How many there are, and how many there have been. */
  get size(): { readonly instances: number; readonly started: number } {
    return { instances: this.#taken, started: this.#started };
  }

  /**
   * Runs `use` with an instance that nobody else has. `deadline` begins when there is one, or room for one; it aborts, and
   * the instance is ended with whatever it does. So is one whose `use` fails.
   */
  async with<T>(use: (guest: Guest, signal: AbortSignal) => Promise<T>, late: () => Error): Promise<T> {
    const slot = await this.#slot();
    const ending = new AbortController();
    const cancel = this.#platform.clock.after(this.#limits.timeMs, () => ending.abort(late()));
    let guest = slot === "free" ? undefined : slot;
    try {
      guest ??= await this.#start(ending.signal);
      this.#busy.add(guest);
      const result = await untilAborted(use(guest, ending.signal), ending.signal);
      cancel();
      this.#release(guest);
      return result;
    } catch (error) {
      cancel();
      // What it still waits for is given up as well.
      ending.abort(error);
      this.#lose(guest);
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    for (const { guest, keep } of this.#idle.splice(0)) {
      keep();
      guest.end();
    }
    for (const guest of this.#busy) guest.end();
    this.#taken = 0;
    for (const next of this.#waiting.splice(0)) next("free");
  }

  async #slot(): Promise<Guest | "free"> {
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      idle.keep();
      return idle.guest;
    }
    if (this.#taken < this.#limits.concurrency) {
      this.#taken += 1;
      return "free";
    }
    if (this.#waiting.length >= this.#limits.concurrency * WAITING)
      throw this.#exhausted("too many calls wait for it");
    let wake: ((slot: Guest | "free") => void) | undefined;
    const waiting = new Promise<Guest | "free">((resolve) => {
      wake = resolve;
      this.#waiting.push(resolve);
    });
    const patience = this.#limits.timeMs + PATIENCE_MS;
    try {
      return await withTimeout(this.#platform.clock, patience, waiting, () =>
        this.#exhausted(`none of its instances was free within ${patience} ms`),
      );
    } catch (error) {
      const place = this.#waiting.indexOf(wake as never);
      if (place !== -1) this.#waiting.splice(place, 1);
      // It was given one in the same moment.
      else void waiting.then((slot) => (slot === "free" ? this.#lose(undefined) : this.#release(slot)));
      throw error;
    }
  }

  #exhausted(cause: string): ComponentError {
    return new ComponentError("RESOURCE_EXHAUSTED", `${cause}: raise its limits.concurrency, or call less`);
  }

  async #start(signal: AbortSignal): Promise<Guest> {
    if (this.#closed) throw new ComponentError("UNAVAILABLE", "it is being closed");
    this.#started += 1;
    const starting = this.#confinement.start(this.#program, this.#limits, signal);
    try {
      return await untilAborted(starting, signal);
    } catch (error) {
      starting.then(
        (guest) => guest.end(),
        () => undefined,
      );
      throw error;
    }
  }

  #release(guest: Guest): void {
    this.#busy.delete(guest);
    if (this.#closed) {
      guest.end();
      return;
    }
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next(guest);
      return;
    }
    const keep = this.#platform.clock.after(IDLE_MS, () => {
      const place = this.#idle.findIndex((idle) => idle.guest === guest);
      if (place === -1) return;
      this.#idle.splice(place, 1);
      this.#taken -= 1;
      guest.end();
    });
    this.#idle.push({ guest, keep });
  }

  #lose(guest: Guest | undefined): void {
    if (guest !== undefined) {
      this.#busy.delete(guest);
      guest.end();
    }
    if (this.#closed) return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken -= 1;
    else next("free");
  }
}
