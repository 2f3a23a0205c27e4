import type { DBSchema } from "idb";
import type {
  OfflineQueue,
  OpenQueue,
  QueuedCall,
  QueueState,
  Refusal,
} from "../../host/components/dapr/offline-queue.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { Database, type Layout } from "../storage/database.ts";
import type { ScopeStorage } from "../storage/scope-storage.ts";

/** The most calls that wait; more are refused, so that an origin's quota is not filled unseen. */
const MOST_WAITING = 1_000;
const MOST_REFUSED = 100;

interface StoredCall extends QueuedCall {
  /** Of `writes`. */
  readonly keys: readonly string[];
}

interface QueueSchema extends DBSchema {
  calls: { key: number; value: StoredCall; indexes: { keys: string } };
  refused: { key: number; value: Refusal };
}

const layout: Layout<QueueSchema> = {
  version: 1,
  upgrade(database) {
    const calls = database.createObjectStore("calls", { autoIncrement: true });
    calls.createIndex("keys", "keys", { multiEntry: true });
    database.createObjectStore("refused", { autoIncrement: true });
  },
};

/** A queue in IndexedDB. Pages of a site share it; whoever holds its lock replays. */
class IndexedDbQueue implements OfflineQueue {
  readonly #database: Database<QueueSchema>;
  readonly #locks: LockManager | undefined;

  constructor(database: Database<QueueSchema>, locks: LockManager | undefined) {
    this.#database = database;
    this.#locks = locks;
  }

  async add(call: QueuedCall): Promise<void> {
    await this.#database.transact(["calls"], "readwrite", "strict", async (transaction, again) => {
      const calls = transaction.objectStore("calls");
      // The first run may have been committed before the connection broke.
      if (again && (await calls.getAll()).some(({ id }) => id === call.id)) return;
      if ((await calls.count()) >= MOST_WAITING) {
        throw new ComponentError(
          "RESOURCE_EXHAUSTED",
          `${MOST_WAITING} calls wait for the sidecar, which is the most that are kept`,
        );
      }
      await calls.add({ ...call, keys: [...call.writes.keys()] });
    });
  }

  latest(key: string): Promise<QueuedCall | undefined> {
    return this.#database.transact(["calls"], "readonly", "default", async (transaction) => {
      const cursor = await transaction.objectStore("calls").index("keys").openCursor(key, "prev");
      return cursor?.value;
    });
  }

  state(): Promise<QueueState> {
    return this.#database.transact(["calls", "refused"], "readonly", "default", async (transaction) => {
      const [waiting, refused] = await Promise.all([
        transaction.objectStore("calls").count(),
        transaction.objectStore("refused").getAll(),
      ]);
      return { waiting, refused };
    });
  }

  async replay(send: (call: QueuedCall) => Promise<Refusal | undefined>): Promise<void> {
    if (this.#locks === undefined) return await this.#replay(send);
    await this.#locks.request(this.#database.name, { ifAvailable: true }, async (lock) => {
      if (lock === null) throw new ComponentError("ABORTED", "another page sends what is queued");
      await this.#replay(send);
    });
  }

  close(): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }

  async #replay(send: (call: QueuedCall) => Promise<Refusal | undefined>): Promise<void> {
    for (;;) {
      const first = await this.#database.transact(["calls"], "readonly", "default", async (transaction) => {
        const cursor = await transaction.objectStore("calls").openCursor();
        return cursor === null ? undefined : { place: cursor.primaryKey, call: cursor.value };
      });
      if (first === undefined) return;
      await this.#settle(first.place, await send(first.call));
    }
  }

  /** Takes a call out and keeps its refusal in one transaction. */
  async #settle(place: number, refusal: Refusal | undefined): Promise<void> {
    await this.#database.transact(["calls", "refused"], "readwrite", "strict", async (transaction) => {
      const calls = transaction.objectStore("calls");
      const refused = transaction.objectStore("refused");
      if (refusal !== undefined && (await calls.getKey(place)) !== undefined) {
        await refused.add(refusal);
        const keys = await refused.getAllKeys();
        for (const old of keys.slice(0, -MOST_REFUSED)) await refused.delete(old);
      }
      await calls.delete(place);
    });
  }
}

/** The queues of one scope: one for each component of each app. */
export function offlineQueue({ databasePrefix }: ScopeStorage): OpenQueue {
  return async ({ appId, name, platform, log }) => {
    const parts = [appId, name].map(encodeURIComponent).join(":");
    const database = new Database({
      name: `${databasePrefix}offline:${parts}`,
      layout,
      clock: platform.clock,
      log,
    });
    await database.open();
    // Missing where the origin is not secure: two pages may send one call there, which a daprlet carries out once.
    return new IndexedDbQueue(database, globalThis.navigator?.locks);
  };
}
