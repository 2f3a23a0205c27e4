import { afterAll, beforeAll } from "vitest";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import type { PubSub } from "../../host/components/pubsub/pubsub.ts";
import { redisPubSub } from "../../host/node/components/pubsub-redis.ts";
import type { Clock } from "../../host/platform.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { startTcpProxy, type TcpProxy } from "../tcp-proxy.ts";
import { pubSubSuite } from "./pubsub.ts";
import { testContext } from "./test-context.ts";

/** The server's time is real, so the clock runs on too, only faster: what the suite waits for stays short. */
const speed = 10;
/** The server's time. */
const processingTimeoutMs = 500;
const quickClock: Clock = {
  now: () => Date.now() * speed,
  after(ms, task) {
    const timer = setTimeout(task, ms / speed);
    return () => clearTimeout(timer);
  },
};

describeWithRedis("on a Redis of its own", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  const start = async () => {
    await server.flush();
    let opened: PubSub[] = [];
    const proxies: TcpProxy[] = [];
    let proxy: TcpProxy | undefined;
    return {
      async open(appId: string) {
        if (proxy === undefined) {
          proxy = await startTcpProxy(server.port);
          proxies.push(proxy);
        }
        const context = { ...testContext("messagebus", quickClock), appId };
        const silent = { ...context.log, warn: () => undefined };
        // Of the quick clock's time, and longer than a read waits.
        const fields = {
          redisHost: proxy.address,
          processingTimeout: `${processingTimeoutMs}`,
          readTimeout: "60s",
        };
        const metadata = decodeMetadata(
          "messagebus",
          redisPubSub.metadata,
          new Map(Object.entries(fields)),
          () => undefined,
        );
        const component = await redisPubSub.open(metadata, { ...context, log: silent });
        opened.push(component);
        return component;
      },
      pass: (ms: number) =>
        new Promise<void>((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms / speed))),
      async kill() {
        proxy?.cut();
        proxy = undefined;
        // They hang on handlers that never end: nobody waits for them.
        for (const component of opened) void component.close();
        opened = [];
        // From here on they count as dead, and what they had in hand comes before what nobody got yet.
        await new Promise((resolve) => setTimeout(resolve, processingTimeoutMs));
      },
      async stop() {
        await Promise.all(opened.map((component) => component.close()));
        opened = [];
        await Promise.all(proxies.map((one) => one.close()));
      },
    };
  };

  // A busy machine may take its time.
  pubSubSuite(redisPubSub, start, { patience: 150_000 });
});
