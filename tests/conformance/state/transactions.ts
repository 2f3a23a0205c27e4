import { type Case, equal, etag, put, read, remove, told, upsert, write } from "./scenario.ts";

const atomic = { atomic: true } as const;

export const transactions: readonly Case[] = [
  {
    name: "applies all of it",
    needs: ["TRANSACTIONAL"],
    async run(use) {
      await put(use.store, [upsert("old", "1"), upsert("kept", "1")]);
      await use.again();
      await put(use.store, [upsert("a", "1"), remove("old"), upsert("b", "2"), remove("nothing")], atomic);
      await use.again();
      equal(
        [await read(use.store, "a"), await read(use.store, "old"), await read(use.store, "b")],
        ["1", undefined, "2"],
        "the values",
      );
      equal(await read(use.store, "kept"), "1", "what it does not name");
    },
  },
  {
    name: "applies nothing where one operation is refused, wherever it stands",
    needs: ["TRANSACTIONAL", "ETAG"],
    async run(use) {
      await put(use.store, [upsert("a", "old"), upsert("gone", "old")]);
      const before = await etag(use.store, "a");
      const good = [upsert("a", "new"), upsert("b", "new"), remove("gone")];
      const bad = upsert("key-2", "x", { etag: "99", concurrency: "first-write" });
      for (let at = 0; at <= good.length; at++) {
        const outcome = await write(use.store, [...good.slice(0, at), bad, ...good.slice(at)], atomic);
        equal(outcome.length, good.length + 1, "an answer for each operation");
        equal(
          outcome.findIndex((error) => error !== undefined),
          at,
          "the operation that is to blame",
        );
        await use.again();
        equal(
          [
            await read(use.store, "a"),
            await read(use.store, "b"),
            await read(use.store, "gone"),
            await read(use.store, "key-2"),
          ],
          ["old", undefined, "old", undefined],
          "the values",
        );
        equal(await etag(use.store, "a"), before, "the ETag of what was not changed");
      }
    },
  },
  {
    name: "operations see those before them",
    needs: ["TRANSACTIONAL", "ETAG"],
    async run(use) {
      const create = { concurrency: "first-write" } as const;
      await put(use.store, [upsert("k", "1", create), remove("k"), upsert("k", "2", create)], atomic);
      await use.again();
      equal(await read(use.store, "k"), "2", "the value");
      const twice = await write(use.store, [upsert("n", "1", create), upsert("n", "2", create)], atomic);
      equal(told(twice), ["applied", "mismatch"], "a second creation");
      const current = await etag(use.store, "k");
      const stale = await write(use.store, [upsert("k", "3"), upsert("k", "4", { etag: current })], atomic);
      equal(told(stale), ["applied", "mismatch"], "an ETag that the transaction itself has outdated");
      await use.again();
      equal([await read(use.store, "n"), await read(use.store, "k")], [undefined, "2"], "the values");
    },
  },
  {
    name: "holds a hundred operations",
    needs: ["TRANSACTIONAL"],
    async run(use) {
      const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
      await put(
        use.store,
        keys.map((key) => upsert(key, key)),
        atomic,
      );
      await use.again();
      const found = await use.store.bulkGet(keys);
      equal(found.filter((one) => one !== undefined).length, 100, "items");
    },
  },
  {
    name: "parallel transfers lose and create nothing",
    needs: ["TRANSACTIONAL", "ETAG"],
    async run(use) {
      const accounts = ["a", "b", "c", "d"];
      await put(
        use.store,
        accounts.map((account) => upsert(account, "100")),
      );
      let applied = 0;
      const transfer = async (worker: number) => {
        for (let round = 0; round < 10; round++) {
          const from = accounts[(worker + round) % 4] as string;
          const to = accounts[(worker + round + 1 + (round % 3)) % 4] as string;
          for (let attempt = 0; ; attempt++) {
            const [source, target] = await use.store.bulkGet([from, to]);
            if (source === undefined || target === undefined) throw new Error("an account is gone");
            const amount = (bytes: Uint8Array) => Number(new TextDecoder().decode(bytes));
            const outcome = await write(
              use.store,
              [
                upsert(from, String(amount(source.value) - 1), { etag: source.etag }),
                upsert(to, String(amount(target.value) + 1), { etag: target.etag }),
              ],
              atomic,
            );
            if (outcome.every((error) => error === undefined)) break;
            if (attempt > 500) throw new Error("a transfer never succeeds");
          }
          applied++;
        }
      };
      await Promise.all(Array.from({ length: 8 }, (_, worker) => transfer(worker)));
      await use.again();
      const balances = await Promise.all(accounts.map(async (one) => Number(await read(use.store, one))));
      equal(applied, 80, "transfers");
      equal(
        balances.reduce((sum, one) => sum + one),
        400,
        "the sum",
      );
    },
  },
];
