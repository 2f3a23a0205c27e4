/** Walkthroughs of the book on its own store: Redis. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { daprd, startDaprd } from "../hosts/daprd.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { invoke, post, withEachKind } from "./fleet.ts";
import { daprletRun, type Launched, temporaryFolder } from "./launch.ts";

/** As the book prints it, but for the port. */
const printed = (address: string) => `apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: statestore
spec:
  type: state.redis
  metadata:
  - name: redisHost
    value: ${address}
  - name: redisPassword
    value: ""
`;

const stale = {
  operations: [
    { operation: "upsert", request: { key: "t2", value: 1 } },
    {
      operation: "upsert",
      request: { key: "key-2", value: 2, etag: "99", options: { concurrency: "first-write" } },
    },
  ],
};

describeWithRedis("the book on Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ appendfsync: "always" });
  });
  afterAll(() => server.stop());

  withEachKind("its state", (kind, fleet) => {
    let hello: Launched;
    beforeAll(async () => {
      await server.flush();
      hello = await fleet.launch(kind, {
        appId: "hello-dapr",
        app: "hello.mjs",
        components: [printed(`localhost:${server.port}`)],
      });
    }, 60_000);
    afterAll(() => fleet.end());

    test("T4: seven greetings are data 6 and version 7", async () => {
      for (let n = 0; n < 7; n++) await invoke(hello, "hello-dapr", "counted");
      expect(await server.client.hgetall("hello-dapr||mystate")).toEqual({ data: "6", version: "7" });
      const answer = await hello.fetch("/v1.0/state/statestore/mystate");
      expect([answer.status, answer.text, answer.header("etag")]).toEqual([200, "6", "7"]);
    });

    test("T34: the store's own key has the app's id before it", async () => {
      const value = { kind: "dog", name: "bono" };
      expect((await post(hello, "/v1.0/state/statestore", [{ key: "pet", value }])).status).toBe(204);
      expect((await hello.fetch("/v1.0/state/statestore/pet")).json).toEqual(value);
      const data = await server.client.hget("hello-dapr||pet", "data");
      // daprd writes the members in any order.
      expect(JSON.parse(data ?? "")).toEqual(value);
    });

    test("T38: a transaction with a stale ETag", async () => {
      // daprd checks no ETag of a missing item: what it refuses is one that is there.
      await post(hello, "/v1.0/state/statestore", [{ key: "key-2", value: 0 }]);
      const answer = await post(hello, "/v1.0/state/statestore/transaction", stale);
      expect([answer.status, answer.errorCode]).toEqual([500, "ERR_STATE_TRANSACTION"]);
      // All or nothing here; daprd leaves the half before the failure.
      const left = await hello.fetch("/v1.0/state/statestore/t2");
      expect([left.status, left.text]).toEqual(kind.dialect === "daprd" ? [200, "1"] : [204, ""]);
    });
  });

  describe.skipIf(daprletRun.missing !== undefined)("with daprlet run", () => {
    test.skipIf(daprd.missing !== undefined)(
      "T4: daprd reads what is counted here",
      async () => {
        await server.flush();
        const { folder, remove } = temporaryFolder();
        const app = await daprletRun.launch({
          appId: "hello-dapr",
          app: "hello.mjs",
          folder,
          components: [printed(`localhost:${server.port}`)],
        });
        const theirs = await startDaprd({ appId: "hello-dapr", resources: join(folder, "resources") });
        try {
          for (let n = 0; n < 7; n++) await invoke(app, "hello-dapr", "counted");
          const answer = await theirs.fetch("/v1.0/state/statestore/mystate");
          expect([answer.text, answer.header("etag")]).toEqual(["6", "7"]);
        } finally {
          await Promise.all([app.kill(), theirs.stop()]);
          remove();
        }
      },
      60_000,
    );

    test("T7: the component files as printed, in ./components and without a switch", async () => {
      const { folder, remove } = temporaryFolder();
      mkdirSync(join(folder, "components"));
      writeFileSync(join(folder, "components", "redis.yaml"), printed(`localhost:${server.port}`));
      const app = await daprletRun.launch({ appId: "hello-dapr", folder });
      try {
        expect(app.output()).toContain("loaded component statestore (state.redis)");
        const { components } = (await app.fetch("/v1.0/metadata")).json as { components: object[] };
        expect(components).toEqual([
          expect.objectContaining({ name: "statestore", type: "state.redis", version: "v1" }),
        ]);
      } finally {
        await app.kill();
        remove();
      }
    }, 60_000);

    test("T38: killed at random moments, both halves or none, and what was answered is there", async () => {
      const { folder, remove } = temporaryFolder();
      const app = await daprletRun.launch({
        appId: "killed",
        folder,
        components: [printed(`localhost:${server.port}`)],
      });
      const answered: number[] = [];
      let started = 0;
      for (let round = 0; round < 3; round++) {
        const writers = Array.from({ length: 4 }, async () => {
          for (;;) {
            const n = started++;
            const operations = ["a", "b"].map((half) => ({
              operation: "upsert",
              request: { key: `${half}-${n}`, value: n },
            }));
            const done = await post(app, "/v1.0/state/statestore/transaction", { operations }).then(
              ({ status }) => status === 204,
              () => false,
            );
            if (!done) return;
            answered.push(n);
          }
        });
        await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 100));
        await app.kill();
        await Promise.all(writers);
        await app.again();
      }
      await app.kill();
      remove();
      const half = (letter: string, n: number) => server.client.exists(`killed||${letter}-${n}`);
      expect(answered.length).toBeGreaterThan(0);
      for (const n of answered) expect([n, await half("a", n), await half("b", n)]).toEqual([n, 1, 1]);
      for (let n = 0; n < started; n++) expect([n, await half("a", n)]).toEqual([n, await half("b", n)]);
    }, 60_000);
  });
});
