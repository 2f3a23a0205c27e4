import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** The file whose time of change is when a coordinator last let an instance of another process go on working. */
const granted = "granted";

/**
 * Who coordinates, among the processes that share a folder. A coordinator's entry is a link to its socket under a number;
 * the highest one counts. Who finds the highest one dead links the next number, which fails where somebody was faster,
 * and only the holder of a higher one ever removes an entry. So whoever made a link and still finds it the highest is the
 * only one, however many stood, and however long one of them was held up in between.
 */
export class Election {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The coordinator there is, dead or alive; undefined: there never was one. */
  highest(): number | undefined {
    let highest: number | undefined;
    for (const name of this.#names()) {
      const number = /^\d{1,15}$/.test(name) ? Number(name) : undefined;
      if (number !== undefined && !(highest !== undefined && number <= highest)) highest = number;
    }
    return highest;
  }

  pathOf(number: number): string {
    return join(this.folder, String(number));
  }

  /** Where a candidate listens before it stands. */
  candidate(name: string): string {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    return join(this.folder, `.${name}`);
  }

  /** Makes the socket at `candidate` the one that follows `before`. Its number; undefined when another one was faster. */
  stand(candidate: string, before: number | undefined): number | undefined {
    const number = (before ?? 0) + 1;
    try {
      linkSync(candidate, this.pathOf(number));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
      throw error;
    }
    if (this.highest() === number) return number;
    unlinkSync(this.pathOf(number));
    return undefined;
  }

  /** A term that is greater than all before, also where the calendar was set back. For who was just elected. */
  term(now: number): number {
    const file = join(this.folder, "term");
    let before = 0;
    try {
      before = Number(readFileSync(file, "utf8")) || 0;
    } catch {
      // The first.
    }
    const term = Math.max(now, before + 1);
    writeFileSync(file, String(term));
    return term;
  }

  /** Removes the entries of those before, all of whom are followed by now. */
  sweep(number: number): void {
    for (const name of this.#names()) {
      if (!/^\d{1,15}$/.test(name) || Number(name) >= number) continue;
      try {
        unlinkSync(join(this.folder, name));
      } catch {
        // Another one was faster.
      }
    }
  }

  /** Notes that an instance of another process goes on working, from now on. */
  grant(now: number): void {
    const file = join(this.folder, granted);
    try {
      utimesSync(file, now / 1_000, now / 1_000);
    } catch {
      writeFileSync(file, "");
      utimesSync(file, now / 1_000, now / 1_000);
    }
  }

  /** How long ago that was noted last; undefined: never. Milliseconds. */
  grantedAgo(now: number): number | undefined {
    try {
      return Math.max(0, now - statSync(join(this.folder, granted)).mtimeMs);
    } catch {
      return undefined;
    }
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.folder);
    } catch {
      return [];
    }
  }
}
