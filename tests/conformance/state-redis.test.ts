import { afterAll, beforeAll, it } from "vitest";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import type { Item, Store } from "../../host/components/state/store.ts";
import { redisStore } from "../../host/node/components/state-redis.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { RedisClock } from "./redis-clock.ts";
import { storeConformance } from "./state.ts";
import { testContext } from "./test-context.ts";

/** Redis's time goes on by milliseconds where the clock of the tests stands still: what is left of a TTL is rounded up. */
function roundedUp(item: Item | undefined): Item | undefined {
  if (item?.expiresAt === undefined) return item;
  return { ...item, expiresAt: Math.ceil(item.expiresAt / 1000) * 1000 };
}

describeWithRedis("state.redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ appendfsync: "always" });
  });
  afterAll(() => server.stop());

  const clock = new RedisClock(() => server);
  const open = async (): Promise<Store> => {
    const metadata = new Map([["redisHost", server.address]]);
    const store = await redisStore.open(
      decodeMetadata("statestore", redisStore.metadata, metadata, () => undefined),
      testContext("statestore", clock),
    );
    const { get } = store;
    store.get = async (key, consistency) => roundedUp(await get.call(store, key, consistency));
    return store;
  };
  const cases = storeConformance({
    name: "state.redis",
    features: redisStore.features,
    clock,
    async open() {
      await server.flush();
      return await open();
    },
    reopen: open,
    another: open,
  });
  for (const { name, run } of cases) it(name, run);
});
