import { ComponentError } from "../../../host/errors/component-error.ts";
import { type Case, check, equal, put, read, told, upsert, write } from "./scenario.ts";

export const lifecycle: readonly Case[] = [
  {
    name: "durability says whether the data outlives the store",
    needs: ["DURABILITY"],
    async run(use) {
      const durability = (use.store as { durability?: unknown }).durability;
      check(
        durability === "memory" ? !use.durable : durability === "persistent" || durability === "best-effort",
        "durability is memory exactly where nothing persists",
      );
    },
  },
  {
    name: "a closed store refuses, and closing twice is harmless",
    needs: [],
    async run(use) {
      await put(use.store, [upsert("k", "1")]);
      await use.store.close();
      await use.store.close();
      const attempts: (() => unknown)[] = [
        () => use.store.get("k", undefined),
        () => use.store.bulkGet(["k"]),
        () => write(use.store, [upsert("k", "2")]),
      ];
      for (const attempt of attempts) {
        let failure: unknown;
        try {
          await attempt();
        } catch (error) {
          failure = error;
        }
        check(failure instanceof ComponentError, "a closed store fails with a ComponentError");
      }
    },
  },
  {
    name: "what is under way at closing is finished, and what was answered is kept",
    needs: [],
    async run(use) {
      const writes = Array.from({ length: 50 }, async (_, i) => {
        try {
          return told(await write(use.store, [upsert(`k${i}`, "1")]))[0];
        } catch (error) {
          check(error instanceof ComponentError, "a write fails with a ComponentError");
          return "failed";
        }
      });
      await use.store.close();
      const answers = await Promise.all(writes);
      check(answers.includes("applied"), "writes that were begun before closing are finished");
      const closed = use.store;
      await use.again();
      if (use.store === closed) return;
      for (const [i, answer] of answers.entries()) {
        if (answer === "applied") equal(await read(use.store, `k${i}`), "1", "an acknowledged item");
      }
    },
  },
];
