import type { Item, ListingStore } from "../../host/components/state/store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { redisStore } from "../../host/node/components/state-redis.ts";
import type { RedisServer } from "../redis-server.ts";
import { openWith, testContext } from "./test-context.ts";

const AGE = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end`;

/** A clock whose steps are also those of a Redis: the server's own cannot be moved, but its keys can be aged. */
export class RedisClock extends FakeClock {
  readonly #server: () => RedisServer;

  constructor(server: () => RedisServer) {
    super();
    this.#server = server;
  }

  override async advance(ms: number): Promise<void> {
    await this.#server().client.eval(AGE, 0, ms);
    await super.advance(ms);
  }
}

/** Redis's time goes on by milliseconds where the clock of the tests stands still: what is left of a TTL is rounded up. */
function roundedUp(item: Item | undefined): Item | undefined {
  if (item?.expiresAt === undefined) return item;
  return { ...item, expiresAt: Math.ceil(item.expiresAt / 1000) * 1000 };
}

/** A store on the server's data, whose time is the clock's. */
export async function openOnRedis(
  server: RedisServer,
  clock: RedisClock,
  metadata: Readonly<Record<string, string>> = {},
): Promise<ListingStore> {
  const context = testContext("statestore", clock);
  const store = await openWith(redisStore, context, { redisHost: server.address, ...metadata });
  const { get, bulkGet } = store;
  store.get = async (key, consistency) => roundedUp(await get.call(store, key, consistency));
  store.bulkGet = async (keys) => (await bulkGet.call(store, keys)).map(roundedUp);
  return store;
}
