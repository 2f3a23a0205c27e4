import { type AddressInfo, createServer } from "node:net";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { testContext } from "../../../../tests/conformance/test-context.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../../../../tests/redis-server.ts";
import { decodeMetadata } from "../../../components/metadata-schema.ts";
import { systemClock } from "../../../web-platform.ts";
import { openRedis, type RedisClient, type RedisUse } from "./redis-client.ts";
import { redisMetadata } from "./redis-metadata.ts";

const password = "not to be told";
const patient = { timeout: 10_000 };
const opened: RedisClient[] = [];

async function connect(given: Readonly<Record<string, string>>, use: RedisUse = {}): Promise<RedisClient> {
  const fields = new Map(Object.entries({ redisPassword: password, ...given }));
  const metadata = decodeMetadata("store", redisMetadata, fields, () => undefined);
  const context = testContext("store", systemClock);
  const log = { ...context.log, warn: () => undefined };
  const client = await openRedis(metadata, { ...context, log }, use);
  opened.push(client);
  return client;
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => ({ code: "none", message: "it succeeded" }),
    (error: { code: string; message: string }) => ({ code: error.code, message: error.message }),
  );

afterEach(async () => {
  for (const client of opened.splice(0)) await client.close();
});

describeWithRedis("a connection to Redis", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ password, appendfsync: "always" });
  });
  afterAll(() => server.stop());

  it("sends commands, bytes as they are, and scripts", async () => {
    const client = await connect({ redisHost: server.address });
    const value = Buffer.from([0, 255, 13, 10, 128]);
    expect(await client.call("SET", "k", value)).toBe("OK");
    expect(await client.callBuffer("GET", "k")).toEqual(value);
    const echo = client.script("return {KEYS[1], ARGV[1]}");
    for (let i = 0; i < 2; i++) expect(await echo(["k"], [value])).toEqual([Buffer.from("k"), value]);
    await server.client.script("FLUSH");
    expect(await echo(["k"], [value])).toEqual([Buffer.from("k"), value]);
  });

  it("selects the database", async () => {
    const client = await connect({ redisHost: server.address, redisDB: "3" });
    await client.call("SET", "in 3", "1");
    expect(await server.client.exists("in 3")).toBe(0);
  });

  it("signs in as a user of the server's", async () => {
    await server.client.acl("SETUSER", "reader", "on", ">its own", "~*", "+@read", "+@connection", "+info");
    const who = { redisHost: server.address, redisUsername: "reader", redisPassword: "its own" };
    const client = await connect(who);
    expect(await client.call("GET", "nothing")).toBe(null);
    expect(await failure(client.call("SET", "k", "secret value"))).toEqual({
      code: "PERMISSION_DENIED",
      message: expect.not.stringContaining("secret value"),
    });
  });

  it("closes after what is under way, and takes nothing more", async () => {
    const client = await connect({ redisHost: server.address });
    const under = client.call("SET", "last", "1");
    await client.close();
    expect(await under).toBe("OK");
    expect(await failure(client.call("PING"))).toMatchObject({ code: "UNAVAILABLE" });
  });

  it("that waits is not given up for its silence, and closes all the same", async () => {
    const client = await connect({ redisHost: server.address, readTimeout: "50ms" }, { waits: true });
    const popped = failure(client.call("BLPOP", "nothing", 0));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await server.client.rpush("nothing", "x");
    expect(await popped).toMatchObject({ code: "none" });
    const never = failure(client.call("BLPOP", "nothing", 0));
    await client.close();
    expect(await never).toMatchObject({ code: "UNAVAILABLE" });
  });

  it("has no limits where they are negative, as in Dapr", async () => {
    const limits = { dialTimeout: "-1", readTimeout: "-1", redisMaxRetryInterval: "-1" };
    const client = await connect({ redisHost: server.address, ...limits });
    expect(await client.call("PING")).toBe("PONG");
  });

  it("fails at once while the server is away, and is there again with it", async () => {
    const client = await connect({ redisHost: server.address });
    await client.call("SET", "kept", "1");
    await server.kill();
    await expect.poll(() => failure(client.call("PING")), patient).toMatchObject({ code: "UNAVAILABLE" });
    const { message } = await failure(client.call("PING"));
    expect(message).toContain(server.address);
    await server.start();
    await expect.poll(() => client.call("GET", "kept").catch(() => undefined), patient).toBe("1");
  });

  it("gives up a server that says nothing, and comes back when it speaks", async () => {
    const client = await connect({ redisHost: server.address, readTimeout: "500ms" });
    server.pause();
    try {
      expect(await failure(client.call("PING"))).toMatchObject({ code: "UNAVAILABLE" });
    } finally {
      server.resume();
    }
    await expect.poll(() => client.call("PING").catch(() => undefined), patient).toBe("PONG");
  });

  it.each([
    [{ redisPassword: "wrong" }, "UNAUTHENTICATED", /redisPassword is wrong/],
    [{ redisPassword: "" }, "UNAUTHENTICATED", /give redisPassword/],
    [{ redisDB: "99" }, "INTERNAL", /DB index is out of range/],
    [{ redisHost: "127.0.0.1:1" }, "UNAVAILABLE", /127\.0\.0\.1:1 does not answer: .*ECONNREFUSED/],
    [{ redisHost: "a:1,b:2" }, "INVALID_ARGUMENT", /redisHost: expected the host:port/],
    [{ redisHost: "" }, "INVALID_ARGUMENT", /redisHost: expected the host:port/],
    [{ redisType: "cluster" }, "INVALID_ARGUMENT", /redisType: .*single server/],
    [{ failover: "true" }, "INVALID_ARGUMENT", /failover: /],
    [{ useEntraID: "true" }, "INVALID_ARGUMENT", /useEntraID: /],
  ])("that cannot be made with %j says why", async (given, code, message) => {
    const said = await failure(connect({ redisHost: server.address, ...given }));
    expect(said).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(said.message).not.toMatch(/not to be told|wrong$/);
  });

  it("that waits is not waited for where the server takes it and says nothing", patient, async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const limits = { redisHost: `127.0.0.1:${port}`, dialTimeout: "100ms", readTimeout: "100ms" };
    const { code, message } = await failure(connect(limits, { waits: true }));
    silent.close();
    expect(code).toBe("UNAVAILABLE");
    expect(message).toContain("it said nothing for 200 ms");
    expect(message).not.toContain(password);
  });

  it("repeats no argument in an error", async () => {
    const client = await connect({ redisHost: server.address });
    const said = await failure(client.call("NOSUCHCOMMAND", "secret value"));
    expect(said).toMatchObject({ code: "INTERNAL" });
    expect(said.message).not.toContain("secret value");
  });
});
