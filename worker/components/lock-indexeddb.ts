import type { DBSchema } from "idb";
import type { ComponentContext } from "../../host/components/component.ts";
import {
  defineLockStore,
  type LockDefinition,
  type LockRequest,
  type LockStore,
  type UnlockStatus,
  unlockStatus,
} from "../../host/components/lock/lock-store.ts";
import { Database, type Layout } from "../storage/database.ts";
import { databaseName } from "../storage/database-names.ts";
import type { ScopeStorage } from "../storage/scope-storage.ts";
import { sweep } from "../storage/sweep.ts";
import { Sweeper } from "../storage/sweeper.ts";
import { token } from "../storage/token.ts";

/** How long a release is remembered for a request that comes again. */
const RELEASED_MS = 60_000;

interface StoredLock {
  readonly owner: string;
  /** Of the request that took it. */
  readonly takenBy: string;
  /** Of the request that released it; absent while it is held. */
  readonly releasedBy?: string;
  readonly expiresAt: number;
}

interface Schema extends DBSchema {
  locks: { key: string; value: StoredLock; indexes: { expiresAt: number } };
}

const layout: Layout<Schema> = {
  version: 1,
  upgrade: (database) => database.createObjectStore("locks").createIndex("expiresAt", "expiresAt"),
};

type Decide<T> = (
  found: StoredLock | undefined,
  now: number,
  request: string,
) => [answer: T, next?: StoredLock];

/**
 * Locks in one IndexedDB database. Each call is one transaction: the browser runs those of all pages and workers of the
 * origin one after the other. A lock ends by its owner or by its time, whatever became of the page or the worker that
 * took it, as Dapr's do.
 */
class IndexedDbLockStore implements LockStore {
  readonly #database: Database<Schema>;
  readonly #context: ComponentContext;
  readonly #sweeper: Sweeper;

  constructor(name: string, context: ComponentContext) {
    const { clock } = context.platform;
    this.#context = context;
    this.#database = new Database({ name, layout, clock, log: context.log });
    this.#sweeper = new Sweeper(clock, context.log, () =>
      sweep(this.#database, ["locks"], "expiresAt", clock.now()),
    );
  }

  async open(): Promise<this> {
    await this.#database.open();
    return this;
  }

  tryLock({ resourceId, lockOwner: owner, expiryInSeconds, requestId }: LockRequest): Promise<boolean> {
    return this.#decide<boolean>(resourceId, requestId, (found, now, request) => {
      if (found !== undefined && found.releasedBy === undefined) return [found.takenBy === request];
      return [true, { owner, takenBy: request, expiresAt: now + expiryInSeconds * 1_000 }];
    });
  }

  unlock({ resourceId, lockOwner, requestId }: Omit<LockRequest, "expiryInSeconds">): Promise<UnlockStatus> {
    return this.#decide<UnlockStatus>(resourceId, requestId, (found, now, request) => {
      if (found?.releasedBy === request) return [unlockStatus.success];
      if (found === undefined || found.releasedBy !== undefined) return [unlockStatus.lockDoesNotExist];
      if (found.owner !== lockOwner) return [unlockStatus.lockBelongsToOthers];
      return [unlockStatus.success, { ...found, releasedBy: request, expiresAt: now + RELEASED_MS }];
    });
  }

  async close(): Promise<void> {
    await this.#sweeper.close();
    this.#database.close();
  }

  /** The name of the request also tells a transaction that is run again, when its connection was lost, from another's. */
  async #decide<T>(resourceId: string, requestId: string | undefined, decide: Decide<T>): Promise<T> {
    const { clock, random } = this.#context.platform;
    const request = requestId ?? token(random);
    const answer = await this.#database.transact(["locks"], "readwrite", "relaxed", async (transaction) => {
      const locks = transaction.objectStore("locks");
      const stored = await locks.get(resourceId);
      const now = clock.now();
      const live = stored !== undefined && stored.expiresAt > now ? stored : undefined;
      const [decided, next] = decide(live, now, request);
      if (next !== undefined) await locks.put(next, resourceId);
      return decided;
    });
    this.#sweeper.wrote();
    return answer;
  }
}

/** `lock.indexeddb` for one scope. */
export function indexedDbLockStore({ databasePrefix }: ScopeStorage): LockDefinition {
  return defineLockStore({
    type: "lock.indexeddb",
    version: "v1",
    summary: "Locks in the browser's IndexedDB, for all pages and workers of the scope.",
    metadata: {},
    features: [],
    open: (_metadata, context) =>
      new IndexedDbLockStore(databaseName(databasePrefix, "lock", context.name), context).open(),
  });
}
