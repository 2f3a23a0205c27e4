import type { GuestLine, LogLevel } from "./confinement.ts";
import { GuestFault } from "./guest-fault.ts";
import type { GuestMemory } from "./guest-memory.ts";

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Lines of one step, and characters of one: what is beyond is left out. */
const MAX_LINES = 100;
const MAX_LINE = 1024;

/** Random bytes of one call. */
const MAX_RANDOM = 65_536;

/** Where time and chance come from in a worker. */
export interface GuestPlatform {
  now(): number;
  random(bytes: Uint8Array<ArrayBuffer>): Uint8Array;
}

/** Wasm's numbers in, one or none out. */
type HostFunction = (...numbers: number[]) => number | undefined;

/** What a guest may import of `cap_host`: local, synchronous, and each with its spans checked. */
export class GuestHost {
  readonly #platform: GuestPlatform;
  readonly #memory: () => GuestMemory;
  #lines: GuestLine[] = [];

  constructor(platform: GuestPlatform, memory: () => GuestMemory) {
    this.#platform = platform;
    this.#memory = memory;
  }

  /** What was logged since the last time. */
  lines(): readonly GuestLine[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  readonly functions: ReadonlyMap<string, HostFunction> = new Map<string, HostFunction>([
    [
      "cap_host.log",
      (level = 0, pointer = 0, length = 0) => {
        const text = this.#memory().text(pointer, length, MAX_LINE, "what it logs");
        if (this.#lines.length < MAX_LINES) this.#lines.push({ level: levels[level] ?? "info", text });
        return undefined;
      },
    ],
    // Coarse, so that it measures nothing of others.
    ["cap_host.clock", () => Math.floor(this.#platform.now())],
    [
      "cap_host.random",
      (pointer = 0, length = 0) => {
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
