import { type Case, check, equal, etag, item, put, read, remove, told, upsert, write } from "./scenario.ts";

export const concurrency: readonly Case[] = [
  {
    name: "every version has an ETag of its own",
    needs: ["ETAG"],
    async run(use) {
      const seen = new Set<string>();
      for (let i = 0; i < 5; i++) {
        await put(use.store, [upsert("k", "same")]);
        await use.again();
        seen.add(await etag(use.store, "k"));
        equal((await item(use.store, "k")).etag, [...seen].at(-1), "an ETag without a write between");
      }
      equal(seen.size, 5, "different ETags of five writes of one value");
      const [bulk] = await use.store.bulkGet(["k"]);
      equal(bulk?.etag, await etag(use.store, "k"), "the ETag read in bulk");
    },
  },
  {
    name: "a write with the current ETag is applied, with a stale one refused",
    needs: ["ETAG"],
    async run(use) {
      await put(use.store, [upsert("k", "1")]);
      const first = await etag(use.store, "k");
      await use.again();
      await put(use.store, [upsert("k", "2", { etag: first, concurrency: "first-write" })]);
      await use.again();
      for (const concurrency of ["first-write", "last-write", undefined] as const) {
        const outcome = await write(use.store, [upsert("k", "3", { etag: first, concurrency })]);
        equal(told(outcome), ["mismatch"], `a stale ETag with ${concurrency}`);
      }
      equal(
        outcome(await write(use.store, [upsert("k", "3", { etag: "no-such-etag" })])),
        true,
        "a made-up ETag",
      );
      equal(await read(use.store, "k"), "2", "the value");
    },
  },
  {
    name: "an ETag does not match a missing item",
    needs: ["ETAG"],
    async run(use) {
      await put(use.store, [upsert("k", "1")]);
      const old = await etag(use.store, "k");
      await put(use.store, [remove("k")]);
      await use.again();
      equal(told(await write(use.store, [upsert("k", "2", { etag: old })])), ["mismatch"], "a write");
      equal(told(await write(use.store, [remove("k", { etag: old })])), ["mismatch"], "a delete");
      equal(await read(use.store, "k"), undefined, "the item");
    },
  },
  {
    name: "first-write without an ETag only creates",
    needs: ["ETAG"],
    async run(use) {
      const create = upsert("k", "1", { concurrency: "first-write" });
      await put(use.store, [create]);
      await use.again();
      equal(
        told(await write(use.store, [{ ...create, value: new Uint8Array(1) }])),
        ["mismatch"],
        "a second",
      );
      equal(await read(use.store, "k"), "1", "the value");
      await put(use.store, [remove("k", { concurrency: "first-write" })]);
      equal(await read(use.store, "k"), undefined, "the item after a delete, which needs no ETag");
    },
  },
  {
    name: "a delete with the current ETag is applied, with a stale one refused",
    needs: ["ETAG"],
    async run(use) {
      await put(use.store, [upsert("k", "1")]);
      const first = await etag(use.store, "k");
      await put(use.store, [upsert("k", "2")]);
      await use.again();
      equal(told(await write(use.store, [remove("k", { etag: first })])), ["mismatch"], "a stale ETag");
      equal(await read(use.store, "k"), "2", "the value");
      await put(use.store, [remove("k", { etag: await etag(use.store, "k") })]);
      await use.again();
      equal(await read(use.store, "k"), undefined, "the item");
    },
  },
  {
    name: "an ETag never comes back, not even after a delete",
    needs: ["ETAG"],
    async run(use) {
      const seen = new Set<string>();
      for (let i = 0; i < 4; i++) {
        await put(use.store, [upsert("k", "same")]);
        const now = await etag(use.store, "k");
        check(!seen.has(now), "a re-created item has a new ETag");
        for (const old of seen) {
          equal(told(await write(use.store, [upsert("k", "x", { etag: old })])), ["mismatch"], "an old ETag");
        }
        seen.add(now);
        await put(use.store, [remove("k")]);
        await use.again();
      }
    },
  },
  {
    name: "outside a transaction a refused operation leaves the others alone",
    needs: ["ETAG"],
    async run(use) {
      await put(use.store, [upsert("b", "old")]);
      const outcome = await write(use.store, [
        upsert("a", "1"),
        upsert("b", "2", { etag: "no-such-etag" }),
        upsert("c", "3"),
        remove("d", { etag: "no-such-etag" }),
      ]);
      equal(
        outcome.map((error) => error === undefined),
        [true, false, true, false],
        "what was applied",
      );
      await use.again();
      equal(
        [await read(use.store, "a"), await read(use.store, "b"), await read(use.store, "c")],
        ["1", "old", "3"],
        "the values",
      );
    },
  },
  {
    name: "of two writes with one ETag in one batch the second is refused",
    needs: ["ETAG"],
    async run(use) {
      await put(use.store, [upsert("k", "0")]);
      const current = await etag(use.store, "k");
      const twice = [upsert("k", "1", { etag: current }), upsert("k", "2", { etag: current })];
      equal(told(await write(use.store, twice)), ["applied", "mismatch"], "the outcome");
      const fresh = [
        upsert("new", "1", { concurrency: "first-write" }),
        upsert("new", "2", { concurrency: "first-write" }),
      ];
      equal(told(await write(use.store, fresh)), ["applied", "mismatch"], "two creations");
      await use.again();
      equal([await read(use.store, "k"), await read(use.store, "new")], ["1", "1"], "the values");
    },
  },
  {
    name: "of 100 parallel first writes one wins",
    needs: ["ETAG"],
    async run(use) {
      await race(use.store, (i) =>
        use.store.write(single(upsert("k", String(i), { concurrency: "first-write" }))),
      );
      await use.again();
      await put(use.store, [upsert("other", "0")]);
      const current = await etag(use.store, "other");
      await race(
        use.store,
        (i) => use.store.write(single(upsert("other", String(i), { etag: current }))),
        "other",
      );
    },
  },
  {
    name: "of 100 parallel first writes through two stores on the same data one wins",
    needs: ["ETAG"],
    shared: true,
    async run(use) {
      const other = await use.another();
      await race(use.store, (i) =>
        (i % 2 === 0 ? use.store : other).write(
          single(upsert("k", String(i), { concurrency: "first-write" })),
        ),
      );
      equal(await read(other, "k"), await read(use.store, "k"), "what both read");
    },
  },
];

const single = (operation: ReturnType<typeof upsert>) => ({
  operations: [operation],
  atomic: false,
  consistency: undefined,
  requestId: undefined,
});

const outcome = (answer: Awaited<ReturnType<typeof write>>): boolean => answer[0] !== undefined;

type Written = ReturnType<Parameters<typeof write>[0]["write"]>;

async function race(
  store: Parameters<typeof write>[0],
  run: (i: number) => Written,
  key = "k",
): Promise<void> {
  const outcomes = await Promise.all(Array.from({ length: 100 }, async (_, i) => told(await run(i))[0]));
  const winners = outcomes.flatMap((one, i) => (one === "applied" ? [String(i)] : []));
  equal(winners.length, 1, "winners");
  equal(outcomes.filter((one) => one === "mismatch").length, 99, "refusals");
  equal(await read(store, key), winners[0], "the winner's value");
}
