import type { GuestLine, LogLevel } from "./confinement.ts";

/** Lines of one step: what is beyond is left out. */
const MAX_LINES = 100;

/** Characters of a line, at most. */
export const MAX_LINE = 1024;

/** What was printed to a stream and has no line end yet. */
interface OpenLine {
  readonly level: LogLevel;
  readonly decoder: TextDecoder;
  text: string;
}

/** What a guest says in one step. */
export class GuestLines {
  #lines: GuestLine[] = [];
  readonly #open = new Map<number, OpenLine>();

  add(level: LogLevel, text: string): void {
    if (this.#lines.length < MAX_LINES) this.#lines.push({ level, text: text.slice(0, MAX_LINE) });
  }

  /** A piece of what it prints to a stream: a line ends where it says so, or with the step. */
  print(stream: number, level: LogLevel, piece: Uint8Array): void {
    if (this.#lines.length >= MAX_LINES) return;
    const open = this.#open.get(stream) ?? { level, decoder: new TextDecoder(), text: "" };
    const more = open.decoder.decode(piece.subarray(0, MAX_LINES * MAX_LINE), { stream: true });
    const lines = (open.text + more).split("\n");
    open.text = (lines.pop() ?? "").slice(0, MAX_LINE);
    this.#open.set(stream, open);
    for (const line of lines) this.add(level, line);
  }

  /** What was said since the last time. */
  take(): readonly GuestLine[] {
    for (const { level, text } of this.#open.values()) if (text !== "") this.add(level, text);
    this.#open.clear();
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }
}
