import { unwrap } from "idb";
import type { ComponentContext } from "../../host/components/component.ts";
import { KEY_SEPARATOR } from "../../host/components/state/key-prefix.ts";
import type { KeyedItem, Path, QueryResult, StateQuery } from "../../host/components/state/query.ts";
import { indexedPaths, isCovered, type QueryOptions } from "../../host/components/state/query-indexes.ts";
import { evaluateQuery, selectPage } from "../../host/components/state/query-page.ts";
import { type Plan, planOf } from "../../host/components/state/query-plan.ts";
import { isAsked, predicate, type Row, rowOf } from "../../host/components/state/query-values.ts";
import type { Database, Transaction } from "../storage/database.ts";
import type { Indexed, StateSchema, StoredItem } from "./state-layout.ts";
import { entriesOf, nameOf, rangesOf } from "./value-entries.ts";
import { isLive } from "./write-group.ts";

/** Items that are read at once. */
const BATCH = 200;

type Items = readonly (readonly [key: string, stored: StoredItem])[];
interface Found extends Row {
  readonly item: KeyedItem;
}

/**
 * The queries of one app's store, and the entries that its items get for them. The database remembers for which paths
 * the items of an app have entries: until they have them for those that are declared now, the first query waits.
 */
export class ValueIndex {
  readonly #database: Database<StateSchema>;
  readonly #options: QueryOptions;
  readonly #context: ComponentContext;
  readonly #paths: readonly Path[];
  #claimed = false;
  #building: Promise<void> | undefined;

  constructor(database: Database<StateSchema>, options: QueryOptions, context: ComponentContext) {
    this.#database = database;
    this.#options = options;
    this.#context = context;
    this.#paths = indexedPaths(options.queryIndexes);
  }

  get #declared(): string {
    return JSON.stringify(this.#paths);
  }

  /** Before the first write: from then on, entries for other paths are no longer complete. */
  async claim(transaction: Transaction<StateSchema, "readwrite">): Promise<void> {
    if (this.#claimed) return;
    const indexed = transaction.objectStore("indexed");
    const { appId } = this.#context;
    const [before, some] = await Promise.all([
      indexed.get(appId),
      transaction.objectStore("items").getAllKeys(null, 1),
    ]);
    if (before?.paths === this.#declared) return;
    if (this.#paths.length > 0 && some.length === 0) await indexed.put({ paths: this.#declared }, appId);
    else if (before !== undefined) await indexed.delete(appId);
  }

  /** That transaction is complete. */
  claimed(): void {
    this.#claimed = true;
  }

  async withEntries(
    transaction: Transaction<StateSchema, "readwrite">,
    items: Map<string, StoredItem | undefined>,
  ): Promise<Map<string, StoredItem | undefined>> {
    const own = this.#context.appId + KEY_SEPARATOR;
    const shared = [...items].some(([key, item]) => item !== undefined && !key.startsWith(own));
    const paths = shared ? await this.#everybodys(transaction) : this.#paths;
    if (paths.length === 0) return items;
    return new Map([...items].map(([key, item]) => [key, item && this.#withEntries(key, item, paths)]));
  }

  /** What any app finds items by: under a prefix that apps share, each writes for all. */
  async #everybodys(transaction: Transaction<StateSchema, "readwrite">): Promise<readonly Path[]> {
    const indexed = await transaction.objectStore("indexed").getAll();
    const paths = [...this.#paths, ...indexed.flatMap((one) => JSON.parse(one.paths) as Path[])];
    return [...new Map(paths.map((path) => [nameOf(path), path])).values()];
  }

  async query(query: StateQuery): Promise<QueryResult> {
    const { appId, name } = this.#context;
    if (!isCovered(name, query, this.#options)) return await this.#scan(query);
    for (;;) {
      const result = await this.#read(async (transaction) => {
        const [indexed, found] = await Promise.all([
          transaction.objectStore("indexed").get(appId),
          this.#find(transaction, query),
        ]);
        return indexed?.paths === this.#declared && !indexed.building ? found : undefined;
      });
      if (result !== undefined) return result;
      this.#building ??= this.#build().finally(() => {
        this.#building = undefined;
      });
      await this.#building;
    }
  }

  #read<T>(work: (transaction: Transaction<StateSchema, "readonly">) => Promise<T>): Promise<T> {
    return this.#database.transact(["items", "indexed"], "readonly", "default", work);
  }

  async #scan(query: StateQuery): Promise<QueryResult> {
    const items: KeyedItem[] = [];
    await this.#read(async (transaction) => {
      for await (const batch of all(transaction)) {
        for (const [key, stored] of batch) if (this.#isLive(stored)) items.push(itemOf(key, stored));
      }
    });
    return evaluateQuery(query, items);
  }

  async #find(transaction: Transaction<StateSchema, "readonly">, query: StateQuery): Promise<QueryResult> {
    const plan = planOf(query);
    const matches = predicate(query.filter);
    const { limit } = query;
    const enough = plan.order === undefined || limit === undefined ? Number.POSITIVE_INFINITY : limit + 1;
    const found: Found[] = [];
    for (const range of rangesOf(plan, query)) {
      for await (const batch of entriesIn(transaction, plan, range, enough)) {
        for (const [key, stored] of batch) {
          const row = this.#isLive(stored) && isAsked(query, key) ? rowOf(key, stored.value) : undefined;
          if (row !== undefined && matches(row)) found.push({ ...row, item: itemOf(key, stored) });
        }
        if (found.length >= enough) break;
      }
    }
    const { rows, token } = selectPage(query, found);
    return { items: rows.map(({ item }) => item), token };
  }

  /** Gives every item entries for what is declared, beside those that it has for the paths of other apps. */
  async #build(): Promise<void> {
    const own = [undefined, ...this.#paths].map(nameOf);
    // First, so that what others write meanwhile has them too.
    await this.#note({ paths: this.#declared, building: true });
    let from: IDBKeyRange | null = null;
    for (let last: string | undefined = ""; last !== undefined; ) {
      last = await this.#database.transact(["items"], "readwrite", "relaxed", async (transaction) => {
        const items = transaction.objectStore("items");
        const [keys, values] = await Promise.all([items.getAllKeys(from, BATCH), items.getAll(from, BATCH)]);
        for (const [i, key] of keys.entries()) {
          const stored = values[i] as StoredItem;
          const before = (stored.entries ?? []).map(([path]) => path);
          if (own.every((name) => before.includes(name))) continue;
          const others = before.flatMap((name) => (own.includes(name) ? [] : [name.split(".")]));
          const next = this.#withEntries(key, stored, [...this.#paths, ...others]);
          // Not waited for: one that fails aborts the transaction, and that is what is heard.
          if (next.entries !== stored.entries) unwrap(items).put(next, key);
        }
        return keys.at(-1);
      });
      if (last !== undefined) from = IDBKeyRange.lowerBound(last, true);
    }
    await this.#note({ paths: this.#declared });
  }

  async #note(indexed: Indexed): Promise<void> {
    await this.#database.transact(["indexed"], "readwrite", "relaxed", async (transaction) => {
      await transaction.objectStore("indexed").put(indexed, this.#context.appId);
    });
  }

  #withEntries(key: string, { entries: _, ...stored }: StoredItem, paths: readonly Path[]): StoredItem {
    const entries = entriesOf(key, stored.value, paths);
    return entries === undefined ? stored : { ...stored, entries };
  }

  #isLive(stored: StoredItem): boolean {
    return isLive(stored, this.#context.platform.clock.now());
  }
}

function itemOf(key: string, { value, etag, expiresAt }: StoredItem): KeyedItem {
  return { key, value, etag, expiresAt };
}

/** Every item, in the order of the keys. */
function all(transaction: Transaction<StateSchema, "readonly">): AsyncGenerator<Items> {
  const items = transaction.objectStore("items");
  return inBatches(items, null, BATCH, ([key]) => IDBKeyRange.lowerBound(key, true));
}

/** Items in the order of their entries; one by one backwards, where browsers read no batches. */
async function* entriesIn(
  transaction: Transaction<StateSchema, "readonly">,
  { path, order }: Plan,
  range: IDBKeyRange,
  enough: number,
): AsyncGenerator<Items> {
  const index = transaction.objectStore("items").index("entries");
  if (order !== "DESC") {
    yield* inBatches(index, range, enough, ([, { entries }]) => {
      const last = entries?.find(([of]) => of === nameOf(path));
      return last && IDBKeyRange.bound(last, range.upper, true, range.upperOpen);
    });
    return;
  }
  for (
    let cursor = await index.openCursor(range, "prev");
    cursor !== null;
    cursor = await cursor.continue()
  ) {
    yield [[cursor.primaryKey, cursor.value]];
  }
}

interface Records {
  getAllKeys(range: IDBKeyRange | null, count: number): Promise<string[]>;
  getAll(range: IDBKeyRange | null, count: number): Promise<StoredItem[]>;
}

/** `next` is what is left of the range after a record. The first batch is of so many as may be enough. */
export async function* inBatches(
  records: Records,
  range: IDBKeyRange | null,
  enough: number,
  next: (last: Items[number]) => IDBKeyRange | undefined,
): AsyncGenerator<Items> {
  let size = Math.min(enough, BATCH);
  for (
    let rest: IDBKeyRange | null | undefined = range;
    rest !== undefined;
    size = Math.min(2 * size, BATCH)
  ) {
    const reading = [records.getAllKeys(rest, size), records.getAll(rest, size)] as const;
    const [keys, values] = await Promise.all(reading);
    const batch: Items = keys.map((key, i) => [key, values[i] as StoredItem]);
    yield batch;
    const last = batch.at(-1);
    rest = last !== undefined && batch.length === size ? next(last) : undefined;
  }
}
