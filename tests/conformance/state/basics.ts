import { bytes, type Case, equal, item, put, read, remove, upsert } from "./scenario.ts";

const every = Uint8Array.from({ length: 256 }, (_, i) => i);

const values: Readonly<Record<string, Uint8Array>> = {
  "JSON with its blanks and escapes": bytes('{ "b" : 1.0e3,\n"a":"\\u00e9\\u0000" }'),
  "text beyond the basic plane": bytes('"\u{1F600} \u00e9 e\u0301"'),
  "a byte order mark": bytes("\ufeff1"),
  "a NUL": bytes("a\0b"),
  "all byte values": every,
  "bytes that are not UTF-8": Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80),
  "no bytes at all": new Uint8Array(0),
  "a million bytes": Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 7919) % 251),
};

/** Keys that a store must take as nothing but names, all different from each other. */
const keys = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "app||key",
  "a'; DROP TABLE state; --",
  "%",
  "_",
  "key",
  "Key",
  "key ",
  " key",
  "key\0",
  "key\0more",
  "\u00e9",
  "e\u0301",
  "\u{1F600}",
  "1",
  "01",
  "null",
  "x".repeat(10_000),
  `${"x".repeat(10_000)}y`,
];

export const basics: readonly Case[] = [
  {
    name: "a missing key has no item",
    needs: [],
    async run(use) {
      equal(await read(use.store, "nothing"), undefined, "a key never written");
      await use.again();
      equal(await read(use.store, "nothing"), undefined, "a key never written");
    },
  },
  ...Object.entries(values).map(
    ([what, value]): Case => ({
      name: `keeps ${what} byte for byte`,
      needs: [],
      async run(use) {
        await put(use.store, [upsert("k", value.slice())]);
        await use.again();
        equal((await item(use.store, "k")).value, value, "the value");
        const [bulk] = await use.store.bulkGet(["k"]);
        equal(bulk?.value, value, "the value read in bulk");
      },
    }),
  ),
  {
    name: "takes any key as a name",
    needs: [],
    async run(use) {
      await put(
        use.store,
        keys.map((key, i) => upsert(key, String(i))),
      );
      await use.again();
      for (const [i, key] of keys.entries()) equal(await read(use.store, key), String(i), `key ${i}`);
      const bulk = await use.store.bulkGet(keys);
      for (const [i] of keys.entries()) equal(bulk[i]?.value, bytes(String(i)), `key ${i} in bulk`);
      await put(
        use.store,
        keys.map((key) => remove(key)),
      );
      await use.again();
      for (const [i, key] of keys.entries()) equal(await read(use.store, key), undefined, `deleted key ${i}`);
    },
  },
  {
    name: "the last write wins without an ETag",
    needs: [],
    async run(use) {
      await put(use.store, [upsert("k", "1")]);
      await use.again();
      await put(use.store, [upsert("k", "2", { concurrency: "last-write" })]);
      await use.again();
      equal(await read(use.store, "k"), "2", "the value");
    },
  },
  {
    name: "operations on one key in one batch act in order",
    needs: [],
    async run(use) {
      await put(use.store, [upsert("k", "1"), remove("k"), upsert("k", "2"), upsert("k", "3")]);
      await put(use.store, [upsert("gone", "1"), remove("gone")]);
      await use.again();
      equal(await read(use.store, "k"), "3", "the value");
      equal(await read(use.store, "gone"), undefined, "what was deleted last");
    },
  },
  {
    name: "deleting what is not there succeeds",
    needs: [],
    async run(use) {
      await put(use.store, [remove("nothing")]);
      await put(use.store, [upsert("k", "1")]);
      await use.again();
      await put(use.store, [remove("k"), remove("k")]);
      await use.again();
      equal(await read(use.store, "k"), undefined, "the deleted item");
    },
  },
  {
    name: "an empty batch is nothing",
    needs: [],
    async run(use) {
      await put(use.store, []);
      await put(use.store, [], { atomic: true });
      equal(await use.store.bulkGet([]), [], "no keys");
    },
  },
  {
    name: "bulk get answers in order, missing and repeated keys included",
    needs: [],
    async run(use) {
      await put(use.store, [upsert("a", "1"), upsert("b", "2")]);
      await use.again();
      const found = await use.store.bulkGet(["b", "nothing", "a", "b"]);
      equal(
        found.map((one) => one?.value),
        [bytes("2"), undefined, bytes("1"), bytes("2")],
        "the values",
      );
    },
  },
  {
    name: "an item read is the reader's own",
    needs: [],
    async run(use) {
      await put(use.store, [upsert("k", "12345")]);
      (await item(use.store, "k")).value.fill(0);
      (await use.store.bulkGet(["k"]))[0]?.value.fill(0);
      await use.again();
      equal(await read(use.store, "k"), "12345", "the value after a reader wrote over its copy");
    },
  },
  {
    name: "both consistencies write and read",
    needs: [],
    async run(use) {
      await put(use.store, [upsert("s", "1")], { consistency: "strong" });
      await put(use.store, [upsert("e", "2")], { consistency: "eventual" });
      await use.again();
      equal((await use.store.get("s", "strong"))?.value, bytes("1"), "the strong one");
      equal((await use.store.get("e", "eventual"))?.value, bytes("2"), "the eventual one");
    },
  },
];
