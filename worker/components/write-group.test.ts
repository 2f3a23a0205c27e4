import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Operation, WriteBatch, WriteOutcome } from "../../host/components/state/store.ts";
import type { StoredItem, StoredOutcome, Tombstone } from "./state-layout.ts";
import { type Changes, decide, needsOf, type Writer } from "./write-group.ts";

/** The three stores, as a transaction finds and leaves them. */
class Stores {
  readonly items = new Map<string, StoredItem>();
  readonly tombstones = new Map<string, Tombstone>();
  readonly outcomes = new Map<string, StoredOutcome>();

  commit(batches: readonly WriteBatch[], writer: Writer): readonly WriteOutcome[] {
    const needs = needsOf(batches);
    const pick = <T>(keys: ReadonlySet<string>, from: ReadonlyMap<string, T>) =>
      new Map([...keys].map((key) => [key, from.get(key)]));
    const changes = decide(
      batches,
      {
        items: pick(needs.items, this.items),
        tombstones: pick(needs.tombstones, this.tombstones),
        outcomes: pick(needs.outcomes, this.outcomes),
      },
      writer,
    );
    this.#apply(changes);
    return changes.results;
  }

  #apply(changes: Changes): void {
    for (const name of ["items", "tombstones", "outcomes"] as const) {
      const store = this[name] as Map<string, unknown>;
      for (const [key, value] of changes[name]) {
        if (value === undefined) store.delete(key);
        else store.set(key, value);
      }
    }
  }
}

const key = fc.constantFrom("a", "b", "__proto__");
// The writers below number the versions from 1 on, so that these are often right, and often not.
const etag = fc.option(
  fc.integer({ min: 1, max: 12 }).map((n) => `v${n}`),
  { nil: undefined },
);
const concurrency = fc.constantFrom("first-write" as const, "last-write" as const, undefined);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant("upsert" as const),
    key,
    value: fc.uint8Array({ maxLength: 2, min: 0, max: 2 }),
    etag,
    concurrency,
    ttlInSeconds: fc.constantFrom(undefined, 1, 100),
    contentType: fc.constant(undefined),
  }),
  fc.record({ kind: fc.constant("delete" as const), key, etag, concurrency }),
  fc.record({ kind: fc.constant("check" as const), key, etag }),
);

const batch: fc.Arbitrary<WriteBatch> = fc.record({
  operations: fc.array(operation, { maxLength: 4 }),
  atomic: fc.boolean(),
  consistency: fc.constant(undefined),
  requestId: fc.constantFrom(undefined, undefined, "r1", "r2", "__proto__"),
});

function writers(serviceWorker: boolean): () => Writer {
  let versions = 0;
  const incarnation = serviceWorker ? { id: "now", startedAt: 900 } : undefined;
  return () => ({ incarnation, now: 1_000, etag: () => `v${++versions}` });
}

const told = (results: readonly WriteOutcome[]) =>
  results.map((outcome) => outcome.map((error) => error?.kind ?? "applied"));

/** The rules of the store's interface, written down once more, for one operation on a map of values by key. */
function expected(items: ReadonlyMap<string, StoredItem>, operation: Operation): boolean {
  const { kind, key, etag } = operation;
  const current = items.get(key)?.etag;
  if (etag !== undefined || kind === "check") return current === etag;
  return kind === "delete" || operation.concurrency !== "first-write" || current === undefined;
}

describe("a group of writes", () => {
  it("has the results and the effects of its batches one after the other", () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 12 }), fc.boolean(), (batches, serviceWorker) => {
        const [together, apart] = [new Stores(), new Stores()];
        const [one, another] = [writers(serviceWorker), writers(serviceWorker)];
        const grouped = told(together.commit(batches, one()));
        const single = batches.flatMap((each) => told(apart.commit([each], another())));
        expect(grouped).toEqual(single);
        expect(together).toEqual(apart);
      }),
      { numRuns: 2_000 },
    );
  });

  it("applies what the rules of ETags let pass, an atomic batch wholly or not at all", () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 8 }), (batches) => {
        const stores = new Stores();
        const writer = writers(false);
        const known = new Map<string, WriteOutcome>();
        for (const each of batches) {
          const before = new Map(stores.items);
          const [outcome] = stores.commit([each], writer()) as [WriteOutcome];
          const repeated = each.requestId === undefined ? undefined : known.get(each.requestId);
          if (repeated !== undefined) {
            expect(new Map(stores.items)).toEqual(before);
            continue;
          }
          if (each.requestId !== undefined) known.set(each.requestId, outcome);
          if (each.atomic && outcome.some((error) => error !== undefined)) {
            expect(outcome.filter((error) => error !== undefined)).toHaveLength(1);
            expect(new Map(stores.items)).toEqual(before);
          } else if (each.operations.length === 1) {
            const [only] = each.operations as [Operation];
            expect(outcome[0] === undefined).toBe(expected(before, only));
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
