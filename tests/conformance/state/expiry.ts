import { type Case, check, equal, etag, item, put, read, remove, told, upsert, write } from "./scenario.ts";

export const expiry: readonly Case[] = [
  {
    name: "an item with a TTL is missing after it",
    needs: ["TTL"],
    async run(use) {
      await put(use.store, [upsert("k", "1", { ttlInSeconds: 10 }), upsert("kept", "1")]);
      const expiresAt = (await item(use.store, "k")).expiresAt;
      check(
        expiresAt !== undefined && Math.abs(expiresAt - (use.clock.now() + 10_000)) <= 1000,
        "expiresAt is ten seconds away",
      );
      equal((await item(use.store, "kept")).expiresAt, undefined, "expiresAt of an item without a TTL");
      await use.clock.advance(8_000);
      await use.again();
      equal(await read(use.store, "k"), "1", "the value before its time");
      equal((await item(use.store, "k")).expiresAt, expiresAt, "expiresAt");
      await use.clock.advance(4_000);
      await use.again();
      equal(await read(use.store, "k"), undefined, "the item after its time");
      equal(
        (await use.store.bulkGet(["k", "kept"])).map((one) => one !== undefined),
        [false, true],
        "in bulk",
      );
    },
  },
  {
    name: "an item is missing from the very moment of its expiry",
    needs: ["TTL", "ETAG"],
    async run(use) {
      await put(use.store, [upsert("k", "1", { ttlInSeconds: 10 }), upsert("l", "1", { ttlInSeconds: 10 })]);
      const [k, l] = [await item(use.store, "k"), await etag(use.store, "l")];
      await use.again();
      await use.clock.advance((k.expiresAt ?? 0) - use.clock.now());
      equal(await read(use.store, "k"), undefined, "the item");
      equal(told(await write(use.store, [remove("l", { etag: l })])), ["mismatch"], "its ETag");
      await put(use.store, [upsert("k", "2", { concurrency: "first-write" })]);
      equal(await read(use.store, "k"), "2", "what was created in its place");
    },
  },
  {
    name: "a write without a TTL takes it away, one with a TTL renews it",
    needs: ["TTL"],
    async run(use) {
      await put(use.store, [upsert("a", "1", { ttlInSeconds: 10 }), upsert("b", "1", { ttlInSeconds: 10 })]);
      await put(use.store, [upsert("a", "2"), upsert("b", "2", { ttlInSeconds: 100 })]);
      await use.again();
      await use.clock.advance(50_000);
      equal([await read(use.store, "a"), await read(use.store, "b")], ["2", "2"], "the values");
      await use.clock.advance(60_000);
      equal([await read(use.store, "a"), await read(use.store, "b")], ["2", undefined], "later");
    },
  },
  {
    name: "a TTL of 0 keeps an item for ever",
    needs: ["TTL"],
    async run(use) {
      await put(use.store, [upsert("a", "1", { ttlInSeconds: 10 })]);
      await put(use.store, [upsert("a", "2", { ttlInSeconds: 0 }), upsert("b", "2", { ttlInSeconds: 0 })]);
      await use.again();
      equal((await item(use.store, "a")).expiresAt, undefined, "expiresAt");
      await use.clock.advance(50_000);
      equal([await read(use.store, "a"), await read(use.store, "b")], ["2", "2"], "the values");
    },
  },
  {
    name: "an expired item is a missing one for ETags",
    needs: ["TTL", "ETAG"],
    async run(use) {
      await put(use.store, [upsert("k", "1", { ttlInSeconds: 5 })]);
      const old = await etag(use.store, "k");
      await use.clock.advance(7_000);
      await use.again();
      equal(told(await write(use.store, [upsert("k", "2", { etag: old })])), ["mismatch"], "a write");
      equal(told(await write(use.store, [remove("k", { etag: old })])), ["mismatch"], "a delete");
      await put(use.store, [remove("k", { concurrency: "first-write" })]);
      await put(use.store, [upsert("k", "3", { concurrency: "first-write" })]);
      check((await etag(use.store, "k")) !== old, "the new item has a new ETag");
      await use.clock.advance(100_000);
      equal(await read(use.store, "k"), "3", "the value, which has no TTL");
    },
  },
  {
    name: "a TTL in a transaction counts",
    needs: ["TTL", "TRANSACTIONAL"],
    async run(use) {
      await put(use.store, [upsert("a", "1", { ttlInSeconds: 5 }), upsert("b", "1")], { atomic: true });
      await use.clock.advance(7_000);
      await use.again();
      equal([await read(use.store, "a"), await read(use.store, "b")], [undefined, "1"], "the values");
    },
  },
  {
    name: "a TTL of a hundred years is not an overflow",
    needs: ["TTL"],
    async run(use) {
      await put(use.store, [upsert("k", "1", { ttlInSeconds: 100 * 365 * 86_400 })]);
      await use.again();
      await use.clock.advance(1_000);
      equal(await read(use.store, "k"), "1", "the value");
    },
  },
];
