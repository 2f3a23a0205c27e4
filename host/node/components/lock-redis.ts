import {
  defineLockStore,
  type LockRequest,
  type LockStore,
  type UnlockStatus,
  unlockStatus,
} from "../../components/lock/lock-store.ts";
import { openRedis, type RedisClient, type RedisScript } from "./redis/redis-client.ts";
import { redisMetadata } from "./redis/redis-metadata.ts";

/** Answers nothing where there is no lock, else 1 for the owner's, which is gone then, and 0 for another's. */
const unlock = `
local owner = redis.call('GET', KEYS[1])
if not owner then return false end
if owner ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** A lock is its owner's name under the resource's key, with an expiry: as daprd keeps it. */
class RedisLockStore implements LockStore {
  readonly #client: RedisClient;
  readonly #unlock: RedisScript;

  constructor(client: RedisClient) {
    this.#client = client;
    this.#unlock = client.script(unlock);
  }

  async tryLock({ resourceId, lockOwner, expiryInSeconds }: LockRequest): Promise<boolean> {
    return (await this.#client.call("SET", resourceId, lockOwner, "NX", "EX", expiryInSeconds)) === "OK";
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
  open: async (metadata, context) => new RedisLockStore(await openRedis(metadata, context)),
});
