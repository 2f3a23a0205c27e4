import type Libsql from "libsql";
import type { Delete, Item, Operation, Upsert } from "../../../components/state/store.ts";
import { ETagError } from "../../../errors/component-error.ts";
import type { Database } from "./open-database.ts";
import { fromSqlite, fromTimestamp, toSqlite, toTimestamp } from "./sqlite-value.ts";

type Statement = Libsql.Statement<unknown[]>;

/** The prepared statements of one state table. Times are milliseconds since the epoch. */
export class Statements {
  readonly #get: Statement;
  readonly #put: Statement;
  readonly #create: Statement;
  readonly #replace: Statement;
  readonly #delete: Statement;
  readonly #deleteVersion: Statement;
  readonly #collect: Statement;
  readonly #list: Statement;

  constructor(database: Database, table: string) {
    const columns = "(key, value, is_binary, etag, expiration_time, update_time)";
    const overwrite =
      "ON CONFLICT (key) DO UPDATE SET value = excluded.value, is_binary = excluded.is_binary, etag = excluded.etag, " +
      "expiration_time = excluded.expiration_time, update_time = excluded.update_time";
    const live = "(expiration_time IS NULL OR expiration_time > ?)";
    this.#get = database
      .prepare(`SELECT value, is_binary, etag, expiration_time FROM ${table} WHERE key = ?`)
      .raw();
    this.#put = database.prepare(`INSERT INTO ${table} ${columns} VALUES (?, ?, ?, ?, ?, ?) ${overwrite}`);
    this.#create = database.prepare(
      `INSERT INTO ${table} ${columns} VALUES (?, ?, ?, ?, ?, ?) ${overwrite} WHERE expiration_time <= ?`,
    );
    this.#replace = database.prepare(
      `UPDATE ${table} SET value = ?, is_binary = ?, etag = ?, expiration_time = ?, update_time = ?
       WHERE key = ? AND etag = ? AND ${live}`,
    );
    this.#delete = database.prepare(`DELETE FROM ${table} WHERE key = ?`);
    this.#deleteVersion = database.prepare(`DELETE FROM ${table} WHERE key = ? AND etag = ? AND ${live}`);
    this.#collect = database.prepare(
      `DELETE FROM ${table} WHERE key IN (SELECT key FROM ${table} WHERE expiration_time <= ? LIMIT ?)`,
    );
    // In the order of the primary key, which is that of bytes.
    this.#list = database
      .prepare(`SELECT key FROM ${table} WHERE key >= ? AND key < ? AND ${live} ORDER BY key LIMIT ?`)
      .raw();
  }

  get(key: string, now: number): Item | undefined {
    const row = this.#get.get([key]) as [unknown, unknown, string, unknown] | undefined;
    if (row === undefined) return undefined;
    const expiresAt = row[3] === null ? undefined : fromTimestamp(row[3]);
    if (expiresAt !== undefined && expiresAt <= now) return undefined;
    return { value: fromSqlite(row[0], row[1]), etag: row[2], expiresAt };
  }

  /** Applies one operation under the new ETag `etag`, or answers why not. */
  apply(operation: Operation, now: number, etag: () => string): ETagError | undefined {
    return this.#effect(operation, now, etag) ? undefined : new ETagError("mismatch", operation.key);
  }

  list(from: string, to: string, limit: number, now: number): readonly string[] {
    const rows = this.#list.all([from, to, toTimestamp(now), limit]) as readonly [string][];
    return rows.map(([key]) => key);
  }

  #effect(operation: Operation, now: number, etag: () => string): boolean {
    switch (operation.kind) {
      case "upsert":
        return this.#upsert(operation, now, etag()) > 0;
      case "delete":
        return this.#remove(operation, now) > 0;
      case "check":
        return this.get(operation.key, now)?.etag === operation.etag;
    }
  }

  /** Removes up to `limit` expired rows; answers how many. */
  collect(now: number, limit: number): number {
    return this.#collect.run([toTimestamp(now), limit]).changes;
  }

  #upsert({ key, value, etag, concurrency, ttlInSeconds }: Upsert, now: number, next: string): number {
    const { text, isBinary } = toSqlite(value);
    const time = toTimestamp(now);
    const updated = time.slice(0, 19);
    const expires = ttlInSeconds ? toTimestamp(now + ttlInSeconds * 1000) : null;
    if (etag !== undefined) {
      return this.#replace.run([text, isBinary, next, expires, updated, key, etag, time]).changes;
    }
    if (concurrency === "first-write") {
      return this.#create.run([key, text, isBinary, next, expires, updated, time]).changes;
    }
    return this.#put.run([key, text, isBinary, next, expires, updated]).changes;
  }

  /** Without an ETag there is nothing to refuse: a missing row counts as deleted. */
  #remove({ key, etag }: Delete, now: number): number {
    if (etag !== undefined) return this.#deleteVersion.run([key, etag, toTimestamp(now)]).changes;
    this.#delete.run([key]);
    return 1;
  }
}
