import type Libsql from "libsql";
import { type Operation, OUTCOME_TTL_MS, type WriteOutcome } from "../../../components/state/store.ts";
import { ComponentError, ETagError } from "../../../errors/component-error.ts";
import type { Database } from "./open-database.ts";
import { toTimestamp } from "./sqlite-value.ts";

type Statement = Libsql.Statement<unknown[]>;
type Told = ETagError["kind"] | null;

/**
 * What became of requests that carry an id, in a table of its own that is made when the first one comes. Used inside
 * the transaction of the effect, so that the two are one.
 */
export class OutcomeRecords {
  readonly #find: Statement;
  readonly #record: Statement;
  readonly #forget: Statement;
  #forgetAt = 0;

  constructor(database: Database, stateTable: string) {
    const table = `${stateTable}_outcomes`;
    database.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (
        request_id TEXT NOT NULL PRIMARY KEY, outcome TEXT NOT NULL, expiration_time TIMESTAMP NOT NULL)`,
    );
    this.#find = database
      .prepare(`SELECT outcome FROM ${table} WHERE request_id = ? AND expiration_time > ?`)
      .raw();
    this.#record = database.prepare(
      `INSERT OR REPLACE INTO ${table} (request_id, outcome, expiration_time) VALUES (?, ?, ?)`,
    );
    this.#forget = database.prepare(`DELETE FROM ${table} WHERE expiration_time <= ?`);
  }

  /** The recorded outcome of the request. Throws where its operations cannot be those of the record. */
  find(requestId: string, operations: readonly Operation[], now: number): WriteOutcome | undefined {
    const row = this.#find.get([requestId, toTimestamp(now)]) as [string] | undefined;
    if (row === undefined) return undefined;
    const told = JSON.parse(row[0]) as readonly Told[];
    if (told.length !== operations.length) {
      throw new ComponentError("INVALID_ARGUMENT", "the request's id was used for another request before");
    }
    return operations.map(({ key }, i) => {
      const kind = told[i];
      return kind === null || kind === undefined ? undefined : new ETagError(kind, key);
    });
  }

  record(requestId: string, outcome: WriteOutcome, now: number): void {
    const told: readonly Told[] = outcome.map((refusal) => refusal?.kind ?? null);
    this.#record.run([requestId, JSON.stringify(told), toTimestamp(now + OUTCOME_TTL_MS)]);
    if (now < this.#forgetAt) return;
    this.#forget.run([toTimestamp(now)]);
    this.#forgetAt = now + OUTCOME_TTL_MS;
  }
}
