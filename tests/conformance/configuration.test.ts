import "fake-indexeddb/auto";
import { describe, it } from "vitest";
import type { ConfigurationStore } from "../../host/components/configuration/configuration-store.ts";
import { inMemoryConfigurationStore } from "../../host/components/configuration/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { indexedDbConfigurationStore } from "../../worker/components/configuration-indexeddb.ts";
import { type ConfigurationStoreHost, configurationConformance } from "./configuration.ts";
import { testContext } from "./test-context.ts";

const clock = new FakeClock();
const change: ConfigurationStoreHost["change"] = async (store, changes) => await store.set?.(changes);

const inIndexedDb = indexedDbConfigurationStore({ databasePrefix: "daprlet:/:", incarnation: undefined });
let count = 0;
const openIndexedDb = () => inIndexedDb.open({}, testContext(`settings-${count}`, clock));

const hosts: readonly ConfigurationStoreHost[] = [
  {
    name: "configuration.in-memory",
    resumes: false,
    change,
    open: (items): Promise<ConfigurationStore> =>
      inMemoryConfigurationStore.open({ items }, testContext("configuration", clock)),
  },
  {
    name: "configuration.indexeddb",
    resumes: true,
    change,
    async open(items) {
      count++;
      const store = await openIndexedDb();
      const changes = [...items].map(([key, value]) => ({
        key,
        value,
        version: undefined,
        metadata: new Map(),
      }));
      await store.set?.(changes);
      return store;
    },
    reopen: openIndexedDb,
    another: openIndexedDb,
  },
];

describe.each(hosts)("$name", (host) => {
  for (const { name, run } of configurationConformance(host)) it(name, run);
});
