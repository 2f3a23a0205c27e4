import { afterAll, beforeAll, it } from "vitest";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { redisLockStore } from "../../host/node/components/lock-redis.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { lockConformance } from "./lock.ts";
import { RedisClock } from "./redis-clock.ts";
import { testContext } from "./test-context.ts";

describeWithRedis("lock.redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  const clock = new RedisClock(() => server);
  const open = () => {
    const fields = new Map([["redisHost", server.address]]);
    const metadata = decodeMetadata("locks", redisLockStore.metadata, fields, () => undefined);
    return redisLockStore.open(metadata, testContext("locks", clock));
  };
  const host = {
    name: "lock.redis",
    clock,
    repeats: true,
    async open() {
      await server.flush();
      return open();
    },
    reopen: open,
    another: open,
  };
  for (const { name, run } of lockConformance(host)) it(name, run);
});
