import type { GuestLine, LogLevel } from "./confinement.ts";
import { GuestFault } from "./guest-fault.ts";
import { GuestLines, MAX_LINE } from "./guest-lines.ts";
import type { GuestMemory } from "./guest-memory.ts";
import type { HostFunction } from "./import-object.ts";

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Added to a level: it is a piece of what is printed, and not a line. */
const PRINTED = 4;

/** Random bytes of one call. */
const MAX_RANDOM = 65_536;

/** Where time and chance come from in a worker. */
export interface GuestPlatform {
  now(): number;
  random(bytes: Uint8Array<ArrayBuffer>): Uint8Array;
}

/** What a guest may import of `cap_host`: local, synchronous, and each with its spans checked. */
export class GuestHost {
  readonly #platform: GuestPlatform;
  readonly #memory: () => GuestMemory;
  readonly #lines = new GuestLines();

  constructor(platform: GuestPlatform, memory: () => GuestMemory) {
    this.#platform = platform;
    this.#memory = memory;
  }

  /** What was logged since the last time. */
  lines(): readonly GuestLine[] {
    return this.#lines.take();
  }

  readonly functions: ReadonlyMap<string, HostFunction> = new Map<string, HostFunction>([
    [
      "cap_host.log",
      (level: number, pointer: number, length: number) => {
        const what = "what it logs";
        const printed = levels[level - PRINTED];
        if (printed === undefined)
          this.#lines.add(levels[level] ?? "info", this.#memory().text(pointer, length, MAX_LINE, what));
        else this.#lines.print(level, printed, this.#memory().view(pointer, length, what));
        return undefined;
      },
    ],
    // Coarse, so that it measures nothing of others.
    ["cap_host.clock", () => Math.floor(this.#platform.now())],
    [
      "cap_host.random",
      (pointer: number, length: number) => {
        const span = this.#memory().view(pointer, length, "where it wants chance");
        if (span.length > MAX_RANDOM)
          throw new GuestFault(
            "budget",
            `it asks for ${span.length} random bytes at a time, where ${MAX_RANDOM} are the most`,
          );
        span.set(this.#platform.random(new Uint8Array(span.length)));
        return undefined;
      },
    ],
  ]);
}
