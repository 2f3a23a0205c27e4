import "fake-indexeddb/auto";
import { afterAll, describe, it } from "vitest";
import type { ConfigurationStore } from "../../host/components/configuration/configuration-store.ts";
import { daprConfigurationStore } from "../../host/components/configuration/dapr.ts";
import { inMemoryConfigurationStore } from "../../host/components/configuration/in-memory.ts";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
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

/** The settings of a sidecar beside this one; each opening starts another. */
let sidecar: NodeSidecar | undefined;
afterAll(() => sidecar?.stop());
const openRemote = async (): Promise<ConfigurationStore> => {
  const metadata = new Map([["url", sidecar?.url ?? ""]]);
  const decoded = decodeMetadata("settings", daprConfigurationStore.metadata, metadata, () => undefined);
  return await daprConfigurationStore.open(decoded, testContext("settings", clock));
};
const remote: ConfigurationStoreHost = {
  name: "configuration.dapr",
  resumes: false,
  async change(_, changes) {
    const body = JSON.stringify(changes.map(({ key, value }) => ({ key, value })));
    const answer = await fetch(`${sidecar?.url}/v1.0/configuration/settings`, { method: "POST", body });
    if (!answer.ok) throw new Error(`not changed: ${answer.status}`);
  },
  async open(items) {
    await sidecar?.stop();
    const components = [{ name: "settings", type: "configuration.in-memory" }];
    sidecar = await startSidecar({ appId: "remote", components, logLevel: "error" });
    const changes = [...items].map(([key, value]) => ({
      key,
      value,
      version: undefined,
      metadata: new Map(),
    }));
    if (changes.length > 0) await remote.change(await openRemote(), changes);
    return await openRemote();
  },
  reopen: openRemote,
  another: openRemote,
};

describe("configuration.dapr", () => {
  // What happens between two polls is told as one; tests/node/dapr-components.test.ts is about that.
  const polled = /subscription|told|holds up/;
  for (const { name, run } of configurationConformance(remote)) if (!polled.test(name)) it(name, run);
});

describe.each(hosts)("$name", (host) => {
  for (const { name, run } of configurationConformance(host)) it(name, run);
});
