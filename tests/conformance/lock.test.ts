import "fake-indexeddb/auto";
import { describe, it } from "vitest";
import { inMemoryLockStore } from "../../host/components/lock/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { indexedDbLockStore } from "../../worker/components/lock-indexeddb.ts";
import { type LockStoreHost, lockConformance } from "./lock.ts";
import { testContext } from "./test-context.ts";

const clock = new FakeClock();
const inIndexedDb = indexedDbLockStore({ databasePrefix: "daprlet:/:", incarnation: undefined });
let count = 0;
const open = () => inIndexedDb.open({}, testContext(`locks-${count}`, clock));

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
];

describe.each(hosts)("$name", (host) => {
  for (const { name, run } of lockConformance(host)) it(name, run);
});
