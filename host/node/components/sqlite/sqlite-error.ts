import { type Code, ComponentError } from "../../../errors/component-error.ts";
import { reasonOf } from "../../../errors/reason-of.ts";
import { type Clock, sleep } from "../../../platform.ts";

/** SQLite's primary result codes that say more than "it failed"; extended ones begin with them. */
const meanings: readonly (readonly [sqlite: string, code: Code, remedy: string])[] = [
  ["SQLITE_BUSY", "UNAVAILABLE", "another process holds the database; raise busyTimeout, or let it finish"],
  ["SQLITE_LOCKED", "UNAVAILABLE", "another connection holds the table"],
  ["SQLITE_FULL", "RESOURCE_EXHAUSTED", "the disk is full"],
  ["SQLITE_READONLY", "PERMISSION_DENIED", "the file or its folder cannot be written"],
  ["SQLITE_PERM", "PERMISSION_DENIED", "the file cannot be opened with this user's rights"],
  ["SQLITE_CANTOPEN", "FAILED_PRECONDITION", "the file cannot be opened; its folder must exist"],
  ["SQLITE_CORRUPT", "DATA_LOSS", "the file is damaged; restore it from a backup"],
  ["SQLITE_NOTADB", "FAILED_PRECONDITION", "the file is not an SQLite database"],
  ["SQLITE_TOOBIG", "INVALID_ARGUMENT", "the key or value is larger than SQLite takes"],
  ["SQLITE_IOERR", "UNAVAILABLE", "the disk failed to read or write"],
];

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith("SQLITE_BUSY");
}

/** What SQLite threw, as a component may throw it. */
export function sqliteError(error: unknown): ComponentError {
  if (error instanceof ComponentError) return error;
  const code = codeOf(error);
  const meaning = meanings.find(([sqlite]) => code.startsWith(sqlite));
  const message = reasonOf(error);
  if (meaning === undefined) return new ComponentError("INTERNAL", `SQLite: ${message}`, { cause: error });
  return new ComponentError(meaning[1], `SQLite: ${message} (${code}): ${meaning[2]}`, { cause: error });
}

/** Between two attempts. Other processes hold the lock for a commit, which takes a fraction of a millisecond. */
const PAUSE_MS = 5;

/**
 * Attempts until the database is free, at most for `timeoutMs`, without holding up the process meanwhile, as
 * SQLite's own busy handler would. Throws what the last attempt threw.
 */
export async function whileBusy<T>(clock: Clock, timeoutMs: number, attempt: () => T): Promise<T> {
  const deadline = clock.now() + timeoutMs;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || clock.now() >= deadline) throw error;
    }
    await sleep(clock, PAUSE_MS);
  }
}
