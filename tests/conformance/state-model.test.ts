import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { FileStore } from "../../host/components/state/files/file-store.ts";
import { inMemoryStore } from "../../host/components/state/in-memory.ts";
import { type ListingStore, type Operation, OUTCOME_TTL_MS } from "../../host/components/state/store.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { sqliteStore } from "../../host/node/components/state-sqlite.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { openOnRedis, RedisClock } from "./redis-clock.ts";
import { MemoryFolder } from "./state/memory-folder.ts";
import { openWith, testContext } from "./test-context.ts";

/** Random histories of a store, held against a model that is too simple to be wrong. */

const keys = ["a", "b", "__proto__"] as const;

interface Wish {
  readonly key: (typeof keys)[number];
  readonly kind: "upsert" | "delete" | "check";
  readonly etag: "none" | "current" | "earlier" | "foreign";
  readonly concurrency: "first-write" | "last-write" | undefined;
  readonly ttlInSeconds: number | undefined;
  readonly listed: boolean;
}

type Step =
  | {
      readonly do: "write";
      readonly wishes: readonly Wish[];
      readonly atomic: boolean;
      readonly id: string | undefined;
    }
  | { readonly do: "wait"; readonly seconds: number }
  | { readonly do: "reopen" };

const wish: fc.Arbitrary<Wish> = fc.record({
  key: fc.constantFrom(...keys),
  kind: fc.constantFrom("upsert", "upsert", "delete", "check"),
  etag: fc.constantFrom("none", "none", "current", "current", "earlier", "foreign"),
  concurrency: fc.constantFrom(undefined, "first-write", "last-write"),
  ttlInSeconds: fc.constantFrom(undefined, undefined, 5, 20),
  listed: fc.boolean(),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("write" as const),
      wishes: fc.array(wish, { minLength: 1, maxLength: 4 }),
      atomic: fc.boolean(),
      id: fc.constantFrom(undefined, undefined, "r1", "r2", "r3"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      seconds: fc.constantFrom(2, 5, 15, OUTCOME_TTL_MS / 1000 + 1),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "reopen" as const }) },
);

interface Kept {
  readonly text: string;
  readonly listed: boolean;
  readonly etag: string | undefined;
  readonly until: number | undefined;
}

/** What the store must hold. ETags are the store's own, read back after every write. */
class Model {
  items = new Map<string, Kept>();
  readonly earlier = new Map<string, string[]>();
  readonly outcomes = new Map<string, { readonly applied: readonly boolean[]; readonly until: number }>();

  live(key: string, now: number): Kept | undefined {
    const kept = this.items.get(key);
    return kept === undefined || (kept.until !== undefined && kept.until <= now) ? undefined : kept;
  }

  apply(operations: readonly Operation[], atomic: boolean, now: number): boolean[] {
    const before = new Map(this.items);
    const applied: boolean[] = [];
    for (const operation of operations) {
      const { kind, key, etag } = operation;
      const current = this.live(key, now);
      const creates = kind === "check" || (kind === "upsert" && operation.concurrency === "first-write");
      const fits = etag !== undefined ? current?.etag === etag : !creates || current === undefined;
      applied.push(fits);
      if (!fits && atomic) {
        this.items = before;
        return [...applied, ...operations.slice(applied.length).map(() => true)];
      }
      if (!fits) continue;
      if (operation.kind === "delete") this.items.delete(key);
      else if (operation.kind === "upsert") {
        const text = new TextDecoder().decode(operation.value);
        const { ttlInSeconds, listed = false } = operation;
        // No operation of the same batch can know it: it is the store's to give.
        this.items.set(key, {
          text,
          listed,
          etag: undefined,
          until: ttlInSeconds === undefined ? undefined : now + ttlInSeconds * 1000,
        });
      }
    }
    return applied;
  }
}

async function live(
  store: ListingStore,
  clock: FakeClock,
  steps: readonly Step[],
  reopen: () => Promise<ListingStore>,
) {
  const model = new Model();
  let count = 0;
  for (const one of steps) {
    if (one.do === "wait") await clock.advance(one.seconds * 1000);
    else if (one.do === "reopen") store = await reopen();
    else {
      const now = clock.now();
      const operations = one.wishes.map((asked): Operation => {
        const current = model.live(asked.key, now)?.etag;
        const etag = {
          none: undefined,
          current,
          earlier: model.earlier.get(asked.key)?.[0],
          foreign: "no-such-etag",
        }[asked.etag];
        if (asked.kind === "check") return { kind: "check", key: asked.key, etag };
        const common = { key: asked.key, etag, concurrency: asked.concurrency };
        if (asked.kind === "delete") return { kind: "delete", ...common };
        const value = new TextEncoder().encode(String(++count));
        const { ttlInSeconds, listed } = asked;
        return {
          ...{ kind: "upsert", ...common, value, ttlInSeconds, contentType: undefined },
          ...(listed && { listed }),
        };
      });
      // An id stands for one request, and the model's requests differ in their number of operations.
      const requestId = one.id === undefined ? undefined : `${one.id}-${operations.length}-${one.atomic}`;
      const recorded = requestId === undefined ? undefined : model.outcomes.get(requestId);
      const outcome = await store.write({
        operations,
        atomic: one.atomic,
        consistency: undefined,
        requestId,
      });
      const applied = outcome.map((refusal) => refusal === undefined);
      if (recorded !== undefined && recorded.until > now) expect(applied).toEqual(recorded.applied);
      else {
        const expected = model.apply(operations, one.atomic, now);
        expect(applied).toEqual(expected);
        if (requestId !== undefined) {
          model.outcomes.set(requestId, { applied: expected, until: now + OUTCOME_TTL_MS });
        }
      }
    }
    const now = clock.now();
    const there = [...keys].sort().filter((key) => model.live(key, now) !== undefined);
    const promised = there.filter((key) => model.live(key, now)?.listed);
    const listed = await store.list("_", "c", keys.length);
    expect(there.filter((key) => listed.includes(key))).toEqual(listed);
    expect(promised.filter((key) => listed.includes(key))).toEqual(promised);
    expect(await store.list("_", "c", 1)).toEqual(listed.slice(0, 1));
    const bulk = await store.bulkGet(keys);
    for (const [i, key] of keys.entries()) {
      const item = await store.get(key, undefined);
      expect(bulk[i]).toEqual(item);
      const kept = model.live(key, now);
      expect(item === undefined ? undefined : new TextDecoder().decode(item.value)).toBe(kept?.text);
      if (item === undefined || kept === undefined) continue;
      expect(item.expiresAt).toBe(kept.until);
      if (kept.etag !== undefined) expect(item.etag).toBe(kept.etag);
      else {
        const earlier = model.earlier.get(key) ?? [];
        expect(earlier).not.toContain(item.etag);
        model.earlier.set(key, [...earlier, item.etag as string]);
        model.items.set(key, { ...kept, etag: item.etag });
      }
    }
  }
  await store.close();
}

const folder = mkdtempSync(join(tmpdir(), "daprlet-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

const histories = fc.array(step, { minLength: 1, maxLength: 40 });

describe("random histories", () => {
  it("of state.in-memory are those of the model", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const clock = new FakeClock();
        const store = await openWith(inMemoryStore, testContext("s", clock));
        await live(store, clock, steps, () => Promise.resolve(store));
      }),
      { numRuns: 300 },
    );
  });

  it("of state.sqlite are those of the model, over reopenings too", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const clock = new FakeClock();
        const connectionString = join(folder, `${++files}.db`);
        let store: ListingStore | undefined;
        const open = async (): Promise<ListingStore> => {
          await store?.close();
          store = await sqliteStore.open(
            decodeMetadata(
              "s",
              sqliteStore.metadata,
              new Map([["connectionString", connectionString]]),
              () => undefined,
            ),
            testContext("s", clock),
          );
          return store;
        };
        await live(await open(), clock, steps, open);
      }),
      { numRuns: 100 },
    );
  });
});

describe("random histories of files", () => {
  it("are those of the model, over reopenings too", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const clock = new FakeClock();
        const files = new Map<string, Uint8Array>();
        let store: ListingStore | undefined;
        const open = async (): Promise<ListingStore> => {
          await store?.close();
          store = await new FileStore(new MemoryFolder(files), testContext("s", clock)).open();
          return store;
        };
        await live(await open(), clock, steps, open);
      }),
      { numRuns: 200 },
    );
  });
});

describeWithRedis("random histories on Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it("are those of the model, over reopenings too", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        await server.flush();
        const clock = new RedisClock(() => server);
        let store: ListingStore | undefined;
        const open = async (): Promise<ListingStore> => {
          await store?.close();
          store = await openOnRedis(server, clock);
          return store;
        };
        await live(await open(), clock, steps, open);
      }),
      { numRuns: 50 },
    );
  });
});
