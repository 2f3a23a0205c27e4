import {
  defineLockStore,
  type LockRequest,
  type LockStore,
  type UnlockStatus,
  unlockStatus,
} from "../../components/lock/lock-store.ts";
import type { RedisClient, RedisScript } from "./redis/redis-client.ts";
import { redisMetadata } from "./redis/redis-metadata.ts";

/** KEYS: the lock, and what remembers the request that took it. ARGV: owner, seconds. */
const lockOnce = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) then
  redis.call('SET', KEYS[2], '', 'EX', ARGV[2])
  return 1
end
return redis.call('EXISTS', KEYS[2]) == 1 and redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0`;

/** Answers nothing where there is no lock, else 1 for the owner's, which is gone then, and 0 for another's. */
const unlock = `
local owner = redis.call('GET', KEYS[1])
if not owner then return false end
if owner ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** A lock is its owner's name under the resource's key, with an expiry: as daprd keeps it. */
class RedisLockStore implements LockStore {
  readonly #client: RedisClient;
  readonly #lockOnce: RedisScript;
  readonly #unlock: RedisScript;

  constructor(client: RedisClient) {
    this.#client = client;
    this.#lockOnce = client.script(lockOnce);
    this.#unlock = client.script(unlock);
  }

  async tryLock({ resourceId, lockOwner, expiryInSeconds, requestId }: LockRequest): Promise<boolean> {
    if (requestId === undefined) {
      return (await this.#client.call("SET", resourceId, lockOwner, "NX", "EX", expiryInSeconds)) === "OK";
    }
    const record = `||daprlet||locked||${JSON.stringify([resourceId, requestId])}`;
    return (await this.#lockOnce([resourceId, record], [lockOwner, expiryInSeconds])) === 1;
  }

  async unlock({ resourceId, lockOwner }: Omit<LockRequest, "expiryInSeconds">): Promise<UnlockStatus> {
    const released = await this.#unlock([resourceId], [lockOwner]);
    if (released === null) return unlockStatus.lockDoesNotExist;
    return released === 1 ? unlockStatus.success : unlockStatus.lockBelongsToOthers;
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

export const redisLockStore = defineLockStore({
  type: "lock.redis",
  version: "v1",
  summary:
    "Locks in Redis, shared with daprd. A server that loses its memory, or fails over to a replica, loses locks with it.",
  metadata: redisMetadata,
  features: [],
  async open(metadata, context) {
    const { openRedis } = await import("./redis/redis-client.ts");
    return new RedisLockStore(await openRedis(metadata, context));
  },
});
