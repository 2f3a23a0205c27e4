import { type DBSchema, type IndexNames, type StoreNames, unwrap } from "idb";
import type { Database } from "./database.ts";

/** Deleted in one transaction at most, so that writers wait only briefly. */
const BATCH = 200;

/** Deletes, in bounded batches, what has `index` at or before `until`. */
export async function sweep<S extends DBSchema, Name extends StoreNames<S>>(
  database: Database<S>,
  stores: readonly Name[],
  index: IndexNames<S, Name>,
  until: number,
): Promise<void> {
  for (const name of stores) {
    for (let swept = BATCH; swept === BATCH; ) {
      swept = await database.transact([name], "readwrite", "relaxed", async (transaction) => {
        const store = transaction.objectStore(name);
        const keys = await store.index(index).getAllKeys(IDBKeyRange.upperBound(until), BATCH);
        const raw = unwrap(store);
        for (const key of keys) raw.delete(key as IDBValidKey);
        return keys.length;
      });
    }
  }
}
