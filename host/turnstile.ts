/** How many may wait, and what the next one is told; without, they wait without end. */
export interface Queue {
  readonly most: number;
  full(): Error;
}

/** Lets at most `limit` through at a time, in the order they came. */
export class Turnstile {
  #free: number;
  readonly #queue: Queue | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number, queue?: Queue) {
    this.#free = limit;
    this.#queue = queue;
  }

  /**
   * Resolves when it is this one's turn, undefined where that is at once; rejects, leaving the queue, when the signal
   * aborts first, and at once when too many wait already.
   */
  enter(signal: AbortSignal | undefined): Promise<void> | undefined {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    if (this.#queue !== undefined && this.#waiting.length >= this.#queue.most)
      return Promise.reject(this.#queue.full());
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(pass), 1);
        reject(signal?.reason);
      };
      const pass = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.push(pass);
    });
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
