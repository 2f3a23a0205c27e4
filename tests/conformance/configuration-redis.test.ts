import { afterAll, beforeAll, it } from "vitest";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { redisConfigurationStore } from "../../host/node/components/configuration-redis.ts";
import { systemClock } from "../../host/web-platform.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { type ConfigurationStoreHost, configurationConformance } from "./configuration.ts";
import { testContext } from "./test-context.ts";

/** Tests that it does not pass, with the reason. */
const gaps: Readonly<Record<string, string>> = {
  "keys are nothing but names, and values are kept as they are":
    "in Dapr's format what follows || in a value is its version",
  "a subscription is told of its keys and of no others":
    "Redis tells of a key and not of its value: one that is changed and deleted at once is told as deleted; the component's own tests have the rest",
};

describeWithRedis("configuration.redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  const open = () => {
    const fields = new Map([["redisHost", server.address]]);
    const metadata = decodeMetadata("settings", redisConfigurationStore.metadata, fields, () => undefined);
    return redisConfigurationStore.open(metadata, testContext("settings", systemClock));
  };
  const host: ConfigurationStoreHost = {
    name: "configuration.redis",
    resumes: false,
    async open(items) {
      await server.flush();
      for (const [key, value] of items) await server.client.set(key, value);
      return open();
    },
    async change(_store, changes) {
      for (const { key, value } of changes) {
        await (value === null ? server.client.del(key) : server.client.set(key, value));
      }
    },
    reopen: open,
    another: open,
  };
  for (const { name, run } of configurationConformance(host)) {
    const gap = Object.entries(gaps).find(([title]) => name.startsWith(title))?.[1];
    if (gap === undefined) it(name, run);
    else it.skip(`${name} (gap: ${gap})`, () => undefined);
  }
});
