import { ComponentError } from "../../../host/errors/component-error.ts";
import { type Case, check, equal, etag, list, put, remove, upsert, write } from "./scenario.ts";

const atomic = { atomic: true } as const;
const listed = (key: string, more: Parameters<typeof upsert>[2] = {}) =>
  upsert(key, "1", { listed: true, ...more });

export const lists: readonly Case[] = [
  {
    name: "answers keys in the order of their bytes, from the first to before the last, and no more than asked for",
    needs: ["ACTOR"],
    async run(use) {
      const ordered = ["A", "a", "a!", "a10", "a2", "aa", "a||b", "b", "\u00e9", "\ud7ff", "\uffee"];
      for (const at of [5, 0, 9, 2, 7, 10, 3, 1, 8, 6, 4])
        await put(use.store, [listed(ordered[at] as string)]);
      await use.again();
      equal(await list(use.store, "", "\uffff"), ordered, "all");
      equal(await list(use.store, "a", "b"), ordered.slice(1, 7), "from a key to a key");
      equal(await list(use.store, "a\0", "a||"), ordered.slice(2, 6), "between keys");
      equal(await list(use.store, "a", "b", 2), ["a", "a!"], "the first two");
      equal(await list(use.store, "a", "b", 6), ordered.slice(1, 7), "exactly as many");
      for (const [from, to] of [
        ["a", "a"],
        ["b", "a"],
        ["", ""],
        ["c", "d"],
      ] as const) {
        equal(await list(use.store, from, to), [], `between ${from} and ${to}`);
      }
      await put(use.store, [listed("\u{1f600}")]);
      equal(await list(use.store, "b", "\u{1f601}", 1), ["b"], "below a character beyond U+FFFF");
    },
  },
  {
    name: "follows what is written and deleted, also in transactions, and not what is refused",
    needs: ["ACTOR"],
    async run(use) {
      await put(use.store, [listed("a"), listed("b"), listed("c")]);
      await put(use.store, [listed("b"), remove("c"), remove("missing")]);
      await use.again();
      equal(await list(use.store, "a", "z"), ["a", "b"], "after a second write and a delete");
      await put(
        use.store,
        [remove("a"), listed("d"), listed("e"), remove("e"), listed("a"), remove("b")],
        atomic,
      );
      await use.again();
      equal(await list(use.store, "a", "z"), ["a", "d"], "after a transaction");
      const bad = upsert("a", "x", { etag: "99", concurrency: "first-write" });
      await write(use.store, [listed("f"), remove("a"), upsert("d", "2"), remove("d"), bad], atomic);
      await use.again();
      equal(await list(use.store, "a", "z"), ["a", "d"], "after a transaction that was refused");
      await put(use.store, [listed("d", { etag: await etag(use.store, "d") })]);
      await write(use.store, [listed("g", { etag: "99" }), listed("a", { concurrency: "first-write" })]);
      equal(await list(use.store, "a", "z"), ["a", "d"], "after writes by their ETag");
      await put(use.store, [remove("d", { etag: await etag(use.store, "d") })]);
      await use.again();
      equal(await list(use.store, "a", "z"), ["a"], "after a delete by its ETag");
    },
  },
  {
    name: "leaves out what has expired, which does not count",
    needs: ["ACTOR", "TTL"],
    async run(use) {
      const mortal = Array.from({ length: 9 }, (_, i) => listed(`a${i}`, { ttlInSeconds: 5 }));
      await put(use.store, [...mortal, listed("a4", { ttlInSeconds: 0 }), listed("b"), listed("c")]);
      equal((await list(use.store, "a", "z", 3)).length, 3, "keys before their time");
      await use.clock.advance(7_000);
      await use.again();
      equal(await list(use.store, "a", "z", 2), ["a4", "b"], "the first two");
      await put(use.store, [listed("a1"), listed("a2", { concurrency: "first-write" })]);
      await use.again();
      equal(await list(use.store, "a", "z"), ["a1", "a2", "a4", "b", "c"], "with what was written again");
      await put(use.store, [listed("c", { ttlInSeconds: 5 })]);
      await use.clock.advance(61_000);
      equal(await list(use.store, "a5", "z"), ["b"], "later");
    },
  },
  {
    name: "is walked through page by page, whatever was written in what order",
    needs: ["ACTOR"],
    async run(use) {
      const keys = Array.from({ length: 450 }, (_, i) => `k${String(i).padStart(4, "0")}`);
      // Each number once, in no order.
      const shuffled = keys.map((_, i) => keys[(i * 167) % keys.length] as string);
      await put(
        use.store,
        shuffled.map((key) => listed(key)),
      );
      await put(
        use.store,
        keys.filter((_, i) => i % 3 === 0).map((key) => remove(key)),
        atomic,
      );
      await use.again();
      const found: string[] = [];
      for (let from = "k"; ; from = `${found.at(-1)}\0`) {
        const page = await list(use.store, from, "l", 64);
        found.push(...page);
        if (page.length < 64) break;
      }
      equal(
        found,
        keys.filter((_, i) => i % 3 !== 0),
        "the keys",
      );
    },
  },
  {
    name: "has at once what another store wrote and deleted on the same data",
    needs: ["ACTOR"],
    shared: true,
    async run(use) {
      const other = await use.another();
      await put(other, [listed("a"), listed("b")]);
      equal(await list(use.store, "a", "z"), ["a", "b"], "what was written");
      await put(use.store, [remove("a"), listed("c")], atomic);
      equal(await list(other, "a", "z"), ["b", "c"], "what was written and deleted");
    },
  },
  {
    name: "is refused by a store that is closed",
    needs: ["ACTOR"],
    async run(use) {
      await use.store.close();
      let failure: unknown;
      try {
        await list(use.store, "a", "z");
      } catch (error) {
        failure = error;
      }
      check(failure instanceof ComponentError, "a closed store fails with a ComponentError");
    },
  },
];
