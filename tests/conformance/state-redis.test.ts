import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OUTCOME_TTL_MS } from "../../host/components/state/store.ts";
import { redisStore } from "../../host/node/components/state-redis.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { openOnRedis, RedisClock } from "./redis-clock.ts";
import { queryIndexes } from "./state/query.ts";
import { etag, list, put, remove, upsert } from "./state/scenario.ts";
import { storeConformance } from "./state.ts";

describeWithRedis("state.redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ appendfsync: "always" });
  });
  afterAll(() => server.stop());

  const clock = new RedisClock(() => server);
  const open = (metadata: Readonly<Record<string, string>>) => openOnRedis(server, clock, metadata);
  describe.each([
    ["without indexes", {}],
    ["with indexes", { queryIndexes }],
  ] as const)("%s", (_, metadata) => {
    const indexed = "queryIndexes" in metadata;
    const reopen = () => open(metadata);
    const cases = storeConformance({
      name: "state.redis",
      features: redisStore.features.filter((feature) => indexed || feature !== "QUERY_API"),
      clock,
      async open() {
        await server.flush();
        return await reopen();
      },
      reopen,
      another: reopen,
    });
    for (const { name, run } of cases) it(name, run);
  });

  it("gives what is written without a TTL the component's own", async () => {
    await server.flush();
    const store = await open({ ttlInSeconds: "100" });
    await put(store, [upsert("default", "1"), upsert("own", "1", { ttlInSeconds: 5 })]);
    await put(store, [upsert("ever", "1", { ttlInSeconds: 0 })]);
    const ttls = ["default", "own", "ever"].map((key) => server.client.ttl(key));
    expect(await Promise.all(ttls)).toEqual([100, 5, -1]);
    await store.close();
  });

  it("refuses an id that comes back with other operations, and forgets outcomes in their time", async () => {
    await server.flush();
    const store = await open({});
    await put(store, [upsert("k", "1")], { requestId: "r" });
    const other = put(store, [upsert("a", "1"), upsert("b", "1")], { requestId: "r" });
    await expect(other).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect((await server.client.keys("*")).sort()).toEqual(["k", "||daprlet||outcome||r"]);
    await clock.advance(OUTCOME_TTL_MS);
    expect(await server.client.keys("*")).toEqual(["k"]);
    await store.close();
  });

  it("knows no key as listed any more that was deleted", async () => {
    await server.flush();
    const store = await open({});
    await put(store, [upsert("a", "1", { listed: true }), upsert("b", "1", { listed: true })]);
    await put(store, [remove("a"), upsert("a", "2")]);
    expect(await list(store, "a", "z")).toEqual(["b"]);
    await put(store, [remove("a"), remove("b", { etag: await etag(store, "b") })], { atomic: true });
    expect((await server.client.keys("*")).sort()).toEqual(["||daprlet||versions"]);
    await store.close();
  });

  it("takes batches larger than a group, beside others", async () => {
    await server.flush();
    const store = await open({});
    const many = Array.from({ length: 3000 }, (_, i) => upsert(`many-${i}`, String(i)));
    await Promise.all([
      put(store, many, { atomic: true }),
      ...many.map(({ key }) => put(store, [upsert(`${key}-own`, "1")])),
    ]);
    expect(await server.client.dbsize()).toBe(6000);
    const found = await store.bulkGet(many.map(({ key }) => key));
    expect(found.filter((one) => one === undefined)).toEqual([]);
    await store.close();
  });
});
