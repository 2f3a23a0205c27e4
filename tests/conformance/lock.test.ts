import "fake-indexeddb/auto";
import { afterAll, beforeAll, describe, it } from "vitest";
import { daprLockStore } from "../../host/components/lock/dapr.ts";
import { inMemoryLockStore } from "../../host/components/lock/in-memory.ts";
import type { LockStore } from "../../host/components/lock/lock-store.ts";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { indexedDbLockStore } from "../../worker/components/lock-indexeddb.ts";
import { type LockStoreHost, lockConformance } from "./lock.ts";
import { testContext } from "./test-context.ts";

const clock = new FakeClock();
const inIndexedDb = indexedDbLockStore({ databasePrefix: "daprlet:/:", incarnation: undefined });
let count = 0;
const open = () => inIndexedDb.open({}, testContext(`locks-${count}`, clock));

/** The locks of a sidecar beside this one, each opening with a name of its own before every resource. */
let sidecar: NodeSidecar;
beforeAll(async () => {
  const components = [{ name: "locks", type: "lock.in-memory" }];
  sidecar = await startSidecar({ appId: "remote", components, clock, logLevel: "error" });
});
afterAll(() => sidecar.stop());
async function openRemote(): Promise<LockStore> {
  const metadata = new Map([["url", sidecar.url]]);
  const decoded = decodeMetadata("locks", daprLockStore.metadata, metadata, () => undefined);
  const store = await daprLockStore.open(decoded, testContext("locks", clock));
  const named = <R extends { readonly resourceId: string }>(request: R): R => ({
    ...request,
    resourceId: `lock||app-${count}||${request.resourceId}`,
  });
  return {
    tryLock: (request) => store.tryLock(named(request)),
    unlock: (request) => store.unlock(named(request)),
    close: () => store.close(),
  };
}

const hosts: readonly LockStoreHost[] = [
  {
    name: "lock.in-memory",
    clock,
    repeats: true,
    open: () => inMemoryLockStore.open({}, testContext("locks", clock)),
  },
  {
    name: "lock.indexeddb",
    clock,
    repeats: true,
    open() {
      count++;
      return open();
    },
    reopen: open,
    another: open,
  },
  {
    name: "lock.dapr",
    clock,
    repeats: true,
    open() {
      count++;
      return openRemote();
    },
    reopen: openRemote,
    another: openRemote,
  },
];

describe.each(hosts)("$name", (host) => {
  for (const { name, run } of lockConformance(host)) it(name, run);
});
