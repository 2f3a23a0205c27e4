import { type Case, compare, equal, etag, item, put, read, remove, told, upsert, write } from "./scenario.ts";

const atomic = { atomic: true } as const;

export const checks: readonly Case[] = [
  {
    name: "one that holds lets the rest of the batch pass, and changes nothing itself",
    needs: ["ACTOR"],
    async run(use) {
      await put(use.store, [upsert("fence", "1", { ttlInSeconds: 100 })]);
      const before = await item(use.store, "fence");
      await use.again();
      const changes = [upsert("a", "1"), compare("nothing", undefined), upsert("b", "2"), remove("c")];
      await put(use.store, [compare("fence", before.etag), ...changes], atomic);
      await put(use.store, [compare("fence", before.etag)], atomic);
      await use.again();
      equal(await item(use.store, "fence"), before, "the item that was compared");
      equal(
        (await use.store.bulkGet(["a", "b", "nothing"])).map((one) => one !== undefined),
        [true, true, false],
        "what is there",
      );
      await use.clock.advance(101_000);
      equal(await read(use.store, "fence"), undefined, "the item after its time, which no check moved");
    },
  },
  {
    name: "one that does not hold refuses all of the batch, wherever it stands",
    needs: ["ACTOR"],
    async run(use) {
      await put(use.store, [upsert("fence", "1"), upsert("gone", "old")]);
      const stale = await etag(use.store, "fence");
      await put(use.store, [upsert("fence", "2")]);
      const current = await etag(use.store, "fence");
      const changes = [upsert("a", "new"), compare("fence", current), remove("gone")];
      const failing = [
        compare("fence", stale),
        compare("fence", "no-such-etag"),
        compare("fence", undefined),
        compare("nothing", current),
      ];
      for (const [i, bad] of failing.entries()) {
        const at = i % (changes.length + 1);
        const outcome = await write(use.store, changes.toSpliced(at, 0, bad), atomic);
        const expected = [...changes.map(() => "applied")];
        equal(told(outcome), expected.toSpliced(at, 0, "mismatch"), `the outcome of check ${i}`);
        await use.again();
        const found = await use.store.bulkGet(["a", "nothing", "gone"]);
        equal(
          found.map((one) => one !== undefined),
          [false, false, true],
          "what is there",
        );
        equal(await etag(use.store, "fence"), current, "the ETag");
      }
    },
  },
  {
    name: "sees the operations before it",
    needs: ["ACTOR"],
    async run(use) {
      await put(use.store, [upsert("k", "1")]);
      const first = await etag(use.store, "k");
      const missing = compare("k", undefined);
      const create = upsert("k", "2", { concurrency: "first-write" });
      await put(use.store, [compare("k", first), remove("k"), missing, create], atomic);
      await use.again();
      equal(await read(use.store, "k"), "2", "the value");
      const now = await etag(use.store, "k");
      const twice = [compare("k", now), upsert("k", "3"), compare("k", now)];
      equal(told(await write(use.store, twice, atomic)), ["applied", "applied", "mismatch"], "after a write");
      const created = [compare("n", undefined), upsert("n", "1"), compare("n", undefined)];
      equal(told(await write(use.store, created, atomic)), ["applied", "applied", "mismatch"], "a creation");
      await use.again();
      equal([await read(use.store, "k"), await read(use.store, "n")], ["2", undefined], "the values");
    },
  },
  {
    name: "takes an expired item for a missing one",
    needs: ["ACTOR", "TTL"],
    async run(use) {
      await put(use.store, [upsert("k", "1", { ttlInSeconds: 5 })]);
      const old = await etag(use.store, "k");
      await use.clock.advance(7_000);
      await use.again();
      const late = await write(use.store, [compare("k", old), upsert("a", "1")], atomic);
      equal(told(late), ["mismatch", "applied"], "its ETag");
      await put(use.store, [compare("k", undefined), upsert("b", "1")], atomic);
      equal([await read(use.store, "a"), await read(use.store, "b")], [undefined, "1"], "the values");
    },
  },
  {
    name: "outside a transaction stands for itself",
    needs: ["ACTOR"],
    async run(use) {
      const outcome = await write(use.store, [compare("k", "no-such-etag"), upsert("a", "1")]);
      equal(told(outcome), ["mismatch", "applied"], "the outcome");
      equal(await read(use.store, "a"), "1", "the value");
    },
  },
  {
    name: "is not asked again for a request that is repeated",
    needs: ["ACTOR", "OUTCOME"],
    async run(use) {
      await put(use.store, [upsert("fence", "1")]);
      const held = [compare("fence", await etag(use.store, "fence")), upsert("a", "1")];
      const refused = [compare("fence", undefined), upsert("b", "1")];
      const request = (requestId: string) => ({ ...atomic, requestId });
      await put(use.store, held, request("held"));
      equal(
        told(await write(use.store, refused, request("refused"))),
        ["mismatch", "applied"],
        "the outcome",
      );
      await put(use.store, [remove("fence"), remove("a")]);
      await use.again();
      await put(use.store, held, request("held"));
      equal(
        told(await write(use.store, refused, request("refused"))),
        ["mismatch", "applied"],
        "the outcome",
      );
      equal([await read(use.store, "a"), await read(use.store, "b")], [undefined, undefined], "the values");
    },
  },
  {
    name: "of a commit that checks a record and one that takes the record away, through two stores, one wins",
    needs: ["ACTOR"],
    shared: true,
    async run(use) {
      const other = await use.another();
      const won = { concurrency: "first-write" } as const;
      for (let round = 0; round < 10; round++) {
        const fence = `fence-${round}`;
        const winner = `winner-${round}`;
        await put(use.store, [upsert(fence, "1")]);
        const held = compare(fence, await etag(use.store, fence));
        const owner = () => write(use.store, [held, upsert(winner, "owner", won)], atomic);
        const successor = () => write(other, [remove(fence), upsert(winner, "successor", won)], atomic);
        const outcomes =
          round % 2 === 0
            ? await Promise.all([owner(), successor()])
            : (await Promise.all([successor(), owner()])).reverse();
        const [ours, theirs] = outcomes.map(told);
        const one = await read(use.store, winner);
        const expected =
          one === "owner"
            ? [
                ["applied", "applied"],
                ["applied", "mismatch"],
              ]
            : [
                ["mismatch", "applied"],
                ["applied", "applied"],
              ];
        equal([ours, theirs], expected, `the outcomes where the winner is ${one}`);
        equal((await read(use.store, fence)) !== undefined, one === "owner", "whether the record stays");
      }
    },
  },
];
