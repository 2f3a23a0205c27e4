/** Walkthroughs of the book: the state store. */
import { join } from "node:path";
import Database from "libsql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { json, post, random, withEachKind } from "./fleet.ts";
import { type Launched, temporaryFolder } from "./launch.ts";

withEachKind("the book's state", (kind, fleet) => {
  describe("state", () => {
    const { folder, remove } = temporaryFolder();
    const id = `dapr1-${random()}`;
    let app: Launched;
    beforeAll(async () => {
      app = await fleet.launch(kind, {
        appId: id,
        folder,
        components: [
          `apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: statestore\nspec:\n  type: state.sqlite\n  metadata:\n  - name: connectionString\n    value: ${join(folder, "state.db")}\n`,
        ],
      });
    }, 60_000);
    afterAll(async () => {
      await fleet.end();
      remove();
    });
    const save = (...items: unknown[]) => post(app, "/v1.0/state/statestore", items);
    const get = (key: string) => app.fetch(`/v1.0/state/statestore/${key}`);

    test("T34: the store's own key has the app's id before it", async () => {
      const value = { kind: "dog", name: "bono" };
      expect((await save({ key: "pet", value })).status).toBe(204);
      expect((await get("pet")).json).toEqual(value);
      const database = new Database(join(folder, "state.db"), { readonly: true });
      const keys = (database.prepare("SELECT key FROM state").all() as { key: string }[]).map(
        ({ key }) => key,
      );
      database.close();
      expect(keys).toContain(`${id}||pet`);
    });

    test("T33: the printed fetch is answered with ok", async () => {
      const response = await fetch(`http://localhost:${app.port}/v1.0/state/statestore`, {
        method: "POST",
        headers: json,
        body: JSON.stringify([{ key: "order", value: { data: 1 } }]),
      });
      expect([response.ok, response.status]).toEqual([true, 204]);
    });

    test("T36: ETags with first-write and last-write", async () => {
      const options = { concurrency: "first-write" };
      await save({ key: "e", value: 1 });
      const etag = (await get("e")).header("etag");
      expect((await save({ key: "e", value: 2, etag, options })).status).toBe(204);
      const again = await save({ key: "e", value: 3, etag, options });
      expect([again.status, again.errorCode]).toEqual([409, "ERR_STATE_SAVE"]);
      expect((await get("e")).text).toBe("2");
      expect((await save({ key: "e", value: 4 })).status).toBe(204);
      expect((await save({ key: "e", value: 5, etag, options: { concurrency: "last-write" } })).status).toBe(
        409,
      );
    });

    test("T38: a transaction with a stale ETag leaves nothing behind", async () => {
      const operations = [
        { operation: "upsert", request: { key: "t2", value: 1 } },
        {
          operation: "upsert",
          request: { key: "key-2", value: 2, etag: "99", options: { concurrency: "first-write" } },
        },
      ];
      const answer = await post(app, "/v1.0/state/statestore/transaction", { operations });
      expect([answer.status, answer.errorCode]).toEqual([500, "ERR_STATE_TRANSACTION"]);
      expect((await get("t2")).status).toBe(204);
    });

    test("T38: killed at random moments, always both or none, and what was answered is there", async () => {
      let started = 0;
      const answered: number[] = [];
      for (let round = 0; round < 5; round++) {
        let going = true;
        const writers = Array.from({ length: 4 }, async () => {
          while (going) {
            const n = started++;
            const operations = ["a", "b"].map((half) => ({
              operation: "upsert",
              request: { key: `${half}-${n}`, value: n },
            }));
            const done = await post(app, "/v1.0/state/statestore/transaction", { operations }).then(
              ({ status }) => status === 204,
              () => false,
            );
            if (done) answered.push(n);
            else return;
          }
        });
        await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 160));
        await app.kill();
        going = false;
        await Promise.all(writers);
        await app.again();
      }
      const keys = Array.from({ length: started }, (_, n) => [`a-${n}`, `b-${n}`]).flat();
      const found = (await post(app, "/v1.0/state/statestore/bulk", { keys })).json as {
        key: string;
        data?: number;
      }[];
      const there = new Set(found.flatMap(({ key, data }) => (data === undefined ? [] : [key])));
      expect(answered.length).toBeGreaterThan(0);
      for (const n of answered)
        expect([n, there.has(`a-${n}`), there.has(`b-${n}`)]).toEqual([n, true, true]);
      for (let n = 0; n < started; n++) expect([n, there.has(`a-${n}`)]).toEqual([n, there.has(`b-${n}`)]);
    }, 120_000);
  });
});
