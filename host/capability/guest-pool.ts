import { type Abortable, LazyAbort } from "../abortable.ts";
import { ComponentError } from "../errors/component-error.ts";
import { type Platform, untilAborted, withTimeout } from "../platform.ts";
import type { Confinement, Guest, GuestLine, Program } from "./confinement.ts";
import { GuestFault } from "./guest-fault.ts";
import { HeldGuests } from "./held-guests.ts";
import type { Limits } from "./manifest.ts";

/** How long an instance is kept without a call, but for the last one: what it keeps in its memory may be of use again. */
const IDLE_MS = 60_000;

/** Callers that wait for an instance, for each instance that there may be. */
const WAITING = 1_000;

/** How long a caller waits for an instance, beyond one call's time. */
const PATIENCE_MS = 5_000;

/** How long a host may take to make room for an instance, and for one that nobody waits for to start. */
const OPENING_MS = 10_000;

/** How long one may take to start where a call has less: handing it over and compiling it are the host's. */
const STARTING_MS = 1_000;

interface Idle {
  readonly guest: Guest;
  /** Cancels its end. */
  readonly keep: () => void;
}

/** How many instances there are, are at work, and have started since. */
export interface PoolSize {
  readonly instances: number;
  readonly busy: number;
  readonly started: number;
}

/** Instances of one module, as many as there are calls at a time, up to its concurrency. */
export class GuestPool {
  readonly #confinement: Confinement;
  readonly #program: Program;
  readonly #limits: Limits;
  readonly #platform: Platform;
  readonly #say: (line: GuestLine) => void;
  readonly #idle: Idle[] = [];
  readonly #busy = new Set<Guest>();
  readonly #waiting: ((slot: Guest | "free") => void)[] = [];
  readonly #held = new HeldGuests();
  /** Instances that are there or starting. */
  #taken = 0;
  #started = 0;
  #closed = false;

  /** `say`: what an instance said in a step that it failed in. */
  constructor(
    confinement: Confinement,
    program: Program,
    limits: Limits,
    platform: Platform,
    say: (line: GuestLine) => void,
  ) {
    this.#confinement = confinement;
    this.#program = program;
    this.#limits = limits;
    this.#platform = platform;
    this.#say = say;
  }

  get size(): PoolSize {
    return { instances: this.#taken, busy: this.#busy.size, started: this.#started };
  }

  /**
   * Runs `use` with an instance that nobody else has. The deadline begins when it has started; it aborts what `use` is given,
   * and the instance is ended with whatever it does. So is one whose `use` fails.
   */
  async with<T>(use: (guest: Guest, ending: Abortable) => Promise<T>, late: () => Error): Promise<T> {
    return await this.#run(await this.#slot(), use, late);
  }

  /**
   * Starts instances ahead of their calls, until there are so many. Where there is no place for one, there is none; throws a
   * GuestFault where the program does not start.
   */
  async prepare(count: number): Promise<void> {
    const missing = Math.min(count, this.#limits.concurrency) - this.#taken;
    const starting = Array.from({ length: Math.max(missing, 0) }, async () => {
      this.#taken += 1;
      try {
        this.#release(await this.#fresh(OPENING_MS));
      } catch (error) {
        this.#lose(undefined);
        if (error instanceof GuestFault) throw error;
      }
    });
    await Promise.all(starting);
  }

  /**
   * Keeps an instance beyond a call that it has: it has something that another call comes back for. {@link again} takes the
   * promise back, and has to be called once.
   */
  hold(guest: Guest): void {
    this.#held.hold(guest);
  }

  /** As {@link with}, in an instance that was held. Throws what `gone` makes where that was ended since. */
  async again<T>(
    guest: Guest,
    use: (guest: Guest, ending: Abortable) => Promise<T>,
    late: () => Error,
    gone: () => Error,
  ): Promise<T> {
    if (!(await this.#take(guest))) throw gone();
    return await this.#run(guest, use, late);
  }

  async #run<T>(
    slot: Guest | "free",
    use: (guest: Guest, ending: Abortable) => Promise<T>,
    late: () => Error,
  ): Promise<T> {
    let guest = slot === "free" ? undefined : slot;
    const ending = new LazyAbort();
    let cancel = () => {};
    try {
      const { timeMs } = this.#limits;
      guest ??= await this.#fresh(Math.max(timeMs, STARTING_MS));
      this.#busy.add(guest);
      cancel = this.#platform.clock.after(timeMs, () => ending.abort(late()));
      const result = await untilAborted(use(guest, ending), ending);
      cancel();
      this.#release(guest);
      return result;
    } catch (error) {
      cancel();
      // What it still waits for is given up as well.
      ending.abort(error);
      if (guest !== undefined) this.#log(error);
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
    this.#held.clear();
  }

  /** Makes a held instance this caller's, as soon as nobody else has it; false: it was ended. */
  async #take(guest: Guest): Promise<boolean> {
    const place = this.#idle.findIndex((idle) => idle.guest === guest);
    const [idle] = place === -1 ? [] : this.#idle.splice(place, 1);
    idle?.keep();
    const there = idle !== undefined || (await this.#held.wait(guest));
    this.#held.taken(guest);
    return there;
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

  async #open(): Promise<Guest> {
    if (this.#closed) throw new ComponentError("UNAVAILABLE", "it is being closed");
    const opening = this.#confinement.open();
    return await withTimeout(this.#platform.clock, OPENING_MS, opening, () => {
      opening.then(
        (guest) => guest.end(),
        () => undefined,
      );
      return new ComponentError("UNAVAILABLE", `there was no place for an instance within ${OPENING_MS} ms`);
    });
  }

  /** An instance that has started, within so long. */
  async #fresh(ms: number): Promise<Guest> {
    const guest = await this.#open();
    this.#busy.add(guest);
    const late = () => new GuestFault("deadline", `it did not start within ${ms} ms`);
    try {
      await withTimeout(this.#platform.clock, ms, guest.start(this.#program, this.#limits), late);
      this.#started += 1;
      return guest;
    } catch (error) {
      this.#busy.delete(guest);
      guest.end();
      this.#log(error);
      throw error;
    }
  }

  #log(error: unknown): void {
    if (error instanceof GuestFault) error.lines.forEach(this.#say);
  }

  #release(guest: Guest): void {
    this.#busy.delete(guest);
    if (this.#closed) {
      guest.end();
      return;
    }
    if (this.#held.give(guest)) return;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next(guest);
      return;
    }
    const keep = this.#platform.clock.after(IDLE_MS, () => {
      const place = this.#idle.findIndex((idle) => idle.guest === guest);
      if (place === -1 || this.#taken === 1 || this.#held.has(guest)) return;
      this.#idle.splice(place, 1);
      this.#taken -= 1;
      guest.end();
    });
    this.#idle.push({ guest, keep });
  }

  #lose(guest: Guest | undefined): void {
    if (guest !== undefined) {
      this.#busy.delete(guest);
      this.#held.forget(guest);
      guest.end();
    }
    if (this.#closed) return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken -= 1;
    else next("free");
  }
}
