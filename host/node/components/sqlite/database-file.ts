import { statSync } from "node:fs";
import { ComponentError } from "../../../errors/component-error.ts";
import type { Database } from "./open-database.ts";

/**
 * The file of an open database. One that is moved or deleted stays open, and SQLite would go on writing to what nobody
 * can open again: so it is looked for before each commit.
 */
export class DatabaseFile {
  /** Empty in memory. */
  readonly #path: string;
  readonly #inode: bigint | undefined;

  constructor(database: Database) {
    const [main] = database.prepare("PRAGMA database_list").raw().all([]) as [
      number,
      string,
      string | null,
    ][];
    this.#path = main?.[2] ?? "";
    this.#inode = this.#path === "" ? undefined : inodeOf(this.#path);
  }

  /** Throws a ComponentError when it is not where it was opened. */
  ensurePresent(): void {
    if (this.#inode === undefined || inodeOf(this.#path) === this.#inode) return;
    throw new ComponentError(
      "FAILED_PRECONDITION",
      "the file of the SQLite database was moved, deleted or replaced while it was open: put it back, or start the sidecar again",
    );
  }
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
