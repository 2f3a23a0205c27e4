import { createRequire } from "node:module";
import type Libsql from "libsql";
import type { Path } from "../../../components/state/query.ts";
import { ComponentError } from "../../../errors/component-error.ts";
import type { Clock } from "../../../platform.ts";
import { sqliteError, whileBusy } from "./sqlite-error.ts";
import { createValueIndex } from "./value-index.ts";

export type Database = Libsql.Database;

export interface DatabaseOptions {
  /** A path, `:memory:` or a `file:` URI. */
  readonly connectionString: string;
  readonly tableName: string;
  readonly metadataTableName: string;
  readonly busyTimeoutMs: number;
  readonly disableWAL: boolean;
  /** What queries may look for in values. */
  readonly indexed: readonly Path[];
}

/** SQLite's own waiting, which blocks the process; longer waits are the caller's, between attempts. */
const BLOCKING_MS = 2;

/** Whether the data is gone when it is closed. */
export function isInMemory(connectionString: string): boolean {
  return (
    connectionString === "" ||
    connectionString.includes(":memory:") ||
    /[?&]mode=memory\b/.test(connectionString)
  );
}

/** Throws unless it is an identifier that needs no quotes, as Dapr asks of table names. */
export function checkIdentifier(component: string, field: string, name: string): void {
  if (/^[a-z_][a-z0-9_]*$/i.test(name) && !/^sqlite_/i.test(name)) return;
  throw new ComponentError(
    "INVALID_ARGUMENT",
    `component ${component}: metadata field ${field}: expected letters, digits and underscores`,
  );
}

/**
 * The native module, where it is used, so that a sidecar without SQLite starts without it; by require, which does not look
 * through a CommonJS package for names to export. It asks Node's report for the system's C library: the network is no part
 * of that, and takes milliseconds to look up.
 */
function loadLibsql(): typeof Libsql {
  const report = process.report as { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  try {
    return createRequire(import.meta.url)("libsql") as typeof Libsql;
  } finally {
    report.excludeNetwork = before ?? false;
  }
}

/**
 * Opens the file with Dapr's tables, creating what is missing: daprd and daprlet read and write each other's files.
 * Throws a ComponentError.
 */
export async function openDatabase(clock: Clock, options: DatabaseOptions): Promise<Database> {
  const { connectionString } = options;
  if (/^(?!file:)[a-z][a-z0-9+.-]+:\/\//i.test(connectionString)) {
    throw new ComponentError(
      "INVALID_ARGUMENT",
      "metadata field connectionString: expected the path of a file; this store opens no database of another machine",
    );
  }
  const Connection = loadLibsql();
  let database: Database;
  try {
    database = new Connection(connectionString === "" ? ":memory:" : connectionString);
  } catch (error) {
    throw new ComponentError(
      "FAILED_PRECONDITION",
      `SQLite cannot open ${connectionString.split("?")[0]}: its folder must exist, and this user must be allowed to write there`,
      { cause: error },
    );
  }
  try {
    await whileBusy(clock, options.busyTimeoutMs, () => prepare(database, options));
    return database;
  } catch (error) {
    database.close();
    throw sqliteError(error);
  }
}

function prepare(database: Database, options: DatabaseOptions): void {
  const { tableName, metadataTableName, disableWAL } = options;
  // Without a write-ahead log a reader can meet a writer's lock at any moment, so SQLite itself has to wait.
  database.pragma(`busy_timeout = ${disableWAL ? options.busyTimeoutMs : BLOCKING_MS}`);
  database.pragma(`journal_mode = ${disableWAL ? "DELETE" : "WAL"}`);
  database.pragma("synchronous = FULL");
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec(`CREATE TABLE IF NOT EXISTS ${metadataTableName} (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS ${tableName} (
        key TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL,
        is_binary BOOLEAN NOT NULL,
        etag TEXT NOT NULL,
        expiration_time TIMESTAMP DEFAULT NULL,
        update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
      );
      CREATE INDEX IF NOT EXISTS ${tableName}_expiring ON ${tableName} (expiration_time)
        WHERE expiration_time IS NOT NULL;`);
    // daprd counts its migrations here, and creates the table again where it finds none.
    database
      .prepare(`INSERT OR IGNORE INTO ${metadataTableName} (key, value) VALUES ('migrations', '1')`)
      .run([]);
    createValueIndex(database, tableName, options.indexed);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
