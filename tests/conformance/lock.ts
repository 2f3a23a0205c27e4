import { type LockStore, unlockStatus } from "../../host/components/lock/lock-store.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { check, equal } from "./state/scenario.ts";

/** A lock store under test. Nothing here needs a test runner, so that a page can run it too. */
export interface LockStoreHost {
  readonly name: string;
  /** Moves the time of every store that this host opens. */
  readonly clock: { advance(ms: number): Promise<void> };
  /** Whether a request's id makes its repetition harmless. */
  readonly repeats: boolean;
  /** A store without locks. */
  open(): Promise<LockStore>;
  /** Opens what the last `open` left behind; the suite has closed it. Left out where nothing persists. */
  reopen?(): Promise<LockStore>;
  /** A second store at the same time on the locks of the last `open`, as another process or worker has it. */
  another?(): Promise<LockStore>;
}

export interface LockCase {
  readonly name: string;
  /** Rejects with an Error that says what was expected and what came. */
  run(): Promise<void>;
}

interface Use {
  readonly store: LockStore;
  readonly clock: LockStoreHost["clock"];
  /** Closes the store and opens its locks again where this run is about that; otherwise nothing. */
  again(): Promise<void>;
  another(): Promise<LockStore>;
}

interface Scene {
  readonly name: string;
  readonly needs?: "another" | "repeats";
  run(use: Use): Promise<void>;
}

const take = (store: LockStore, resourceId: string, lockOwner: string, seconds = 60, requestId?: string) =>
  store.tryLock({ resourceId, lockOwner, expiryInSeconds: seconds, requestId });
const release = (store: LockStore, resourceId: string, lockOwner: string, requestId?: string) =>
  store.unlock({ resourceId, lockOwner, requestId });

const owners = Array.from({ length: 100 }, (_, i) => `owner-${i}`);

/** Of those who try at once, the only one who got it. */
async function winner(stores: readonly LockStore[], resourceId: string): Promise<string> {
  const taken = await Promise.all(
    owners.map((owner, i) => take(stores[i % stores.length] as LockStore, resourceId, owner)),
  );
  const winners = owners.filter((_, i) => taken[i]);
  equal(winners.length, 1, "how many of a hundred got the lock");
  return winners[0] as string;
}

const scenes: readonly Scene[] = [
  {
    name: "of a hundred at once one gets the lock, and only it can release it",
    async run(use) {
      const first = await winner([use.store], "r");
      await use.again();
      const others = owners.filter((owner) => owner !== first);
      const refusals = await Promise.all(others.map((owner) => release(use.store, "r", owner)));
      check(
        refusals.every((status) => status === unlockStatus.lockBelongsToOthers),
        "others cannot release it",
      );
      equal(await release(use.store, "r", first), unlockStatus.success, "the owner's release");
      await use.again();
      await winner([use.store], "r");
    },
  },
  {
    name: "of a hundred in two stores at once one gets the lock",
    needs: "another",
    async run(use) {
      const stores = [use.store, await use.another()];
      const first = await winner(stores, "r");
      for (const store of stores) equal(await take(store, "r", "late"), false, "a later try");
      equal(
        await release(stores[1] as LockStore, "r", first),
        unlockStatus.success,
        "a release by the other store",
      );
      await winner(stores, "r");
    },
  },
  {
    name: "the owner itself is refused while it holds the lock",
    async run(use) {
      equal(await take(use.store, "r", "a"), true, "the first");
      await use.again();
      equal(await take(use.store, "r", "a"), false, "the second by the same owner");
    },
  },
  {
    name: "what is not held cannot be released",
    async run(use) {
      equal(await release(use.store, "r", "a"), unlockStatus.lockDoesNotExist, "never locked");
      await take(use.store, "r", "a");
      await use.again();
      equal(await release(use.store, "r", "a"), unlockStatus.success, "the first release");
      equal(await release(use.store, "r", "a"), unlockStatus.lockDoesNotExist, "the second release");
    },
  },
  {
    name: "a lock ends by its time, and not before",
    async run(use) {
      equal(await take(use.store, "r", "a", 10), true, "taken");
      await use.again();
      await use.clock.advance(9_000);
      equal(await take(use.store, "r", "b", 10), false, "within its time");
      await use.clock.advance(1_000);
      equal(await release(use.store, "r", "a"), unlockStatus.lockDoesNotExist, "released after its time");
      equal(await take(use.store, "r", "b", 10), true, "taken after its time");
      await use.again();
      equal(await release(use.store, "r", "a"), unlockStatus.lockBelongsToOthers, "by who was too late");
      equal(await take(use.store, "r", "c", 10), false, "while the next one holds it");
    },
  },
  {
    name: "resources are nothing but names, and each is by itself",
    async run(use) {
      const names = [
        "r",
        "R",
        " r",
        "r ",
        "a||b",
        "__proto__",
        "constructor",
        "\u00e9",
        "e\u0301",
        "\u{1f600}",
        "x".repeat(2_000),
      ];
      for (const name of names) equal(await take(use.store, name, `owner of ${name}`), true, name);
      await use.again();
      for (const name of names) equal(await take(use.store, name, "another"), false, name);
      for (const name of names)
        equal(await release(use.store, name, `owner of ${name}`), unlockStatus.success, name);
    },
  },
  {
    name: "a request that comes again is answered as before",
    needs: "repeats",
    async run(use) {
      equal(await take(use.store, "r", "a", 60, "request-1"), true, "taken");
      await use.again();
      equal(await take(use.store, "r", "a", 60, "request-1"), true, "taken, told again");
      equal(await take(use.store, "r", "a", 60, "request-2"), false, "another request");
    },
  },
  {
    name: "a closed store refuses, and closing twice is harmless",
    async run(use) {
      await use.store.close();
      await use.store.close();
      for (const attempt of [() => take(use.store, "r", "a"), () => release(use.store, "r", "a")]) {
        const failure = await attempt().catch((error: unknown) => error);
        check(failure instanceof ComponentError, "a closed store fails with a ComponentError");
      }
    },
  },
];

/** The cases that the host can have, each a second time across a reopening where the locks persist. */
export function lockConformance(host: LockStoreHost): readonly LockCase[] {
  const { another, reopen } = host;
  return scenes.flatMap(({ name, needs, run }) => {
    if (needs === "another" && another === undefined) return [];
    if (needs === "repeats" && !host.repeats) return [];
    return (reopen === undefined ? [false] : [false, true]).map((reopens) => ({
      name: `${name}${reopens ? " (across a reopening)" : ""}`,
      async run() {
        let store = await host.open();
        const others: LockStore[] = [];
        try {
          await run({
            get store() {
              return store;
            },
            clock: host.clock,
            async again() {
              if (!reopens || reopen === undefined) return;
              await store.close();
              store = await reopen.call(host);
            },
            async another() {
              if (another === undefined) throw new Error(`${host.name} has no second store`);
              const other = await another.call(host);
              others.push(other);
              return other;
            },
          });
        } finally {
          await Promise.allSettled([store, ...others].map((opened) => opened.close()));
        }
      },
    }));
  });
}
