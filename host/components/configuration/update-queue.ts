import type { ConfigurationItems } from "./configuration-store.ts";

interface Update {
  readonly items: ConfigurationItems;
  /** Called once it has been told, and not where telling it failed. */
  readonly told: (() => Promise<void>) | undefined;
}

/** More updates than this are not kept for an app that is slow: those that follow are told as one. */
const LONGEST = 100;

/** The updates of one subscription: told one after the other, in the order in which they came. */
export class UpdateQueue {
  readonly #tell: (items: ConfigurationItems) => Promise<void>;
  readonly #waiting: Update[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(tell: (items: ConfigurationItems) => Promise<void>) {
    this.#tell = tell;
  }

  push(items: ConfigurationItems, told?: () => Promise<void>): void {
    if (this.#closed) return;
    const last = this.#waiting.length < LONGEST ? undefined : this.#waiting.pop();
    this.#waiting.push({ items: last === undefined ? items : new Map([...last.items, ...items]), told });
    this.#running ??= this.#run();
  }

  /** Lets the update that is under way end; no other is told. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        await this.#tell(next.items);
        await next.told?.();
      } catch {
        // Whoever is told has logged it; what follows is told all the same.
      }
    }
    this.#running = undefined;
  }
}
