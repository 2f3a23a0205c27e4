import type { GuestLine, LogLevel } from "./confinement.ts";

/** Lines of one step: what is beyond is left out. */
const MAX_LINES = 100;

/** Characters of a line, at most. */
export const MAX_LINE = 1024;

/** What a guest says in one step. */
export class GuestLines {
  #lines: GuestLine[] = [];

  add(level: LogLevel, text: string): void {
    if (this.#lines.length < MAX_LINES) this.#lines.push({ level, text });
  }

  /** What was said since the last time. */
  take(): readonly GuestLine[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }
}
