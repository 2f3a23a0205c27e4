/** Runs in a page: the conformance suites against the browser's own IndexedDB, and what only a browser can show. */

import { decodeMetadata } from "../../../host/components/metadata-schema.ts";
import type { Upsert, WriteBatch } from "../../../host/components/state/store.ts";
import { FakeClock } from "../../../host/fake-clock.ts";
import type { Clock } from "../../../host/platform.ts";
import { systemClock } from "../../../host/web-platform.ts";
import { indexedDbConfigurationStore } from "../../../worker/components/configuration-indexeddb.ts";
import { indexedDbLockStore } from "../../../worker/components/lock-indexeddb.ts";
import { browserPubSub } from "../../../worker/components/pubsub-browser.ts";
import { vaultSecretStore } from "../../../worker/components/secretstores-vault.ts";
import { indexedDbStore } from "../../../worker/components/state-indexeddb.ts";
import { opfsStore } from "../../../worker/components/state-opfs.ts";
import { Vault } from "../../../worker/components/vault.ts";
import { databaseName } from "../../../worker/storage/database-names.ts";
import type { Incarnation } from "../../../worker/storage/incarnation.ts";
import { configurationConformance } from "../../conformance/configuration.ts";
import { lockConformance } from "../../conformance/lock.ts";
import { pubSubSuite } from "../../conformance/pubsub.ts";
import { secretStoreConformance } from "../../conformance/secretstores.ts";
import { queryIndexes } from "../../conformance/state/query.ts";
import { storeConformance } from "../../conformance/state.ts";
import { openWith, testContext } from "../../conformance/test-context.ts";
import { describe, it, type Outcome, runAll } from "./page-runner.ts";
import { SimulatedBrowser } from "./simulated-browser.ts";

const databasePrefix = "daprlet:/:";

function openStore(
  name: string,
  clock: Clock,
  incarnation?: Incarnation,
  metadata: Readonly<Record<string, string>> = {},
) {
  const definition = indexedDbStore({ databasePrefix, incarnation });
  return openWith(definition, testContext(name, clock), metadata);
}

async function stateSuite(): Promise<readonly Outcome[]> {
  const clock = new FakeClock();
  const incarnation = { id: "one", startedAt: clock.now() };
  let count = 0;
  const reopen = () => openStore(`store-${count}`, clock, incarnation, { queryIndexes });
  const cases = storeConformance({
    name: "state.indexeddb",
    features: indexedDbStore({ databasePrefix, incarnation }).features,
    clock,
    open: () => {
      count++;
      return reopen();
    },
    reopen,
    another: reopen,
  });
  for (const { name, run } of cases) it(name, run);
  return await runAll();
}

async function filesSuite(): Promise<readonly Outcome[]> {
  const clock = new FakeClock();
  const definition = opfsStore({ databasePrefix, incarnation: undefined });
  let count = 0;
  const reopen = () => openWith(definition, testContext(`audio-${count}`, clock));
  const cases = storeConformance({
    name: "state.opfs",
    features: definition.features,
    clock,
    open: () => {
      count++;
      return reopen();
    },
    reopen,
    another: reopen,
  });
  for (const { name, run } of cases) it(name, run);
  return await runAll();
}

/** The families whose components keep a database, beside state and events. */
async function blockSuites(): Promise<readonly Outcome[]> {
  const clock = new FakeClock();
  const storage = { databasePrefix, incarnation: undefined };
  let count = 0;
  const context = () => testContext(`block-${count}`, clock);
  const locks = () => indexedDbLockStore(storage).open({}, context());
  const settings = () => indexedDbConfigurationStore(storage).open({}, context());
  const vault = () => vaultSecretStore(storage).open({ allowBulk: true }, context());
  const cases = [
    ...lockConformance({
      name: "lock.indexeddb",
      clock,
      repeats: true,
      open() {
        count++;
        return locks();
      },
      reopen: locks,
      another: locks,
    }),
    ...configurationConformance({
      name: "configuration.indexeddb",
      resumes: true,
      change: async (store, changes) => await store.set?.(changes),
      async open(items) {
        count++;
        const store = await settings();
        await store.set?.(
          [...items].map(([key, value]) => ({ key, value, version: undefined, metadata: new Map() })),
        );
        return store;
      },
      reopen: settings,
      another: settings,
    }),
    ...secretStoreConformance({
      name: "secretstores.vault",
      missing: "an error",
      bulk: true,
      async open(secrets) {
        count++;
        const { log, platform } = context();
        const name = databaseName(databasePrefix, "secretstores", `block-${count}`);
        const filled = await new Vault(name, clock, log, platform.random).open();
        for (const [secret, value] of secrets) await filled.put(secret, new Map([[secret, value]]));
        filled.close();
        return await vault();
      },
      reopen: vault,
    }),
  ];
  for (const { name, run } of cases) it(name, run);
  return await runAll();
}

/** Of a hundred who want one lock, racing with those of other pages, how many got it. */
async function lockRace(resourceId: string): Promise<number> {
  const store = await indexedDbLockStore({ databasePrefix, incarnation: undefined }).open(
    {},
    testContext("race", systemClock),
  );
  const taken = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      store.tryLock({ resourceId, lockOwner: `${i}`, expiryInSeconds: 60, requestId: undefined }),
    ),
  );
  await store.close();
  return taken.filter(Boolean).length;
}

async function pubsubSuite(): Promise<readonly Outcome[]> {
  const definition = browserPubSub({ databasePrefix, incarnation: undefined });
  const work = () => new Promise<void>((resolve) => setTimeout(resolve, 5));
  describe("in a service worker", () => {
    pubSubSuite(definition, async () => new SimulatedBrowser(true, work));
  });
  return await runAll();
}

const batch = (key: string, value: Uint8Array, more: Partial<Upsert> = {}): WriteBatch => ({
  operations: [
    {
      kind: "upsert",
      key,
      value,
      etag: undefined,
      concurrency: undefined,
      ttlInSeconds: undefined,
      contentType: undefined,
      ...more,
    },
  ],
  atomic: false,
  consistency: undefined,
  requestId: undefined,
});

/** What pages race for. */
type Engine = "indexeddb" | "opfs";

const openRace = (engine: Engine) =>
  engine === "indexeddb"
    ? openStore("race", systemClock)
    : openWith(opfsStore({ databasePrefix, incarnation: undefined }), testContext("race", systemClock));

/** Of writes that race with those of other pages, how many were applied. */
async function race(engine: Engine, key: string, writes: number): Promise<number> {
  const store = await openRace(engine);
  const outcomes = await Promise.all(
    Array.from({ length: writes }, () =>
      store.write(batch(key, new Uint8Array(1), { concurrency: "first-write" })),
    ),
  );
  await store.close();
  return outcomes.filter(([error]) => error === undefined).length;
}

/** Increments a counter by ETag until so many increments were applied. */
async function count(engine: Engine, times: number): Promise<void> {
  const store = await openRace(engine);
  for (let done = 0; done < times; ) {
    const item = await store.get("counter", undefined);
    const value = Uint8Array.of((item?.value[0] ?? 0) + 1);
    const condition =
      item?.etag === undefined ? ({ concurrency: "first-write" } as const) : { etag: item.etag };
    const [error] = await store.write(batch("counter", value, condition));
    if (error === undefined) done++;
  }
  await store.close();
}

async function counted(engine: Engine): Promise<number | undefined> {
  const store = await openRace(engine);
  const item = await store.get("counter", undefined);
  await store.close();
  return item?.value[0];
}

/** A component of page mode, of real time plus `ahead`. */
class PageApp {
  readonly got: string[] = [];
  ahead = 0;

  readonly #opening = this.#open();

  async #open() {
    const definition = browserPubSub({ databasePrefix, incarnation: undefined });
    const metadata = decodeMetadata("pubsub", definition.metadata, new Map(), () => undefined);
    const clock: Clock = { now: () => Date.now() + this.ahead, after: systemClock.after };
    return await definition.open(metadata, testContext("pubsub", clock));
  }

  /** `hangs`: takes events and never ends. */
  async subscribe(topic: string, hangs: boolean): Promise<void> {
    const pubsub = await this.#opening;
    await pubsub.subscribe({ topic, consumerId: "app", metadata: new Map() }, async ({ data }) => {
      this.got.push(new TextDecoder().decode(data));
      await new Promise((resolve) => setTimeout(resolve, hangs ? 1e8 : 2));
    });
  }

  async publish(topic: string, texts: readonly string[]): Promise<void> {
    const pubsub = await this.#opening;
    await Promise.all(
      texts.map((text) =>
        pubsub.publish({
          topic,
          data: new TextEncoder().encode(text),
          contentType: undefined,
          metadata: new Map(),
          requestId: undefined,
        }),
      ),
    );
  }
}

/** Writes a second: by the store, and with a transaction for each, `parallel` at a time. */
async function measure(parallel: number, consistency: "eventual" | "strong") {
  const value = new Uint8Array(128);
  const store = await openStore(`bench-${parallel}-${consistency}`, systemClock);
  const grouped = await rate(parallel, (i) =>
    Promise.resolve(store.write({ ...batch(`k${i % 1000}`, value), consistency })),
  );
  const reads = await rate(parallel, (i) => Promise.resolve(store.get(`k${i % 1000}`, undefined)));
  await store.close();
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`single-${parallel}-${consistency}`);
    request.onupgradeneeded = () => request.result.createObjectStore("items");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const durability = consistency === "strong" ? "strict" : "relaxed";
  const single = await rate(
    parallel,
    (i) =>
      new Promise<void>((resolve, reject) => {
        const transaction = database.transaction("items", "readwrite", { durability });
        transaction.objectStore("items").put({ value }, `k${i % 1000}`);
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
      }),
  );
  const singleReads = await rate(
    parallel,
    (i) =>
      new Promise<void>((resolve, reject) => {
        const request = database
          .transaction("items")
          .objectStore("items")
          .get(`k${i % 1000}`);
        request.onsuccess = () => resolve();
        request.onerror = () => reject(request.error);
      }),
  );
  database.close();
  return { grouped, single, reads, singleReads };
}

async function rate(parallel: number, run: (i: number) => Promise<unknown>): Promise<number> {
  const end = performance.now() + 600;
  const start = performance.now();
  let done = 0;
  let next = 0;
  const loop = async () => {
    while (performance.now() < end) {
      await run(next++);
      done++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, loop));
  return Math.round((done / (performance.now() - start)) * 1_000);
}

export interface Suites {
  stateSuite: typeof stateSuite;
  filesSuite: typeof filesSuite;
  pubsubSuite: typeof pubsubSuite;
  blockSuites: typeof blockSuites;
  lockRace: typeof lockRace;
  race: typeof race;
  count: typeof count;
  counted: typeof counted;
  measure: typeof measure;
  app: PageApp;
}

const suites: Suites = {
  stateSuite,
  filesSuite,
  pubsubSuite,
  blockSuites,
  lockRace,
  race,
  count,
  counted,
  measure,
  app: new PageApp(),
};
Object.assign(globalThis, { suites });
