import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import type { Store } from "../../host/components/state/store.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { redisStore } from "../../host/node/components/state-redis.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";
import { systemClock } from "../../host/web-platform.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { writeAcrossAKill } from "./redis-kill.ts";
import { list, put, read, upsert, write } from "./state/scenario.ts";
import { testContext } from "./test-context.ts";

const patient = { timeout: 10_000 };

describeWithRedis("state.redis, when the server fails", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ appendfsync: "always", more: ["--repl-diskless-sync-delay", "0"] });
  });
  afterAll(() => server.stop());

  const opened: Store[] = [];
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await server.flush();
  });

  const open = async (more: Readonly<Record<string, string>> = {}): Promise<Store> => {
    const metadata = new Map(Object.entries({ redisHost: server.address, ...more }));
    const context = testContext("statestore", systemClock);
    const store = await redisStore.open(
      decodeMetadata("statestore", redisStore.metadata, metadata, () => undefined),
      { ...context, log: { ...context.log, warn: () => undefined } },
    );
    opened.push(store);
    return store;
  };

  it("killed under writes: what was acknowledged is there, no half, and the rest was told", async () => {
    const store = await open();
    const strange: unknown[] = [];
    const reaches = () =>
      read(store, "anything").then(
        () => true,
        () => false,
      );
    const transact = async (n: number) => {
      const operations = [upsert(`a-${n}`, String(n), { listed: true }), upsert(`b-${n}`, String(n))];
      try {
        await put(store, operations, { atomic: true });
        return true;
      } catch (error) {
        if (!(error instanceof ComponentError) || error.code !== "UNAVAILABLE") strange.push(error);
        return false;
      }
    };
    for (let round = 0; round < 3; round++) {
      await server.flush();
      const survived = await writeAcrossAKill(server, { prefix: "", write: transact, reaches }, 600);
      expect(survived).toMatchObject({ lost: [], halves: [] });
      expect(await list(store, "a-", "a.")).toEqual((await server.client.keys("a-*")).sort());
      expect(survived.acknowledged + survived.refused).toBe(600);
      expect(survived.acknowledged).toBeGreaterThan(250);
      expect(survived.refused).toBeGreaterThan(0);
    }
    expect(strange).toEqual([]);
  }, 60_000);

  it("repeats no request that has an id, whatever became of its first answer", async () => {
    const store = await open();
    const requests = Array.from({ length: 200 }, (_, n) => n);
    const create = (n: number) =>
      write(store, [upsert(`k${n}`, String(n), { concurrency: "first-write" })], { requestId: `r${n}` });
    const firsts = Promise.allSettled(requests.map(create));
    await server.kill();
    await server.start();
    await firsts;
    await expect.poll(() => read(store, "anything").catch(() => "away"), patient).toBeUndefined();
    const seconds = await Promise.all(requests.map(create));
    expect(seconds.flat().filter((refusal) => refusal !== undefined)).toEqual([]);
  });

  it("stalled: its requests end with an error, other components answer, and it recovers", async () => {
    const runtime = await createRuntime({
      clock: "system",
      components: [
        {
          name: "redis",
          type: "state.redis",
          metadata: { redisHost: server.address, readTimeout: "1s" },
        },
        { name: "memory", type: "state.in-memory" },
      ],
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    const save = async (store: string) => {
      const body = JSON.stringify([{ key: "k", value: 1 }]);
      const answer = await runtime.fetch(`/v1.0/state/${store}`, { method: "POST", body });
      return [answer.status, await answer.text()] as const;
    };
    server.pause();
    try {
      const stalled = Promise.all(Array.from({ length: 20 }, () => save("redis")));
      let ended = false;
      stalled.then(() => {
        ended = true;
      });
      for (let i = 0; i < 20; i++) expect((await save("memory"))[0]).toBe(204);
      expect(ended).toBe(false);
      for (const [status, text] of await stalled) {
        expect([status, JSON.parse(text).errorCode]).toEqual([500, "ERR_STATE_SAVE"]);
        expect(text).toContain("readTimeout");
      }
    } finally {
      server.resume();
    }
    await expect.poll(async () => (await save("redis"))[0], patient).toBe(204);
    await runtime.stop();
  });

  it("out of memory: refuses writes by name, half of none, and answers reads", async () => {
    const store = await open();
    await put(store, [upsert("there", "1")]);
    await server.client.config("SET", "maxmemory", "1");
    try {
      const refused = write(store, [upsert("a", "1"), upsert("b", "1")], { atomic: true });
      await expect(refused).rejects.toMatchObject({
        code: "RESOURCE_EXHAUSTED",
        message: expect.stringContaining("maxmemory"),
      });
      expect(await read(store, "there")).toBe("1");
    } finally {
      await server.client.config("SET", "maxmemory", "0");
    }
    expect(await read(store, "a")).toBeUndefined();
  });

  it("names a key that holds no state, and overwrites a text as daprd does", async () => {
    const store = await open();
    await server.client.rpush("list", "x");
    await server.client.set("text", "plain");
    await expect(read(store, "list")).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringContaining("the key list"),
    });
    expect(await store.get("text", undefined)).toMatchObject({ etag: undefined });
    expect(await read(store, "text")).toBe("plain");
    await put(store, [upsert("text", "1")]);
    expect(await server.client.hgetall("text")).toMatchObject({ data: "1" });
  });

  it("one that fails in a group takes no other with it", async () => {
    const store = await open();
    await server.client.acl("SETUSER", "default", "resetkeys", "~good*", "~||daprlet||*");
    try {
      const writes = await Promise.allSettled(
        ["good1", "bad", "good2"].map((key) => put(store, [upsert(key, "1")])),
      );
      expect(writes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    } finally {
      await server.client.acl("SETUSER", "default", "allkeys");
    }
  });

  it("a strong write waits for the replicas, and nothing else waits for them", async () => {
    const replica = await startRedis({ more: ["--replicaof", "127.0.0.1", String(server.port)] });
    try {
      await expect.poll(() => server.client.info("replication"), patient).toMatch(/state=online/);
      const store = await open();
      const strongly = () => write(store, [upsert("strong", "1")], { consistency: "strong" });
      const reached = () =>
        strongly().then(
          () => true,
          () => false,
        );
      await expect.poll(reached, patient).toBe(true);
      expect(await replica.client.hget("strong", "data")).toBe("1");
      replica.pause();
      const late = strongly();
      await put(store, [upsert("plain", "1")]);
      expect(await Promise.race([late.catch(() => "late"), read(store, "plain")])).toBe("1");
      await expect(late).rejects.toMatchObject({
        code: "DEADLINE_EXCEEDED",
        message: expect.stringContaining("0 of 1 replicas"),
      });
    } finally {
      replica.resume();
      await replica.stop();
    }
  });
});
