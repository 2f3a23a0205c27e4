import { unwrap } from "idb";
import type { ComponentContext } from "../../host/components/component.ts";
import type { QueryResult, StateQuery } from "../../host/components/state/query.ts";
import type { QueryOptions } from "../../host/components/state/query-indexes.ts";
import type {
  Consistency,
  Durability,
  DurableStore,
  Item,
  ListingStore,
  QueryableStore,
  WriteBatch,
  WriteOutcome,
} from "../../host/components/state/store.ts";
import { TransactionGroups } from "../../host/components/transaction-groups.ts";
import { Database, type Transaction } from "../storage/database.ts";
import { LastDurability } from "../storage/durability.ts";
import type { Incarnation } from "../storage/incarnation.ts";
import { isQuotaFailure } from "../storage/storage-error.ts";
import { sweep } from "../storage/sweep.ts";
import { Sweeper } from "../storage/sweeper.ts";
import { token } from "../storage/token.ts";
import { mortalStores, type StateSchema, type StoredItem, stateLayout, stateStores } from "./state-layout.ts";
import { inBatches, ValueIndex } from "./value-index.ts";
import { type Changes, decide, type Found, isLive, needsOf } from "./write-group.ts";

const COMMIT_TTL_MS = 60_000;

/**
 * Items in one IndexedDB database. Nothing is cached: pages and other Runtimes write the same database, and every
 * condition is decided inside the transaction that writes.
 */
export class IndexedDbStore implements DurableStore, QueryableStore, ListingStore {
  readonly #database: Database<StateSchema>;
  readonly #context: ComponentContext;
  readonly #incarnation: Incarnation | undefined;
  /** Distinguishes this open store from all others, for ever; the beginning of its ETags. */
  readonly #id: string;
  readonly #writes: TransactionGroups<WriteBatch, WriteOutcome>;
  readonly #reads: TransactionGroups<string, StoredItem | undefined>;
  readonly #sweeper: Sweeper;
  readonly #index: ValueIndex;
  #versions = 0;
  #groups = 0;
  readonly #durability = new LastDurability();

  constructor(
    databaseName: string,
    queries: QueryOptions,
    context: ComponentContext,
    incarnation: Incarnation | undefined,
  ) {
    const { clock, random } = context.platform;
    this.#database = new Database({ name: databaseName, layout: stateLayout, clock, log: context.log });
    this.#context = context;
    this.#incarnation = incarnation;
    this.#id = token(random);
    this.#sweeper = new Sweeper(clock, context.log, () =>
      sweep(this.#database, [...mortalStores], "expiresAt", clock.now()),
    );
    this.#index = new ValueIndex(this.#database, queries, context);
    this.#writes = new TransactionGroups((batches, strict) => this.#write(batches, strict), isQuotaFailure);
    this.#reads = new TransactionGroups(
      (keys) => this.#read(keys),
      () => false,
    );
  }

  async open(): Promise<this> {
    await this.#database.open();
    await this.#durability.ask();
    return this;
  }

  get durability(): Durability {
    return this.#durability.value;
  }

  async get(key: string, _consistency: Consistency | undefined): Promise<Item | undefined> {
    return this.#item(await this.#reads.submit(key, false));
  }

  async bulkGet(keys: readonly string[]): Promise<readonly (Item | undefined)[]> {
    return (await this.#read(keys)).map((stored) => this.#item(stored));
  }

  query(query: StateQuery): Promise<QueryResult> {
    return this.#index.query(query);
  }

  /** IndexedDB orders keys by UTF-16 units. */
  async list(from: string, to: string, limit: number): Promise<readonly string[]> {
    if (from >= to) return [];
    const { clock } = this.#context.platform;
    return await this.#database.transact(["items"], "readonly", "default", async (transaction) => {
      const found: string[] = [];
      const batches = inBatches(
        transaction.objectStore("items"),
        IDBKeyRange.bound(from, to, false, true),
        limit,
        ([key]) => IDBKeyRange.bound(key, to, true, true),
      );
      for await (const batch of batches) {
        for (const [key, stored] of batch) if (isLive(stored, clock.now())) found.push(key);
        if (found.length >= limit) break;
      }
      return found.slice(0, limit);
    });
  }

  write(batch: WriteBatch): Promise<WriteOutcome> {
    return this.#writes.submit(batch, batch.consistency === "strong");
  }

  async close(): Promise<void> {
    await Promise.all([this.#writes.idle(), this.#reads.idle(), this.#sweeper.close()]);
    this.#database.close();
  }

  #item(stored: StoredItem | undefined): Item | undefined {
    if (stored === undefined || !isLive(stored, this.#context.platform.clock.now())) return undefined;
    return { value: stored.value, etag: stored.etag, expiresAt: stored.expiresAt };
  }

  #read(keys: readonly string[]): Promise<readonly (StoredItem | undefined)[]> {
    return this.#database.transact(["items"], "readonly", "default", (transaction) => {
      const items = transaction.objectStore("items");
      return Promise.all(keys.map((key) => items.get(key)));
    });
  }

  async #write(batches: readonly WriteBatch[], strict: boolean): Promise<readonly WriteOutcome[]> {
    const { clock } = this.#context.platform;
    const needs = needsOf(batches);
    // Without conditions a repetition after a lost connection does no harm, so no trace of the commit is needed.
    const traced = needs.items.size > 0;
    const group = ++this.#groups;
    let results: readonly WriteOutcome[] | undefined;
    await this.#database.transact(
      [...stateStores],
      "readwrite",
      strict ? "strict" : "relaxed",
      async (transaction, again) => {
        if (again && traced && results !== undefined) {
          const last = await transaction.objectStore("commits").get(this.#id);
          if (last?.group === group) return;
        }
        const found = await find(transaction, needs);
        const now = clock.now();
        const changes = decide(batches, found, {
          incarnation: this.#incarnation,
          now,
          etag: () => `${this.#id}-${(++this.#versions).toString(36)}`,
        });
        await this.#index.claim(transaction);
        const items = await this.#index.withEntries(transaction, changes.items);
        apply(transaction, { ...changes, items });
        if (traced) {
          const commits = unwrap(transaction.objectStore("commits"));
          commits.put({ group, expiresAt: now + COMMIT_TTL_MS }, this.#id);
        }
        results = changes.results;
      },
    );
    this.#index.claimed();
    this.#sweeper.wrote();
    return results ?? [];
  }
}

async function find(
  transaction: Transaction<StateSchema, "readwrite">,
  needs: ReturnType<typeof needsOf>,
): Promise<Found> {
  const load = async <T>(keys: ReadonlySet<string>, get: (key: string) => Promise<T | undefined>) => {
    const loading = [...keys].map(async (key): Promise<[string, T | undefined]> => [key, await get(key)]);
    return new Map(await Promise.all(loading));
  };
  const [items, tombstones, outcomes] = await Promise.all([
    load(needs.items, (key) => transaction.objectStore("items").get(key)),
    load(needs.tombstones, (key) => transaction.objectStore("tombstones").get(key)),
    load(needs.outcomes, (key) => transaction.objectStore("outcomes").get(key)),
  ]);
  return { items, tombstones, outcomes };
}

/** Requests are not waited for one by one: a failing one aborts the transaction, and that is what is heard. */
function apply(transaction: Transaction<StateSchema, "readwrite">, changes: Changes): void {
  for (const name of ["items", "tombstones", "outcomes"] as const) {
    if (changes[name].size === 0) continue;
    const store = unwrap(transaction.objectStore(name));
    for (const [key, value] of changes[name]) {
      if (value === undefined) store.delete(key);
      else store.put(value, key);
    }
  }
}
