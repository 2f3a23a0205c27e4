import { statfsSync } from "node:fs";
import type { Clock } from "../../../platform.ts";

/** ext, XFS, Btrfs, F2FS, ZFS, tmpfs, and layers of them: no network and no other process can hold them up. */
const local: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x01021994, 0x794c7630,
]);

/** Above it the disk was slow, or the machine is busy, which is taken for the same. */
const slowMs = 20;
/** How long it is asked in the background then. */
const awayMs = 2_000;

/**
 * Whether a folder's disk may be asked on the spot: what the system has in memory comes within microseconds then, and by way
 * of the threads that all files share at several times that cost. A disk that is slow must hold up nobody else.
 */
export class DiskPace {
  readonly #clock: Clock;
  readonly #local: boolean;
  #slowUntil = 0;

  constructor(folder: string, clock: Clock) {
    this.#clock = clock;
    this.#local = isLocal(folder);
  }

  get quick(): boolean {
    return this.#local && (this.#slowUntil === 0 || this.#clock.now() >= this.#slowUntil);
  }

  /** `work`, which asks the disk on the spot. Throws what it throws. */
  measure<Result>(work: () => Result): Result {
    const began = this.#now();
    try {
      return work();
    } finally {
      this.#slowUntil = this.#now() - began > slowMs ? this.#clock.now() + awayMs : 0;
    }
  }

  #now(): number {
    return this.#clock.monotonic?.() ?? this.#clock.now();
  }
}

function isLocal(folder: string): boolean {
  try {
    return local.has(statfsSync(folder).type);
  } catch {
    return false;
  }
}
