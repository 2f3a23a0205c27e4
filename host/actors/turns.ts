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
  readonly #calls = new Map<number, Call>();
  /** Calls by actor, for as long as somebody waits for their end. */
  readonly #ending = new Map<number, (() => void)[]>();

  constructor(directory: ActorDirectory, clock: Clock) {
    this.directory = directory;
    this.#clock = clock;
  }

  /** Activates the actor where it is not. `chain`: of a reentrant call. */
  enter(type: number, id: string, chain: string | undefined, maxDepth: number): Turn | "too-deep" {
    const actor = this.directory.activate(type, id, this.#clock.now());
    const ticket = this.directory.enter(actor, chain, maxDepth);
    if (ticket === "too-deep") return ticket;
    const call = new Call(actor, this.directory.runs(ticket), this.#clock, () => this.#leave(ticket, actor));
    this.#calls.set(ticket, call);
    return call;
  }

  #leave(ticket: number, actor: number): void {
    this.#calls.delete(ticket);
    this.directory.leave(ticket, this.#clock.now(), (next) => this.#calls.get(next)?.begin());
    if (this.#ending.size === 0 || this.directory.waiting(actor) > 0) return;
    const waiters = this.#ending.get(actor) ?? [];
    this.#ending.delete(actor);
    for (const ended of waiters) ended();
  }

  /** Calls that wait for their turn, by type. */
  waiting(): ReadonlyMap<number, number> {
    const waiting = new Map<number, number>();
    for (const { begun, actor } of this.#calls.values()) {
      const type = this.directory.typeOf(actor);
      if (!begun) waiting.set(type, (waiting.get(type) ?? 0) + 1);
    }
    return waiting;
  }

  /** Ends calls of these actors, which have their ids beside them: those that wait for a turn, or all. */
  cut(actors: ReadonlyMap<number, string>, which: "waiting" | "all", reason: (id: string) => Error): void {
    for (const call of [...this.#calls.values()]) {
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

  async run<T>(
    caller: Abortable | undefined,
    work: (ending: Abortable) => Promise<T>,
    patient: boolean,
  ): Promise<T> {
    let cancelLate: (() => void) | undefined;
    const gone = () => {
      const reason = caller?.reason as Error;
      if (!this.begun) return this.cut(reason);
      if (!patient) this.#ending.abort(reason);
      cancelLate = this.clock.after(letGoMs, () => this.cut(reason));
    };
    caller?.addEventListener("abort", gone);
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#cut = reject;
        const begins = () => void work(this.#ending).then(resolve, reject);
        if (this.#refused !== undefined) reject(this.#refused);
        else if (caller?.aborted) reject(caller.reason);
        else if (this.begun) begins();
        else this.#begins = begins;
      });
    } finally {
      caller?.removeEventListener("abort", gone);
      cancelLate?.();
      this.leave();
    }
  }
}
