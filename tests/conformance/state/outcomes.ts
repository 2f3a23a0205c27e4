import { OUTCOME_TTL_MS } from "../../../host/components/state/store.ts";
import { type Case, equal, etag, put, read, told, upsert, write } from "./scenario.ts";

const id = (requestId: string) => ({ requestId });

export const outcomes: readonly Case[] = [
  {
    name: "a repeated request has one effect and one answer",
    needs: ["OUTCOME"],
    async run(use) {
      await put(use.store, [upsert("k", "1")], id("r1"));
      const first = await etag(use.store, "k");
      await use.again();
      await put(use.store, [upsert("k", "1")], id("r1"));
      equal(await etag(use.store, "k"), first, "the ETag after the repetition");
      await put(use.store, [upsert("k", "2")], id("r2"));
      await use.again();
      await put(use.store, [upsert("k", "1")], id("r1"));
      equal(await read(use.store, "k"), "2", "what another request wrote in between");
    },
  },
  {
    name: "a repeated ETag write is not refused",
    needs: ["OUTCOME", "ETAG"],
    async run(use) {
      await put(use.store, [upsert("k", "0")]);
      const change = upsert("k", "1", { etag: await etag(use.store, "k"), concurrency: "first-write" });
      await put(use.store, [change], id("r1"));
      await use.again();
      equal(told(await write(use.store, [change], id("r1"))), ["applied"], "the same request again");
      equal(told(await write(use.store, [change], id("r2"))), ["mismatch"], "another request");
      equal(told(await write(use.store, [change])), ["mismatch"], "a request without an id");
      equal(await read(use.store, "k"), "1", "the value");
    },
  },
  {
    name: "a refusal is repeated as well",
    needs: ["OUTCOME", "ETAG"],
    async run(use) {
      await put(use.store, [upsert("b", "0")]);
      const batch = [upsert("a", "1"), upsert("b", "1", { concurrency: "first-write" }), upsert("c", "1")];
      equal(told(await write(use.store, batch, id("r"))), ["applied", "mismatch", "applied"], "at first");
      await put(use.store, [upsert("a", "2")]);
      await use.again();
      equal(told(await write(use.store, batch, id("r"))), ["applied", "mismatch", "applied"], "again");
      equal(await read(use.store, "a"), "2", "what was written in between");
    },
  },
  {
    name: "a transaction's outcome is repeated, applied or not",
    needs: ["OUTCOME", "TRANSACTIONAL", "ETAG"],
    async run(use) {
      const create = [
        upsert("a", "1", { concurrency: "first-write" }),
        upsert("b", "1", { concurrency: "first-write" }),
      ];
      const atomic = { atomic: true } as const;
      await put(use.store, create, { ...atomic, requestId: "r1" });
      await use.again();
      equal(
        told(await write(use.store, create, { ...atomic, requestId: "r1" })),
        ["applied", "applied"],
        "again",
      );
      const refused = [upsert("c", "1"), ...create];
      for (let i = 0; i < 2; i++) {
        const outcome = await write(use.store, refused, { ...atomic, requestId: "r2" });
        equal(
          outcome.findIndex((error) => error !== undefined),
          1,
          "the operation that is to blame",
        );
        await use.again();
        equal(await read(use.store, "c"), undefined, "what was not applied");
      }
    },
  },
  {
    name: "twins at the same time have one effect",
    needs: ["OUTCOME", "ETAG"],
    async run(use) {
      const create = upsert("k", "1", { concurrency: "first-write" });
      const twins = await Promise.all(
        Array.from({ length: 20 }, async () => told(await write(use.store, [create], id("r")))[0]),
      );
      equal(twins, Array(20).fill("applied"), "the answers");
    },
  },
  {
    name: "an outcome is known to every store on the same data",
    needs: ["OUTCOME", "ETAG"],
    shared: true,
    async run(use) {
      const other = await use.another();
      const create = upsert("k", "1", { concurrency: "first-write" });
      await put(use.store, [create], id("r"));
      equal(told(await write(other, [create], id("r"))), ["applied"], "the same request elsewhere");
      equal(told(await write(other, [create], id("s"))), ["mismatch"], "another request elsewhere");
    },
  },
  {
    name: "an outcome is remembered for its time",
    needs: ["OUTCOME", "ETAG"],
    async run(use) {
      const create = upsert("k", "1", { concurrency: "first-write" });
      await put(use.store, [create], id("r"));
      for (let i = 0; i < 50; i++) await put(use.store, [upsert("other", String(i))], id(`other-${i}`));
      await use.clock.advance(OUTCOME_TTL_MS - 2_000);
      await use.again();
      equal(told(await write(use.store, [create], id("r"))), ["applied"], "just before its end");
      await use.clock.advance(OUTCOME_TTL_MS + 5_000);
      await use.again();
      equal(told(await write(use.store, [create], id("r"))), ["mismatch"], "long after its end");
    },
  },
  {
    name: "an id is any text",
    needs: ["OUTCOME", "ETAG"],
    async run(use) {
      for (const requestId of ["__proto__", "constructor", "'", "k"]) {
        const create = upsert(`for ${requestId}`, "1", { concurrency: "first-write" });
        await put(use.store, [create], { requestId });
        await use.again();
        equal(told(await write(use.store, [create], { requestId })), ["applied"], requestId);
      }
      equal(await read(use.store, "__proto__"), undefined, "an id as a key");
    },
  },
];
