import { type Abortable, LazyAbort } from "../abortable.ts";
import type { ActorDirectory } from "../core/core.ts";
import type { Clock } from "../platform.ts";

/** How long the work of a caller that went away may take to end, and the next turn waits for it. Milliseconds. */
const letGoMs = 2_000;

/** A call that waits for its turn or has it. */
export interface Turn {
  /**
   * Runs `work` in the turn, which is over when it settles, and ends the turn also where it never begins. `caller` ends
   * the waiting, and what the work is given aborts with it: at once, or with `patient` when some time has passed. The turn
   * is not over before the work is, or before that time has passed. Where it is cut off it is over at once. Rejects with
   * the reason of either.
   */
  run<T>(
    caller: Abortable | undefined,
    work: (ending: Abortable) => Promise<T>,
    patient: boolean,
  ): Promise<T>;
}

/** The calls of hosted actors; whose turn it is the directory says. */
export class Turns {
  readonly directory: ActorDirectory;
  readonly #clock: Clock;
  readonly #left: () => void;
  /**
   * By their places. A Map would be made anew every few calls, and of all that it was before each keeps the next from being
   * collected as rubbish, with the calls that were in it.
   */
  readonly #calls: (Call | undefined)[] = [];
  #arrivals = 0;
  /** Calls by actor, for as long as somebody waits for their end. */
  readonly #ending = new Map<number, (() => void)[]>();

  /** `left` is told of every turn's end. */
  constructor(directory: ActorDirectory, clock: Clock, left: () => void) {
    this.directory = directory;
    this.#clock = clock;
    this.#left = left;
  }

  /** Activates the actor where it is not. `chain`: of a reentrant call. */
  enter(type: number, id: string, chain: string | undefined, maxDepth: number): Turn | "too-deep" {
    const actor = this.directory.activate(type, id, this.#clock.now());
    const ticket = this.directory.enter(actor, chain, maxDepth);
    if (ticket === "too-deep") return ticket;
    const leave = () => this.#leave(ticket, actor);
    const call = new Call(actor, this.#arrivals++, this.directory.runs(ticket), this.#clock, leave);
    this.#calls[this.directory.place(ticket)] = call;
    return call;
  }

  #leave(ticket: number, actor: number): void {
    const { directory } = this;
    this.#calls[directory.place(ticket)] = undefined;
    directory.leave(ticket, this.#clock.now(), (next) => this.#calls[directory.place(next)]?.begin());
    this.#left();
    if (this.#ending.size === 0 || directory.waiting(actor) > 0) return;
    const waiters = this.#ending.get(actor) ?? [];
    this.#ending.delete(actor);
    for (const ended of waiters) ended();
  }

  /** Calls that wait for their turn, by type. */
  waiting(): ReadonlyMap<number, number> {
    const waiting = new Map<number, number>();
    for (const call of this.#calls) {
      if (call === undefined || call.begun) continue;
      const type = this.directory.typeOf(call.actor);
      waiting.set(type, (waiting.get(type) ?? 0) + 1);
    }
    return waiting;
  }

  /** Ends calls of these actors, which have their ids beside them: those that wait for a turn, or all. */
  cut(actors: ReadonlyMap<number, string>, which: "waiting" | "all", reason: (id: string) => Error): void {
    const calls = this.#calls.filter((call) => call !== undefined).sort((a, b) => a.arrival - b.arrival);
    for (const call of calls) {
      const id = actors.get(call.actor);
      if (id !== undefined && (which === "all" || !call.begun)) call.cut(reason(id));
    }
  }

  /** Resolves when none of these actors has a call. */
  async ended(actors: readonly number[]): Promise<void> {
    const busy = actors.filter((actor) => this.directory.waiting(actor) > 0);
    const ended = (actor: number) =>
      new Promise<void>((resolve) => {
        const waiters = this.#ending.get(actor);
        if (waiters === undefined) this.#ending.set(actor, [resolve]);
        else waiters.push(resolve);
      });
    await Promise.all(busy.map(ended));
  }
}

class Call implements Turn {
  begun: boolean;
  #begins: (() => void) | undefined;
  #cut: ((reason: Error) => void) | undefined;
  #refused: Error | undefined;
  readonly #ending = new LazyAbort();

  constructor(
    readonly actor: number,
    readonly arrival: number,
    begun: boolean,
    readonly clock: Clock,
    readonly leave: () => void,
  ) {
    this.begun = begun;
  }

  begin(): void {
    this.begun = true;
    this.#begins?.();
  }

  cut(reason: Error): void {
    this.#refused = reason;
    this.#ending.abort(reason);
    this.#cut?.(reason);
  }

  run<T>(
    caller: Abortable | undefined,
    work: (ending: Abortable) => Promise<T>,
    patient: boolean,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let over = false;
      let cancelLate: (() => void) | undefined;
      const gone = () => {
        const reason = caller?.reason as Error;
        if (!this.begun) return this.cut(reason);
        if (!patient) this.#ending.abort(reason);
        cancelLate = this.clock.after(letGoMs, () => this.cut(reason));
      };
      const end = () => {
        if (over) return;
        over = true;
        caller?.removeEventListener("abort", gone);
        cancelLate?.();
        try {
          this.leave();
        } catch (error) {
          reject(error);
        }
      };
      const fail = (error: unknown) => {
        end();
        reject(error);
      };
      // Not at once: of several that are cut off together, the end of one must not begin the next.
      const refuse = (reason: Error) => queueMicrotask(() => fail(reason));
      const begins = () => {
        if (this.#refused !== undefined) return;
        const done = (value: T) => {
          end();
          resolve(value);
        };
        work(this.#ending).then(done, fail);
      };
      caller?.addEventListener("abort", gone);
      this.#cut = refuse;
      if (this.#refused !== undefined) refuse(this.#refused);
      else if (caller?.aborted) refuse(caller.reason as Error);
      else if (this.begun) begins();
      else this.#begins = begins;
    });
  }
}
