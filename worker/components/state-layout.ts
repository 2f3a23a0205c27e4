import type { DBSchema } from "idb";
import type { Layout } from "../storage/database.ts";

/** One item, under its complete key. */
export interface StoredItem {
  /** The array spans its whole buffer: a view would be kept with everything around it. */
  readonly value: Uint8Array;
  readonly etag: string;
  /** Absent: for ever. Milliseconds since the epoch, as all times here. */
  readonly expiresAt?: number;
  readonly contentType?: string;
  /** The ETag that the write of this version was given; with the next two it tells the write from its repetition. */
  readonly replaced?: string;
  /** The service worker's incarnation that wrote it. */
  readonly incarnation?: string;
  readonly writtenAt?: number;
  /** What queries find it by; absent where no path is indexed, and for what is no JSON. */
  readonly entries?: readonly Entry[];
}

/** The place of an item in the order of one path: path, rank of its value, the value, its key; `value-entries.ts` makes them. */
export type Entry = readonly [path: string, rank: number, value: number | string, key: string];

/** What is left for a while of an item that was deleted by its ETag. */
export interface Tombstone {
  readonly etag: string;
  readonly incarnation: string;
  readonly writtenAt: number;
  readonly expiresAt: number;
}

/** How a batch with an id ended: for each operation the kind of its ETag's error, or null. */
export interface StoredOutcome {
  readonly errors: readonly ("mismatch" | "invalid" | null)[];
  readonly expiresAt: number;
}

/** The last transaction that one open store committed: tells it, when the connection broke, whether it did. */
export interface StoredCommit {
  readonly group: number;
  readonly expiresAt: number;
}

/** The paths whose entries every item of an app has, or will have once it is no more `building`. */
export interface Indexed {
  readonly paths: string;
  readonly building?: true;
}

export interface StateSchema extends DBSchema {
  items: { key: string; value: StoredItem; indexes: { expiresAt: number; entries: IDBValidKey } };
  tombstones: { key: string; value: Tombstone; indexes: { expiresAt: number } };
  outcomes: { key: string; value: StoredOutcome; indexes: { expiresAt: number } };
  commits: { key: string; value: StoredCommit; indexes: { expiresAt: number } };
  /** By app id: apps share a database, and keys where their component's `keyPrefix` says so. */
  indexed: { key: string; value: Indexed };
}

/** Those whose records may expire. */
export const mortalStores = ["items", "tombstones", "outcomes", "commits"] as const;
/** The same names as in the schema, for transactions over all of it. */
export const stateStores = [...mortalStores, "indexed"] as const;

export const stateLayout: Layout<StateSchema> = {
  version: 2,
  upgrade(database, oldVersion, transaction) {
    if (oldVersion < 1) {
      for (const name of mortalStores) {
        database.createObjectStore(name).createIndex("expiresAt", "expiresAt");
      }
    }
    // An array's own elements are its keys: the engine keeps them up with the item.
    transaction.objectStore("items").createIndex("entries", "entries", { multiEntry: true });
    database.createObjectStore("indexed");
  },
};
