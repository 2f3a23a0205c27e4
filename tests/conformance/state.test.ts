import { describe, expect, it } from "vitest";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import type { StateQuery } from "../../host/components/state/query.ts";
import type {
  Item,
  ListingStore,
  Operation,
  QueryableStore,
  Store,
  WriteBatch,
  WriteOutcome,
} from "../../host/components/state/store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { queryIndexes } from "./state/query.ts";
import { upsert } from "./state/scenario.ts";
import { storeConformance } from "./state.ts";
import { openWith, testContext } from "./test-context.ts";

/** A store that works except for one thing. */
type Flaw = (store: Store) => Partial<QueryableStore & ListingStore>;

const writeWith =
  (change: (batch: WriteBatch) => WriteBatch): Flaw =>
  (store) => ({ write: (batch) => store.write(change(batch)) });

const each = (batch: WriteBatch, change: (operation: never) => object): WriteBatch =>
  ({
    ...batch,
    operations: batch.operations.map((one) => ({ ...one, ...change(one as never) })),
  }) as WriteBatch;

const readWith =
  (change: (item: Item) => Item | undefined): Flaw =>
  (store) => ({
    get: async (key, consistency) => {
      const item = await store.get(key, consistency);
      return item === undefined ? undefined : change(item);
    },
  });

const queryWith =
  (change: (query: StateQuery) => StateQuery): Flaw =>
  (store) => ({ query: (query) => (store as QueryableStore).query(change(query)) });

const listWith =
  (change: (keys: readonly string[], from: string, to: string) => readonly string[]): Flaw =>
  (store) => ({
    list: async (from, to, limit) => change(await (store as ListingStore).list(from, to, limit), from, to),
  });

const flaws: Readonly<Record<string, Flaw>> = {
  "forgets what is written": () => ({ write: (batch) => batch.operations.map(() => undefined) }),
  "ignores ETags": writeWith((batch) => each(batch, () => ({ etag: undefined }))),
  "takes first-write for last-write": writeWith((batch) =>
    each(batch, () => ({ concurrency: "last-write" })),
  ),
  "ignores TTLs": writeWith((batch) => each(batch, () => ({ ttlInSeconds: undefined }))),
  "does half of a transaction": writeWith((batch) => ({ ...batch, atomic: false })),
  "makes everything a transaction": writeWith((batch) => ({ ...batch, atomic: true })),
  "forgets outcomes": writeWith((batch) => ({ ...batch, requestId: undefined })),
  "applies operations from the back": (store) => ({
    write: async (batch) => {
      const outcome = await store.write({ ...batch, operations: [...batch.operations].reverse() });
      return [...outcome].reverse();
    },
  }),
  "trims keys": (store) => ({
    get: (key, consistency) => store.get(key.trim(), consistency),
    write: (batch) => store.write(each(batch, ({ key }: { key: string }) => ({ key: key.trim() }))),
  }),
  "cuts values at a NUL": readWith((item) => {
    const end = item.value.indexOf(0);
    return end === -1 ? item : { ...item, value: item.value.slice(0, end) };
  }),
  "takes a value without bytes for none": readWith((item) =>
    item.value.byteLength === 0 ? undefined : item,
  ),
  "uses one ETag for all versions": readWith((item) => ({ ...item, etag: "1" })),
  "has no expiry time": readWith((item) => ({ ...item, expiresAt: undefined })),
  "answers bulk get without the missing": (store) => ({
    bulkGet: async (keys) => (await store.bulkGet(keys)).filter((item) => item !== undefined),
  }),
  "answers before it has checked": (store) => {
    const busy = new Map<string, Promise<WriteOutcome>>();
    return {
      write: async (batch) => {
        const key = batch.operations[0]?.key ?? "";
        const before = busy.get(key);
        const outcome = Promise.resolve(store.write(batch));
        busy.set(key, outcome);
        return before === undefined ? outcome : batch.operations.map(() => undefined);
      },
    };
  },
  "forgets the filter": queryWith((query) => ({ ...query, filter: undefined })),
  "forgets the sort": queryWith((query) => ({ ...query, sort: [], token: undefined })),
  "begins every page anew": queryWith((query) => ({ ...query, token: undefined })),
  "finds everybody's items": queryWith((query) => ({ ...query, keyPrefix: "" })),
  "takes every check for one that holds": (store) => ({
    write: async (batch) => {
      const changes = batch.operations.filter(({ kind }) => kind !== "check");
      const outcome = [...(await store.write({ ...batch, operations: changes }))];
      return batch.operations.map(({ kind }) => (kind === "check" ? undefined : outcome.shift()));
    },
  }),
  "writes what it was to compare": writeWith((batch) =>
    each(batch, (one: Operation) =>
      one.kind === "check" && one.etag !== undefined ? upsert(one.key, "1", { etag: one.etag }) : {},
    ),
  ),
  "lists without regard to the limit": (store) => ({
    list: (from, to) => (store as ListingStore).list(from, to, 1e6),
  }),
  "lists the end, too": (store) => ({
    list: (from, to, limit) => (store as ListingStore).list(from, `${to}\0`, limit),
  }),
  "lists without the beginning": (store) => ({
    list: (from, to, limit) => (store as ListingStore).list(`${from}\0`, to, limit),
  }),
  "lists in the order of letters": listWith((keys) => [...keys].sort((a, b) => a.localeCompare(b))),
  "does not list": listWith(() => []),
  "works on after closing": () => ({ close: () => Promise.resolve() }),
};

/** What the suite finds: one message for each case that fails. */
async function findings(flaw: Flaw): Promise<readonly string[]> {
  const clock = new FakeClock();
  const cases = storeConformance({
    name: "flawed",
    features: inMemoryStore.features,
    clock,
    async open() {
      const store = await openWith(inMemoryStore, testContext("s", clock), { queryIndexes });
      const whole: QueryableStore & ListingStore & { durability: string } = {
        durability: "memory",
        get: (key, consistency) => store.get(key, consistency),
        bulkGet: (keys) => store.bulkGet(keys),
        write: (batch) => store.write(batch),
        query: (query) => (store as QueryableStore).query(query),
        list: (...given) => (store as ListingStore).list(...given),
        close: () => store.close(),
      };
      return { ...whole, ...flaw(store) };
    },
  });
  const found: string[] = [];
  for (const { run } of cases) {
    await run().catch((error: unknown) => found.push(error instanceof Error ? error.message : String(error)));
  }
  return found;
}

describe("the conformance suite of state stores", () => {
  it("passes a store without a flaw", async () => {
    expect(await findings(() => ({}))).toEqual([]);
  });

  it.each(Object.entries(flaws))("notices a store that %s", async (_, flaw) => {
    expect(await findings(flaw)).not.toEqual([]);
  });
});
