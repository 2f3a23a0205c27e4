import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { BindingRequest, OutputBinding } from "../../host/components/bindings/binding.ts";
import type { Component, Definition } from "../../host/components/component.ts";
import type { ConfigurationItems } from "../../host/components/configuration/configuration-store.ts";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { redisBinding } from "../../host/node/components/bindings-redis.ts";
import { redisConfigurationStore } from "../../host/node/components/configuration-redis.ts";
import { redisLockStore } from "../../host/node/components/lock-redis.ts";
import type { Clock } from "../../host/platform.ts";
import { systemClock } from "../../host/web-platform.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { testContext } from "./test-context.ts";

describeWithRedis("on a Redis of its own", () => {
  let server: RedisServer;
  const opened: Component[] = [];
  beforeAll(async () => {
    server = await startRedis({ appendfsync: "always" });
  });
  beforeEach(() => server.flush());
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((component) => component.close()));
  });
  afterAll(() => server.stop());

  async function open<C extends Component>(
    definition: Definition<C>,
    more: Readonly<Record<string, string>> = {},
    warn: (message: string) => void = () => undefined,
    clock: Clock = systemClock,
  ): Promise<C> {
    const fields = new Map(Object.entries({ redisHost: server.address, ...more }));
    const context = testContext("store", clock);
    const metadata = decodeMetadata("store", definition.metadata, fields, () => undefined);
    const component = await definition.open(metadata, { ...context, log: { ...context.log, warn } });
    opened.push(component);
    return component;
  }

  it("lock.redis keeps a lock as Dapr does", async () => {
    const store = await open(redisLockStore);
    const request = { resourceId: "lock||app||r", lockOwner: "a", expiryInSeconds: 60, requestId: undefined };
    expect(await store.tryLock(request)).toBe(true);
    expect(await server.client.get("lock||app||r")).toBe("a");
    expect(await server.client.ttl("lock||app||r")).toBeGreaterThan(55);
    await server.client.set("lock||app||r", "daprd's");
    expect(await store.unlock(request)).toBe(2);
    expect(await store.unlock({ ...request, lockOwner: "daprd's" })).toBe(0);
    expect(await server.client.exists("lock||app||r")).toBe(0);
  });

  const call = (binding: OutputBinding, operation: string, metadata: Record<string, string>, data = "null") =>
    binding.invoke({
      operation,
      data: Buffer.from(data),
      metadata: new Map(Object.entries(metadata)),
      signal: undefined,
    } satisfies BindingRequest);

  it("bindings.redis creates, gets, counts and deletes", async () => {
    const binding = (await open(redisBinding)) as OutputBinding;
    const get = async (key: string, more = {}) => {
      const answer = await call(binding, "get", { key, ...more });
      expect(answer).toBeDefined();
      return answer?.data && Buffer.from(answer.data).toString();
    };
    expect(await call(binding, "create", { key: "k" }, '{"a":"ü"}')).toBeUndefined();
    expect(await get("k")).toBe('{"a":"ü"}');
    expect(await server.client.get("k")).toBe('{"a":"ü"}');
    expect(await get("k", { delete: "true" })).toBe('{"a":"ü"}');
    expect(await get("k")).toBeUndefined();
    await call(binding, "create", { key: "short", ttlInSeconds: "50" }, '"x"');
    expect(await server.client.ttl("short")).toBeGreaterThan(45);
    await call(binding, "create", { key: "short", ttlInSeconds: "0" }, '"x"');
    expect(await get("short")).toBeUndefined();
    await call(binding, "increment", { key: "n" });
    await call(binding, "increment", { key: "n", ttlInSeconds: "50" });
    expect(await get("n")).toBe("2");
    expect(await server.client.ttl("n")).toBeGreaterThan(45);
    await call(binding, "delete", { key: "n" });
    expect(await get("n")).toBeUndefined();
  });

  it("bindings.redis refuses what it cannot do, and does nothing then", async () => {
    const binding = (await open(redisBinding)) as OutputBinding;
    const said = (...given: Parameters<typeof call>) =>
      call(...given).then(
        () => "nothing",
        (error: Error) => error.message,
      );
    expect(await said(binding, "create", {})).toBe("redis binding: missing key in request metadata");
    expect(await said(binding, "get", { key: "" })).toBe("redis binding: missing key in request metadata");
    expect(await said(binding, "create", { key: "k", ttlInSeconds: "soon" })).toMatch(
      /ttlInSeconds .*integer/,
    );
    expect(await said(binding, "increment", { key: "k", ttlInSeconds: "-1" })).toMatch(
      /ttlInSeconds .*negative/,
    );
    expect(await server.client.dbsize()).toBe(0);
    await call(binding, "create", { key: "k" }, '"text"');
    expect(await said(binding, "increment", { key: "k" })).toMatch(/not an integer/);
    expect(await said(binding, "list", { key: "k" })).toMatch(/no operation list/);
  });

  it("configuration.redis reads values and versions as Dapr writes them", async () => {
    const store = await open(redisConfigurationStore);
    await server.client.mset(
      "color",
      "red||v1",
      "plain",
      "just",
      "many",
      "a||b||c",
      "empty",
      "",
      "none",
      "||v1",
    );
    await server.client.hset("hash", "a", "b");
    await server.client.set("||daprlet||x", "internal");
    const all = { color: ["red", "v1"], many: ["a", "b"], plain: ["just", ""] };
    const shown = async (...keys: string[]) =>
      Object.fromEntries(
        [...(await store.get(keys, new Map()))]
          .sort()
          .map(([key, { value, version }]) => [key, [value, version]]),
      );
    expect(await shown()).toEqual(all);
    expect(await shown("color", "plain", "many", "empty", "hash", "missing")).toEqual(all);
    expect(await shown("missing")).toEqual({});
  });

  async function watch(keys: string[], more: Readonly<Record<string, string>> = {}) {
    const store = await open(redisConfigurationStore, more);
    const told: string[] = [];
    const tell = async (items: ConfigurationItems) => {
      for (const [key, { value, version }] of items) told.push(`${key}=${value}/${version}`);
      throw new Error("the app is away");
    };
    const subscription = await store.subscribe(keys, new Map(), tell, "the test's");
    return { subscription, told };
  }

  it("configuration.redis tells what changes, is deleted and expires, once each and in order", async () => {
    await server.client.config("SET", "notify-keyspace-events", "El");
    await server.client.set("color", "red");
    const { subscription, told } = await watch(["color", "size"]);
    expect((await server.client.config("GET", "notify-keyspace-events"))[1]).toMatch(/E/);
    const all = await watch([]);
    await server.client.set("color", "blue||v2");
    await server.client.set("other", "x");
    await server.client.set("color", "blue||v2");
    await expect.poll(() => told).toEqual(["color=blue/v2"]);
    await expect.poll(() => all.told).toEqual(["color=blue/v2", "other=x/"]);
    // Each is waited for: what comes at once is told at once, in no order among keys.
    await server.client.del("color");
    await expect.poll(() => told).toEqual(["color=blue/v2", "color=/"]);
    await server.client.set("size", "1");
    await expect.poll(() => told).toEqual(["color=blue/v2", "color=/", "size=1/"]);
    await expect.poll(() => all.told.at(-1)).toBe("size=1/");
    await server.client.pexpire("size", 20);
    await expect.poll(() => told).toEqual(["color=blue/v2", "color=/", "size=1/", "size=/"]);
    await expect.poll(() => all.told).toEqual(["color=blue/v2", "other=x/", "color=/", "size=1/", "size=/"]);
    await subscription.close();
    await server.client.set("color", "green");
    await expect.poll(() => all.told.at(-1)).toBe("color=green/");
    expect(told).toHaveLength(4);
  });

  it("configuration.redis changes all or nothing, in Dapr's format", async () => {
    const store = await open(redisConfigurationStore);
    const change = (key: string, value: string | null, version?: string) => ({
      ...{ key, value, version },
      metadata: new Map<string, string>(),
    });
    await server.client.set("old", "1");
    const told: string[][] = [];
    const changed = async (items: ReadonlyMap<string, unknown>) => void told.push([...items.keys()].sort());
    await store.subscribe([], new Map(), changed, "s");
    await store.set?.([change("color", "red", "v1"), change("size", "2"), change("old", null)]);
    expect(await server.client.mget("color", "size", "old")).toEqual(["red||v1", "2", null]);
    await expect.poll(() => told.flat().sort()).toEqual(["color", "old", "size"]);
    await expect(store.set?.([change("color", "blue"), change("size", "a||b")])).rejects.toThrow(
      /holds \|\|/,
    );
    expect(await server.client.get("color")).toBe("red||v1");
  });

  it("configuration.redis watches the database that it was given", async () => {
    const { told } = await watch(["color"], { redisDB: "2" });
    await server.client.set("color", "not this one");
    await server.client.multi().select(2).set("color", "this one").select(0).exec();
    await expect.poll(() => told).toEqual(["color=this one/"]);
  });

  it("configuration.redis tells what changed while its server was away", async () => {
    await server.client.set("color", "red");
    const { told } = await watch(["color", "size"]);
    await server.kill();
    await server.start();
    await server.client.set("color", "blue");
    await expect.poll(() => told, { timeout: 10_000 }).toEqual(["color=blue/"]);
    await server.client.set("size", "2");
    await expect.poll(() => told, { timeout: 10_000 }).toEqual(["color=blue/", "size=2/"]);
  });

  it("configuration.redis says what to do where it may not turn notifications on", async () => {
    await server.client.config("SET", "notify-keyspace-events", "");
    await server.client.call("ACL", "SETUSER", "looks", "on", ">pw", "~*", "&*", "+@all", "-config|set");
    await server.client.call("ACL", "SETUSER", "blind", "on", ">pw", "~*", "&*", "+@all", "-config");
    const warnings: string[] = [];
    const as = (redisUsername: string) =>
      open(
        redisConfigurationStore,
        { redisUsername, redisPassword: "pw" },
        (text) => void warnings.push(text),
      );
    await expect(
      (await as("looks")).subscribe(["k"], new Map(), async () => undefined, "the test's"),
    ).rejects.toThrow(/set notify-keyspace-events Kg\$xe in the server's own configuration/);
    await (await as("blind")).subscribe(["k"], new Map(), async () => undefined, "the test's");
    expect(warnings.join()).toMatch(/set notify-keyspace-events Kg\$xe/);
  });

  it("configuration.redis asks with a growing pause where it may not read any more", async () => {
    const rights = (...given: string[]) => server.client.call("ACL", "SETUSER", "app", ...given);
    await rights("on", ">pw", "~*", "&*", "+@all");
    const [clock, warnings] = [new FakeClock(), [] as string[]];
    const store = await open(
      redisConfigurationStore,
      { redisUsername: "app", redisPassword: "pw" },
      (text) => void warnings.push(text),
      clock,
    );
    const told: string[] = [];
    await store.subscribe(
      ["k"],
      new Map(),
      async (items) => void told.push([...items].map(([, { value }]) => value).join()),
      "the test's",
    );
    await rights("-mget");
    await server.client.config("RESETSTAT");
    await server.client.set("k", "1");
    const refused = async () => {
      const stats = await server.client.info("commandstats");
      return Number(/cmdstat_mget:.*rejected_calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    await expect.poll(refused).toBe(1);
    await server.client.set("k", "2");
    await expect.poll(refused).toBe(2);
    for (let i = 0; i < 20; i++) await server.client.ping();
    expect(await refused()).toBe(2);
    await clock.advance(100);
    await expect.poll(refused).toBe(3);
    expect(warnings).toEqual(["configuration updates cannot be read; trying on"]);
    await rights("+mget");
    await expect.poll(() => clock.pending).toBe(1);
    await clock.advance(10_000);
    await expect.poll(() => told, { timeout: 10_000 }).toEqual(["2"]);
  });
});
