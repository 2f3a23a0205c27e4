import type { QueryResult, StateQuery } from "../../../components/state/query.ts";
import type { QueryOptions } from "../../../components/state/query-indexes.ts";
import type {
  Consistency,
  Durability,
  DurableStore,
  Item,
  ListingStore,
  QueryableStore,
  WriteBatch,
  WriteOutcome,
} from "../../../components/state/store.ts";
import { ComponentError, type ETagError } from "../../../errors/component-error.ts";
import type { Log, Platform } from "../../../platform.ts";
import { DatabaseFile } from "./database-file.ts";
import type { Database } from "./open-database.ts";
import { OutcomeRecords } from "./outcome-records.ts";
import { Queries } from "./queries.ts";
import { isBusy, sqliteError, whileBusy } from "./sqlite-error.ts";
import { Statements } from "./statements.ts";

export interface SqliteStoreOptions {
  /** Its name, for errors. */
  readonly component: string;
  readonly queries: QueryOptions;
  readonly tableName: string;
  readonly busyTimeoutMs: number;
  /** Milliseconds between two collections of expired rows; 0 or less: never. */
  readonly cleanupIntervalMs: number;
  readonly durability: Durability;
}

interface Waiting {
  readonly batch: WriteBatch;
  resolve(outcome: WriteOutcome): void;
  reject(error: ComponentError): void;
}

/** Bounds how long one transaction holds up the process and other processes. */
const GROUP_LIMIT = 1000;
const COLLECT_LIMIT = 1000;

/**
 * State in one SQLite table. Writes that arrive in one turn of the event loop share a transaction and a flush of
 * the disk; each is answered after it. Reads see what is committed.
 */
export class SqliteStore implements DurableStore, QueryableStore, ListingStore {
  readonly durability: Durability;
  readonly #database: Database;
  readonly #file: DatabaseFile;
  readonly #statements: Statements;
  readonly #queries: Queries;
  readonly #options: SqliteStoreOptions;
  readonly #platform: Platform;
  readonly #log: Log;
  #outcomes: OutcomeRecords | undefined;
  #waiting: Waiting[] = [];
  #draining: Promise<void> | undefined;
  #relaxed = false;
  #closed: Promise<void> | undefined;
  #cancelCleanup: () => void = () => undefined;

  constructor(database: Database, options: SqliteStoreOptions, platform: Platform, log: Log) {
    this.durability = options.durability;
    this.#database = database;
    this.#file = new DatabaseFile(database);
    this.#statements = new Statements(database, options.tableName);
    this.#queries = new Queries(database, options.tableName, options.component, options.queries);
    this.#options = options;
    this.#platform = platform;
    this.#log = log;
    this.#scheduleCleanup();
  }

  get(key: string, _consistency: Consistency | undefined): Item | undefined | Promise<Item | undefined> {
    return this.#read(() => this.#statements.get(key, this.#platform.clock.now()));
  }

  bulkGet(keys: readonly string[]): readonly (Item | undefined)[] | Promise<readonly (Item | undefined)[]> {
    return this.#read(() => {
      const now = this.#platform.clock.now();
      return keys.map((key) => this.#statements.get(key, now));
    });
  }

  query(query: StateQuery): QueryResult | Promise<QueryResult> {
    return this.#read(() => this.#queries.run(query, this.#platform.clock.now()));
  }

  list(from: string, to: string, limit: number): readonly string[] | Promise<readonly string[]> {
    return this.#read(() => this.#statements.list(from, to, limit, this.#platform.clock.now()));
  }

  write(batch: WriteBatch): Promise<WriteOutcome> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(closedError());
      this.#waiting.push({ batch, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#cancelCleanup();
    await this.#draining;
    this.#database.close();
  }

  #read<T>(read: () => T): T | Promise<T> {
    if (this.#closed !== undefined) throw closedError();
    try {
      return read();
    } catch (error) {
      if (!isBusy(error)) throw sqliteError(error);
    }
    return whileBusy(this.#platform.clock, this.#options.busyTimeoutMs, read).catch((error: unknown) => {
      throw sqliteError(error);
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Requests that came with the same reading of the sockets are still to be dispatched in this turn.
      await nextTurn();
      try {
        this.#commitGroup();
      } catch (error) {
        await this.#commitLater(error);
      }
    }
    this.#draining = undefined;
  }

  async #commitLater(first: unknown): Promise<void> {
    try {
      if (!isBusy(first)) throw first;
      await whileBusy(this.#platform.clock, this.#options.busyTimeoutMs, () => this.#commitGroup());
    } catch (error) {
      const refusal = sqliteError(error);
      for (const { reject } of this.#waiting.splice(0)) reject(refusal);
    }
  }

  /** Throws where no transaction can begin: nothing is taken from the queue then. */
  #commitGroup(): void {
    this.#begin(this.#waiting);
    const group = this.#waiting.splice(0, GROUP_LIMIT);
    let outcomes: readonly WriteOutcome[];
    try {
      outcomes = group.map(({ batch }) => this.#apply(batch));
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#rollback();
      if (group.length > 1 && !isBusy(error)) this.#commitSingly(group);
      else for (const { reject } of group) reject(sqliteError(error));
      return;
    }
    for (const [i, { resolve }] of group.entries()) resolve(outcomes[i] as WriteOutcome);
  }

  /** One batch that fails must not take those with it that only shared its transaction. */
  #commitSingly(group: readonly Waiting[]): void {
    for (const { batch, resolve, reject } of group) {
      try {
        this.#begin([{ batch }]);
        const outcome = this.#apply(batch);
        this.#database.exec("COMMIT");
        resolve(outcome);
      } catch (error) {
        this.#rollback();
        reject(sqliteError(error));
      }
    }
  }

  #begin(waiting: readonly { readonly batch: WriteBatch }[]): void {
    this.#file.ensurePresent();
    const relaxed = waiting.every(({ batch }) => batch.consistency === "eventual");
    if (relaxed !== this.#relaxed) {
      this.#database.exec(`PRAGMA synchronous = ${relaxed ? "NORMAL" : "FULL"}`);
      this.#relaxed = relaxed;
    }
    if (this.#outcomes === undefined && waiting.some(({ batch }) => batch.requestId !== undefined)) {
      this.#outcomes = new OutcomeRecords(this.#database, this.#options.tableName);
    }
    this.#database.exec("BEGIN IMMEDIATE");
  }

  #rollback(): void {
    // SQLite itself has rolled back after some errors.
    if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
  }

  #apply(batch: WriteBatch): WriteOutcome {
    const { requestId, operations } = batch;
    const now = this.#platform.clock.now();
    if (requestId === undefined) return this.#execute(batch, now);
    const recorded = this.#outcomes?.find(requestId, operations, now);
    if (recorded !== undefined) return recorded;
    const outcome = this.#execute(batch, now);
    this.#outcomes?.record(requestId, outcome, now);
    return outcome;
  }

  #execute({ operations, atomic }: WriteBatch, now: number): WriteOutcome {
    const outcome: (ETagError | undefined)[] = new Array(operations.length).fill(undefined);
    const savepoint = atomic && operations.length > 1;
    if (savepoint) this.#database.exec("SAVEPOINT batch");
    for (const [i, operation] of operations.entries()) {
      outcome[i] = this.#statements.apply(operation, now, () => this.#platform.uuid());
      if (atomic && outcome[i] !== undefined) {
        if (savepoint) this.#database.exec("ROLLBACK TO batch");
        break;
      }
    }
    if (savepoint) this.#database.exec("RELEASE batch");
    return outcome;
  }

  #scheduleCleanup(): void {
    const { cleanupIntervalMs } = this.#options;
    if (cleanupIntervalMs <= 0) return;
    this.#cancelCleanup = this.#platform.clock.after(cleanupIntervalMs, () => {
      this.#cleanup()
        .catch((error: unknown) => {
          this.#log.warn("expired rows were not removed; the next clean-up tries again", {
            cause: sqliteError(error).message,
          });
        })
        .finally(() => this.#closed ?? this.#scheduleCleanup());
    });
  }

  async #cleanup(): Promise<void> {
    for (let removed = COLLECT_LIMIT; removed === COLLECT_LIMIT && this.#closed === undefined; ) {
      removed = this.#statements.collect(this.#platform.clock.now(), COLLECT_LIMIT);
      await nextTurn();
    }
  }
}

function closedError(): ComponentError {
  return new ComponentError("UNAVAILABLE", "the SQLite store is closed");
}

/** Not a timer: it ends the present turn of the event loop, whatever the clock of the platform says. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
