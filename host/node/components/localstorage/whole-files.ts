import { Turnstile } from "../../../turnstile.ts";
import type { DiskPace } from "./disk-pace.ts";
import { writeNewNow, writeWhole } from "./write-whole.ts";

interface Writing {
  contents: Uint8Array;
  readonly done: Promise<void>;
}

/**
 * Writes of files, those of one file one after the other. Of the writes that wait for the same file only the last is
 * carried out, and answers for all of them: nobody can tell that from their having come in a row.
 */
export class WholeFiles {
  readonly #durable: boolean;
  /** A flush holds one of the four threads that all files share: reads must find one free. */
  readonly #flushes = new Turnstile(2);
  readonly #pace: DiskPace;
  readonly #uuid: () => string;
  /** By path, the write under way. */
  readonly #writing = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, Writing>();

  constructor(durable: boolean, pace: DiskPace, uuid: () => string) {
    this.#durable = durable;
    this.#pace = pace;
    this.#uuid = uuid;
  }

  /** Undefined where it is done. */
  write(path: string, contents: Uint8Array): Promise<void> | undefined {
    const before = this.#writing.get(path);
    if (before === undefined) {
      const now = !this.#durable && this.#pace.quick;
      if (now && this.#pace.measure(() => writeNewNow(path, contents, this.#uuid))) return undefined;
      return this.#begin(path, contents);
    }
    const waiting = this.#waiting.get(path);
    if (waiting !== undefined) {
      waiting.contents = contents;
      return waiting.done;
    }
    const done = before
      .catch(() => undefined)
      .then(() => {
        const { contents: last } = this.#waiting.get(path) as Writing;
        this.#waiting.delete(path);
        return this.#begin(path, last);
      });
    this.#waiting.set(path, { contents, done });
    return done;
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    while (this.#writing.size > 0) await Promise.allSettled(this.#writing.values());
  }

  #begin(path: string, contents: Uint8Array): Promise<void> {
    const writing = this.#carryOut(path, contents).finally(() => {
      // Whoever waits has begun by now, or begins in the same turn.
      if (!this.#waiting.has(path)) this.#writing.delete(path);
    });
    this.#writing.set(path, writing);
    return writing;
  }

  async #carryOut(path: string, contents: Uint8Array): Promise<void> {
    if (!this.#durable) return await writeWhole(path, contents, false, this.#uuid);
    await this.#flushes.enter(undefined);
    try {
      await writeWhole(path, contents, true, this.#uuid);
    } finally {
      this.#flushes.leave();
    }
  }
}
