import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EncryptedStore } from "../../host/components/state/encrypted-store.ts";
import { encryptionKeys } from "../../host/components/state/encryption-keys.ts";
import type { DurableStore, Store, Upsert, WriteBatch } from "../../host/components/state/store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { componentFromObject } from "../../host/resources/component-from-object.ts";
import { consoleLog, webPlatform } from "../../host/web-platform.ts";
import { queryIndexes } from "../../tests/conformance/state/query.ts";
import { storeConformance } from "../../tests/conformance/state.ts";
import { openWith, testContext } from "../../tests/conformance/test-context.ts";
import type { Incarnation } from "../storage/incarnation.ts";
import { indexedDbStore } from "./state-indexeddb.ts";

const databasePrefix = "daprlet:/:";
const bytes = (text: string) => new TextEncoder().encode(text);

function open(
  clock: FakeClock,
  incarnation: Incarnation | undefined,
  name = "statestore",
  metadata: Readonly<Record<string, string>> = {},
): Promise<DurableStore> {
  const definition = indexedDbStore({ databasePrefix, incarnation });
  return openWith(definition, testContext(name, clock), metadata) as Promise<DurableStore>;
}

/** As a component with a key opens it. */
async function encrypted(store: Store): Promise<Store> {
  const resource = componentFromObject({ name: "statestore", type: "state.indexeddb" }, "a test");
  const keys = await encryptionKeys(resource, new Map([["primaryEncryptionKey", "0f".repeat(32)]]));
  if (keys === undefined) throw new Error("no keys");
  return new EncryptedStore(store, keys, webPlatform(consoleLog("error", "test")).random);
}

const upsert = (key: string, value: string, more: Partial<Upsert> = {}): Upsert => ({
  kind: "upsert",
  key,
  value: bytes(value),
  etag: undefined,
  concurrency: undefined,
  ttlInSeconds: undefined,
  contentType: undefined,
  ...more,
});

async function write(store: Store, operations: WriteBatch["operations"], more: Partial<WriteBatch> = {}) {
  const outcome = await store.write({
    operations,
    atomic: false,
    consistency: undefined,
    requestId: undefined,
    ...more,
  });
  return outcome.map((error) => error?.kind ?? "applied");
}

async function etagOf(store: Store, key: string): Promise<string> {
  const etag = (await store.get(key, undefined))?.etag;
  if (etag === undefined) throw new Error(`${key} is not stored`);
  return etag;
}

describe.each([
  ["in a service worker", { id: "one", startedAt: 0 }],
  ["in page mode", undefined],
])("state.indexeddb %s", (_where, incarnation) => {
  const clock = new FakeClock();
  let count = 0;
  const reopen = () => open(clock, incarnation, `store-${incarnation?.id}-${count}`, { queryIndexes });
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
});

describe("state.indexeddb, encrypted", () => {
  const clock = new FakeClock();
  const incarnation = { id: "one", startedAt: 0 };
  let count = 0;
  const reopen = async () => encrypted(await open(clock, incarnation, `encrypted-${count}`));
  const cases = storeConformance({
    name: "state.indexeddb, encrypted",
    features: indexedDbStore({ databasePrefix, incarnation }).features.filter((one) => one !== "QUERY_API"),
    clock,
    open: () => {
      count++;
      return reopen();
    },
    reopen,
    another: reopen,
  });
  for (const { name, run } of cases) it(name, run);
});

describe.each([
  ["plain", async (store: Store) => store],
  ["encrypted", encrypted],
])("a request that a new worker is given again, %s", (_how, wrapped) => {
  let clock: FakeClock;
  let restarts: number;
  const restart = async () =>
    wrapped(await open(clock, { id: `life-${++restarts}`, startedAt: clock.now() }));

  beforeEach(() => {
    vi.stubGlobal("indexedDB", new IDBFactory());
    clock = new FakeClock();
    restarts = 0;
  });

  it("finds its own ETag write and succeeds, once, and writes nothing", async () => {
    const before = await restart();
    await write(before, [upsert("k", "0")]);
    const change = upsert("k", "1", { etag: await etagOf(before, "k") });
    expect(await write(before, [change])).toEqual(["applied"]);
    const written = await etagOf(before, "k");
    expect(await write(before, [change])).toEqual(["mismatch"]);
    await clock.advance(1_000);
    const after = await restart();
    expect(await write(after, [{ ...change, value: bytes("2") }])).toEqual(["mismatch"]);
    expect(await write(after, [{ kind: "check", key: "k", etag: change.etag }])).toEqual(["mismatch"]);
    expect(await write(after, [change])).toEqual(["applied"]);
    expect(await etagOf(after, "k")).toBe(written);
    expect(await write(after, [change])).toEqual(["mismatch"]);
    // The second worker was stopped before its answer came out.
    await clock.advance(1_000);
    const third = await restart();
    expect(await write(third, [change])).toEqual(["applied"]);
    expect(await write(third, [change])).toEqual(["mismatch"]);
    expect(await etagOf(third, "k")).toBe(written);
  });

  it("finds its own ETag delete and succeeds, once", async () => {
    const before = await restart();
    await write(before, [upsert("k", "0")]);
    const removal = {
      kind: "delete",
      key: "k",
      etag: await etagOf(before, "k"),
      concurrency: undefined,
    } as const;
    expect(await write(before, [removal])).toEqual(["applied"]);
    expect(await write(before, [removal])).toEqual(["mismatch"]);
    const after = await restart();
    expect(await write(after, [{ ...removal, etag: "another" }])).toEqual(["mismatch"]);
    expect(await write(after, [removal])).toEqual(["applied"]);
    expect(await write(after, [removal])).toEqual(["mismatch"]);
    const third = await restart();
    expect(await write(third, [removal])).toEqual(["applied"]);
    expect(await write(third, [removal])).toEqual(["mismatch"]);
  });

  it("is refused when something else was written in between", async () => {
    const before = await restart();
    await write(before, [upsert("k", "0")]);
    const change = upsert("k", "1", { etag: await etagOf(before, "k") });
    await write(before, [change]);
    await write(before, [upsert("k", "1")]);
    expect(await write(await restart(), [change])).toEqual(["mismatch"]);
  });

  it("is refused a minute after the start, and for writes older than five minutes", async () => {
    const before = await restart();
    await write(before, [upsert("k", "0")]);
    const change = upsert("k", "1", { etag: await etagOf(before, "k") });
    await write(before, [change]);
    const late = await restart();
    await clock.advance(61_000);
    expect(await write(late, [change])).toEqual(["mismatch"]);
    await clock.advance(5 * 60_000);
    expect(await write(await restart(), [change])).toEqual(["mismatch"]);
  });

  it("is refused in page mode, where several pages live at once", async () => {
    const page = await wrapped(await open(clock, undefined));
    await write(page, [upsert("k", "0")]);
    const change = upsert("k", "1", { etag: await etagOf(page, "k") });
    await write(page, [change]);
    expect(await write(await wrapped(await open(clock, undefined)), [change])).toEqual(["mismatch"]);
    expect(await write(await restart(), [change])).toEqual(["mismatch"]);
  });
});

describe("housekeeping", () => {
  it("sweeps what expired, and nothing else", async () => {
    vi.stubGlobal("indexedDB", new IDBFactory());
    const clock = new FakeClock();
    const store = await open(clock, undefined);
    const many = Array.from({ length: 450 }, (_, i) => upsert(`short-${i}`, "1", { ttlInSeconds: 5 }));
    await write(store, [...many, upsert("kept", "1"), upsert("long", "1", { ttlInSeconds: 3600 })]);
    await clock.advance(3_000);
    await write(store, [upsert("trigger", "1")], { requestId: "r" });
    await clock.advance(6_000);
    const left = async () => (await keys("daprlet:/:state:statestore", "items")).sort();
    await vi.waitFor(async () => expect(await left()).toEqual(["kept", "long", "trigger"]));
    expect(await keys("daprlet:/:state:statestore", "outcomes")).toEqual(["r"]);
  });

  it("keeps the bytes given, not the buffer around them", async () => {
    const store = await open(new FakeClock(), undefined, "views");
    const body = new Uint8Array(1_000_000).fill(7);
    await write(store, [{ ...upsert("k", ""), value: body.subarray(10, 15) }]);
    const item = await store.get("k", undefined);
    expect([...(item?.value ?? [])]).toEqual([7, 7, 7, 7, 7]);
    expect(item?.value.buffer.byteLength).toBe(5);
  });
});

describe("durability", () => {
  it("is strict for strong writes and whatever shares their transaction, relaxed for the others", async () => {
    vi.stubGlobal("indexedDB", new IDBFactory());
    const store = await open(new FakeClock(), undefined);
    const transaction = vi.spyOn(IDBDatabase.prototype, "transaction");
    const asked = () =>
      transaction.mock.calls.splice(0).map(([, mode, options]) => `${mode} ${options?.durability}`);
    await write(store, [upsert("a", "1")], { consistency: "strong" });
    expect(asked()).toEqual(["readwrite strict"]);
    await write(store, [upsert("a", "1")], { consistency: "eventual" });
    await write(store, [upsert("a", "1")]);
    expect(asked()).toEqual(["readwrite relaxed", "readwrite relaxed"]);
    await Promise.all([
      write(store, [upsert("a", "1")]),
      write(store, [upsert("b", "1")], { consistency: "strong" }),
      write(store, [upsert("c", "1")], { consistency: "eventual" }),
    ]);
    expect(asked()).toEqual(["readwrite strict"]);
    await Promise.all([store.get("a", undefined), store.get("b", "strong"), store.get("c", undefined)]);
    expect(asked()).toEqual(["readonly default"]);
    transaction.mockRestore();
  });
});

describe("a failing browser", () => {
  beforeEach(() => {
    vi.stubGlobal("indexedDB", new IDBFactory());
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** The next transaction that completes is told to have been aborted: the connection broke during the commit. */
  function loseNextCommit(): void {
    const listen = IDBTransaction.prototype.addEventListener;
    let lost: IDBTransaction | undefined;
    vi.spyOn(IDBTransaction.prototype, "addEventListener").mockImplementation(function (
      this: IDBTransaction,
      type: string,
      listener: EventListenerOrEventListenerObject,
    ) {
      if (this.mode === "readwrite" && type === "complete") lost ??= this;
      if (this !== lost || type === "error") return listen.call(this, type, listener);
      // Who waits for the abort hears of the completion, with an error.
      if (type === "abort") {
        listen.call(this, "complete", (event) => {
          Object.defineProperty(this, "error", { value: new DOMException("lost", "UnknownError") });
          (listener as EventListener)(event);
        });
      }
    } as typeof listen);
  }

  it("does not apply an ETag write twice, nor refuse it, when the answer to its commit was lost", async () => {
    const store = await open(new FakeClock(), undefined);
    await write(store, [upsert("k", "0")]);
    const change = upsert("k", "1", { etag: await etagOf(store, "k") });
    loseNextCommit();
    expect(await write(store, [change, upsert("other", "1", { concurrency: "first-write" })])).toEqual([
      "applied",
      "applied",
    ]);
    vi.restoreAllMocks();
    expect(await write(store, [change])).toEqual(["mismatch"]);
  });

  it("does not acknowledge what found no room, and keeps what was there", async () => {
    const store = await open(new FakeClock(), undefined);
    await write(store, [upsert("k", "0")]);
    const put = IDBObjectStore.prototype.put;
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (
      this: IDBObjectStore,
      value: { value?: Uint8Array },
      key?: IDBValidKey,
    ) {
      if ((value.value?.byteLength ?? 0) > 100) throw new DOMException("full", "QuotaExceededError");
      return put.call(this, value, key);
    });
    const answers = await Promise.allSettled([
      write(store, [upsert("a", "1")]),
      write(store, [upsert("k", "x".repeat(1000))]),
      write(store, [upsert("b", "1")]),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(answers[1]).toMatchObject({ reason: { code: "RESOURCE_EXHAUSTED" } });
    const values = await store.bulkGet(["k", "a", "b"]);
    expect(values.map((item) => new TextDecoder().decode(item?.value))).toEqual(["0", "1", "1"]);
  });

  it("says who denies the storage, and what to use instead", async () => {
    vi.spyOn(indexedDB, "open").mockImplementation(() => {
      throw new DOMException("denied", "SecurityError");
    });
    await expect(open(new FakeClock(), undefined)).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("state.in-memory"),
    });
  });
});

function keys(database: string, store: string): Promise<IDBValidKey[]> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(database);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const request = opening.result.transaction(store).objectStore(store).getAllKeys();
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        opening.result.close();
        resolve(request.result);
      };
    };
  });
}
