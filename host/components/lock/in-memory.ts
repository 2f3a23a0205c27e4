import { ComponentError } from "../../errors/component-error.ts";
import type { Clock } from "../../platform.ts";
import {
  defineLockStore,
  type LockRequest,
  type LockStore,
  type UnlockStatus,
  unlockStatus,
} from "./lock-store.ts";

interface Held {
  readonly owner: string;
  readonly expiresAt: number;
  readonly requestId: string | undefined;
}

/** Expired locks are let go when so many more are held than after the last time. */
const SPARE = 1_000;

class InMemoryLockStore implements LockStore {
  readonly #clock: Clock;
  #collectAt = SPARE;
  #closed = false;

  constructor(
    clock: Clock,
    /** By what they lock; shared with the component that replaces this one. */
    readonly held = new Map<string, Held>(),
  ) {
    this.#clock = clock;
  }

  async tryLock({ resourceId, lockOwner: owner, expiryInSeconds, requestId }: LockRequest): Promise<boolean> {
    const held = this.#live(resourceId);
    if (held !== undefined) return requestId !== undefined && held.requestId === requestId;
    const expiresAt = this.#clock.now() + expiryInSeconds * 1_000;
    this.held.set(resourceId, { owner, expiresAt, requestId });
    this.#collect();
    return true;
  }

  async unlock({ resourceId, lockOwner }: Omit<LockRequest, "expiryInSeconds">): Promise<UnlockStatus> {
    const held = this.#live(resourceId);
    if (held === undefined) return unlockStatus.lockDoesNotExist;
    if (held.owner !== lockOwner) return unlockStatus.lockBelongsToOthers;
    this.held.delete(resourceId);
    return unlockStatus.success;
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #live(resourceId: string): Held | undefined {
    if (this.#closed) throw new ComponentError("CANCELLED", "the lock store is closed");
    const held = this.held.get(resourceId);
    return held !== undefined && held.expiresAt > this.#clock.now() ? held : undefined;
  }

  #collect(): void {
    if (this.held.size < this.#collectAt) return;
    const now = this.#clock.now();
    for (const [resourceId, { expiresAt }] of this.held) if (expiresAt <= now) this.held.delete(resourceId);
    this.#collectAt = this.held.size + SPARE;
  }
}

/** Locks of one sidecar, gone with it; what replaces the component goes on with them. */
export const inMemoryLockStore = defineLockStore({
  type: "lock.in-memory",
  version: "v1",
  summary: "Locks in memory, of one sidecar.",
  metadata: {},
  features: [],
  open: async (_metadata, { platform, predecessor }) =>
    new InMemoryLockStore(
      platform.clock,
      predecessor instanceof InMemoryLockStore ? predecessor.held : undefined,
    ),
});
