import type { Guest } from "./confinement.ts";

interface Held {
  /** How often it was held, and not come back for. */
  count: number;
  /** Who came back, and waits until nobody else has it. */
  readonly waiting: ((there: boolean) => void)[];
}

/** Instances that have something of a caller who comes back for it. */
export class HeldGuests {
  readonly #held = new Map<Guest, Held>();

  hold(guest: Guest): void {
    const held = this.#held.get(guest);
    if (held === undefined) this.#held.set(guest, { count: 1, waiting: [] });
    else held.count += 1;
  }

  has(guest: Guest): boolean {
    return this.#held.has(guest);
  }

  /** Its caller has it again. */
  taken(guest: Guest): void {
    const held = this.#held.get(guest);
    if (held === undefined) return;
    held.count -= 1;
    if (held.count === 0) this.#held.delete(guest);
  }

  /** Resolves once it is free, for this caller; false: it was ended. */
  async wait(guest: Guest): Promise<boolean> {
    const waiting = this.#held.get(guest)?.waiting;
    return waiting === undefined ? false : await new Promise<boolean>((resolve) => waiting.push(resolve));
  }

  /** Gives it to who waits longest for it; false: nobody does. */
  give(guest: Guest): boolean {
    const next = this.#held.get(guest)?.waiting.shift();
    next?.(true);
    return next !== undefined;
  }

  /** It was ended. */
  forget(guest: Guest): void {
    const held = this.#held.get(guest);
    this.#held.delete(guest);
    for (const next of held?.waiting ?? []) next(false);
  }

  clear(): void {
    for (const guest of [...this.#held.keys()]) this.forget(guest);
  }
}
