import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from "idb";
import { ComponentError } from "../../host/errors/component-error.ts";
import type { Clock, Log } from "../../host/platform.ts";
import { isLostConnection, StorageTimeout, storageError } from "./storage-error.ts";

/** The shape of a database at one version. */
export interface Layout<S extends DBSchema | unknown> {
  readonly version: number;
  /** Brings a database of any earlier version (0: none) to this one. */
  upgrade(
    database: IDBPDatabase<S>,
    oldVersion: number,
    transaction: IDBPTransaction<S, StoreNames<S>[], "versionchange">,
  ): void;
}

export interface DatabaseOptions<S extends DBSchema | unknown> {
  readonly name: string;
  readonly layout: Layout<S>;
  readonly clock: Clock;
  readonly log: Log;
  /** How long an opening or a transaction may take before its caller is told that it failed. */
  readonly timeoutMs?: number;
}

export type Transaction<S extends DBSchema | unknown, Mode extends IDBTransactionMode> = IDBPTransaction<
  S,
  StoreNames<S>[],
  Mode
>;

/**
 * One connection to one IndexedDB database, opened when it is needed and opened again after the browser closed or
 * lost it. It gives way to upgrades and deletions by other pages at once.
 */
export class Database<S extends DBSchema | unknown> {
  readonly #options: DatabaseOptions<S>;
  readonly #timeoutMs: number;
  #connection: IDBPDatabase<S> | undefined;
  #opening: Promise<IDBPDatabase<S>> | undefined;
  #blocked = false;
  #closed = false;

  constructor(options: DatabaseOptions<S>) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Opens the database, so that what is wrong with it shows now. Throws a ComponentError. */
  async open(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      throw storageError(error, this.name);
    }
  }

  /**
   * Runs `work` in one transaction. One that writes resolves after it completed: what it wrote is then kept. A lost connection
   * is opened again and `work` runs once more, with `again` true: then the first run may or may not have been
   * committed. `work` waits for requests of its own transaction and nothing else. Throws a ComponentError.
   */
  async transact<Mode extends "readonly" | "readwrite", T>(
    stores: StoreNames<S>[],
    mode: Mode,
    durability: IDBTransactionDurability,
    work: (transaction: Transaction<S, Mode>, again: boolean) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#attempt(stores, mode, durability, (transaction) => work(transaction, false));
    } catch (error) {
      if (!isLostConnection(error) || this.#closed) throw storageError(error, this.name);
      this.#options.log.debug(`IndexedDB ${this.name} was lost and is opened again`, {
        cause: String(error),
      });
      this.#drop();
    }
    try {
      return await this.#attempt(stores, mode, durability, (transaction) => work(transaction, true));
    } catch (error) {
      throw storageError(error, this.name);
    }
  }

  /** Lets running transactions end; nothing is opened after it. */
  close(): void {
    this.#closed = true;
    this.#drop();
    this.#opening?.then(
      (connection) => connection.close(),
      () => undefined,
    );
  }

  async #attempt<Mode extends "readonly" | "readwrite", T>(
    stores: StoreNames<S>[],
    mode: Mode,
    durability: IDBTransactionDurability,
    work: (transaction: Transaction<S, Mode>) => Promise<T>,
  ): Promise<T> {
    const connection = this.#connection ?? (await this.#connect());
    const transaction = connection.transaction(stores, mode, { durability });
    // The same promise twice: `done` must have a handler before anything can reject it.
    const done = transaction.done;
    done.catch(() => undefined);
    return await this.#within(
      async () => {
        try {
          const result = await work(transaction);
          // What was read is read; only what is written has to wait for the end.
          if (mode === "readonly") return result;
          commit(transaction);
          await done;
          return result;
        } catch (error) {
          abort(transaction);
          throw await reason(done, error);
        }
      },
      () => {
        abort(transaction);
        return "another page or worker of this site holds the database, nothing was written; close frozen tabs, or retry";
      },
    );
  }

  async #connect(): Promise<IDBPDatabase<S>> {
    if (this.#closed) throw new ComponentError("CANCELLED", `IndexedDB ${this.name} is closed`);
    const opening = this.#opening ?? this.#openDatabase();
    this.#opening = opening;
    const over = () => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    opening.then(over, over);
    return await this.#within(
      () => opening,
      () => {
        if (this.#blocked) return this.#blockedSentence();
        // Safari may leave an opening without an answer for ever: the next one asks anew.
        over();
        return "the browser did not open the database; reload the page, or retry";
      },
    );
  }

  async #openDatabase(): Promise<IDBPDatabase<S>> {
    const { name, layout, log } = this.#options;
    this.#blocked = false;
    const connection: IDBPDatabase<S> = await openDB<S>(name, layout.version, {
      upgrade: (database, oldVersion, _newVersion, transaction) =>
        layout.upgrade(database, oldVersion, transaction),
      blocked: () => {
        this.#blocked = true;
        log.warn(`IndexedDB ${name}: ${this.#blockedSentence()}`);
      },
      blocking: () => {
        connection.close();
        this.#forget(connection);
      },
      terminated: () => this.#forget(connection),
    });
    if (this.#closed) {
      connection.close();
      throw new ComponentError("CANCELLED", `IndexedDB ${name} is closed`);
    }
    // Another opening was quicker.
    if (this.#connection !== undefined) {
      connection.close();
      return this.#connection;
    }
    this.#connection = connection;
    return connection;
  }

  #blockedSentence(): string {
    return "an older page of this site keeps the database open and holds up its upgrade; close the site's other tabs";
  }

  #drop(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #forget(connection: IDBPDatabase<S>): void {
    if (this.#connection === connection) this.#connection = undefined;
  }

  #within<T>(work: () => Promise<T>, late: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(this.#timeoutMs, () => {
        reject(new StorageTimeout(`no answer within ${this.#timeoutMs} ms: ${late()}`));
      });
      work().then(resolve, reject).finally(cancel);
    });
  }
}

/** Spares a round trip: without it the browser waits to see whether more requests come. */
function commit(transaction: { readonly mode: IDBTransactionMode; commit?(): void }): void {
  try {
    transaction.commit?.();
  } catch {
    // Finished already; whether well or badly, `done` says it.
  }
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // Finished already.
  }
}

/** Why a transaction failed: its own reason (a quota at commit) before the AbortError that its requests saw. */
async function reason(done: Promise<void>, error: unknown): Promise<unknown> {
  const named = error instanceof DOMException || error instanceof Error ? error.name : "";
  if (named !== "AbortError") return error;
  return await done.then(
    () => error,
    (cause: unknown) => cause ?? error,
  );
}
