import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import type { Message, PubSub } from "../../host/components/pubsub/pubsub.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { redisPubSub } from "../../host/node/components/pubsub-redis.ts";
import type { Log } from "../../host/platform.ts";
import { systemClock } from "../../host/web-platform.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { deliverAcrossAKill } from "./deliver-across-a-kill.ts";
import { testContext } from "./test-context.ts";

const textOf = ({ data }: Message) => Buffer.from(data).toString();
const topic = "t";

describeWithRedis("pubsub.redis, when something fails", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ appendfsync: "always" });
  });
  afterAll(() => server.stop());

  const opened: PubSub[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((component) => component.close()));
    await server.flush();
  });

  const open = async (
    more: Readonly<Record<string, string>> = {},
    warn: Log["warn"] = () => undefined,
  ): Promise<PubSub> => {
    const fields = {
      redisHost: server.address,
      redeliverInterval: "50ms",
      processingTimeout: "400ms",
      ...more,
    };
    const context = testContext("bus", systemClock);
    const component = await redisPubSub.open(
      decodeMetadata("bus", redisPubSub.metadata, new Map(Object.entries(fields)), () => undefined),
      { ...context, log: { ...context.log, warn } },
    );
    opened.push(component);
    return component;
  };
  const publish = (component: PubSub, text: string, key?: string) =>
    component.publish({
      topic,
      data: Buffer.from(text),
      contentType: "text/plain",
      metadata: new Map(key === undefined ? [] : [["partitionKey", key]]),
      requestId: undefined,
    });
  const subscribe = (component: PubSub, handler: (message: Message) => Promise<void>, on = topic) =>
    component.subscribe({ topic: on, consumerId: "app", metadata: new Map() }, handler);

  it.each(["no key", "keys"])(
    "the server killed under traffic with %s loses nothing acknowledged",
    async (keys) => {
      const publisher = await open();
      const got: number[] = [];
      const strange: unknown[] = [];
      // So long that nothing is had from a claim: what was lost on the way to an instance is fetched again.
      const long = { processingTimeout: "1h" };
      for (const consumer of [await open(long), await open(long)]) {
        await subscribe(consumer, async (message) => void got.push(Number(textOf(message))));
      }
      const arrived = await deliverAcrossAKill(
        server,
        {
          publish: (n) =>
            publish(publisher, String(n), keys === "keys" ? String(n % 5) : undefined).then(
              () => true,
              (error) => {
                if (!(error instanceof ComponentError) || error.code !== "UNAVAILABLE") strange.push(error);
                return false;
              },
            ),
          got: () => got,
        },
        150,
      );
      expect(arrived.lost).toEqual([]);
      expect(arrived.acknowledged).toBeGreaterThan(50);
      expect(arrived.refused).toBeGreaterThan(0);
      // At most what was in hand in each of the two: its acknowledgement may have been lost.
      expect(arrived.repeated).toBeLessThanOrEqual(40);
      expect(strange).toEqual([]);
    },
    60_000,
  );

  it("an emptied database is subscribed to again", async () => {
    const component = await open();
    const got: string[] = [];
    await subscribe(component, async (message) => void got.push(textOf(message)));
    await publish(component, "before");
    await expect.poll(() => got).toEqual(["before"]);
    await server.flush();
    await publish(component, "after");
    await publish(component, "after, with a key", "k");
    await expect.poll(() => got, { timeout: 10_000 }).toEqual(["before", "after", "after, with a key"]);
  });

  it("a server that stalls stops nothing for good, and closing waits for no answer of it", async () => {
    const component = await open({ readTimeout: "200ms" });
    const got: string[] = [];
    await subscribe(component, async (message) => void got.push(textOf(message)));
    server.pause();
    try {
      await expect(publish(component, "lost")).rejects.toThrow(/does not answer/);
      const other = opened.length;
      expect(other).toBe(1);
    } finally {
      server.resume();
    }
    await expect
      .poll(() =>
        publish(component, "there").then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await expect.poll(() => got.at(-1), { timeout: 10_000 }).toBe("there");
    server.pause();
    const begun = performance.now();
    await component.close();
    expect(performance.now() - begun).toBeLessThan(5_000);
    server.resume();
  });

  it("a server without memory refuses events by name, and takes them again once it has some", async () => {
    const component = await open();
    const got: string[] = [];
    await subscribe(component, async (message) => void got.push(textOf(message)));
    await publish(component, "1");
    await expect.poll(() => got).toEqual(["1"]);
    await server.client.config("SET", "maxmemory", 1);
    try {
      await expect(publish(component, "2")).rejects.toMatchObject({
        code: "RESOURCE_EXHAUSTED",
        message: expect.stringMatching(/maxmemory/),
      });
    } finally {
      await server.client.config("SET", "maxmemory", 0);
    }
    await publish(component, "3");
    await expect.poll(() => got).toEqual(["1", "3"]);
  });

  it("a right that is taken away and given back stops a subscription for so long, and says so once", async () => {
    const user = (...rights: string[]) => server.client.call("ACL", "SETUSER", "app", ...rights);
    await user("on", ">pw", "~*", "&*", "+@all");
    const said: string[] = [];
    const component = await open({ redisUsername: "app", redisPassword: "pw" }, (text, fields) =>
      said.push(`${text}: ${fields?.cause}`),
    );
    const got: string[] = [];
    await subscribe(component, async (message) => void got.push(textOf(message)));
    await user("-xreadgroup");
    await publish(component, "1");
    await expect.poll(() => said.length, { timeout: 5_000 }).toBe(1);
    expect(said[0]).toMatch(/topic t.*ACL does not allow/);
    await publish(component, "2");
    await user("+xreadgroup");
    await expect.poll(() => got, { timeout: 10_000 }).toEqual(["1", "2"]);
    expect(said).toHaveLength(1);
  });

  it("what one slow subscriber has not consumed holds up no other topic and no other component", async () => {
    const [component, other] = [await open(), await open()];
    let started = 0;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await subscribe(component, async () => {
      started++;
      await held;
    });
    for (let n = 0; n < 300; n++) await publish(component, String(n));
    await expect.poll(() => started).toBe(10);
    const got: string[] = [];
    for (const [index, one] of [component, other].entries()) {
      await subscribe(one, async (message) => void got.push(`${index} ${textOf(message)}`), `free-${index}`);
      await one.publish({
        ...{ topic: `free-${index}`, data: Buffer.from("x"), contentType: undefined },
        ...{ metadata: new Map(), requestId: undefined },
      });
    }
    await expect.poll(() => got.sort()).toEqual(["0 x", "1 x"]);
    // The rest waits on the server, not in memory.
    expect((await server.client.xpending(topic, "app"))[0]).toBeLessThanOrEqual(50);
    release();
    await expect.poll(() => started).toBe(300);
  });

  it("an event that takes longer than processingTimeout stays with its instance", async () => {
    const instances = await Promise.all(Array.from({ length: 5 }, () => open()));
    const got: string[] = [];
    for (const one of instances) {
      await subscribe(one, async (message) => {
        got.push(textOf(message));
        await new Promise((resolve) => setTimeout(resolve, 1_500));
      });
    }
    await publish(instances[0] as PubSub, "slow");
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(got).toEqual(["slow"]);
    expect((await server.client.xpending(topic, "app"))[0]).toBe(0);
  });

  it("what an instance that stops has not consumed goes to others at once, whatever processingTimeout says", async () => {
    const publisher = await open();
    const stopping = await open({ processingTimeout: "1h" });
    const got: string[] = [];
    await subscribe(stopping, async () => {
      throw new Error("not here");
    });
    for (let n = 0; n < 30; n++) await publish(publisher, String(n), n % 3 === 0 ? "key" : undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await subscribe(
      await open({ processingTimeout: "1h" }),
      async (message) => void got.push(textOf(message)),
    );
    await stopping.close();
    await expect.poll(() => new Set(got).size, { timeout: 10_000 }).toBe(30);
    expect(got.filter((text) => Number(text) % 3 === 0).map(Number)).toEqual([
      0, 3, 6, 9, 12, 15, 18, 21, 24, 27,
    ]);
    // Nothing but the live one's consumer, and the name under which things are handed over, is left.
    expect(await server.client.xinfo("CONSUMERS", topic, "app")).toHaveLength(2);
  });

  it("poison in a lane holds up its lane alone, keeps its attempts across instances, and order after it", async () => {
    const publisher = await open();
    const got: string[] = [];
    let cured = false;
    const handler = async (message: Message) => {
      const text = textOf(message);
      got.push(`${text} ${message.attempt}`);
      if (text === "x0" && !cured) throw new Error("poison");
    };
    const first = await open();
    await subscribe(first, handler);
    for (const n of [0, 1, 2]) for (const key of ["x", "y"]) await publish(publisher, `${key}${n}`, key);
    await expect.poll(() => got.filter((text) => text.startsWith("x0")).length).toBeGreaterThanOrEqual(3);
    await expect.poll(() => got.filter((text) => text.startsWith("y"))).toEqual(["y0 1", "y1 1", "y2 1"]);
    expect(got.some((text) => text.startsWith("x1"))).toBe(false);
    await first.close();
    const attempts = got.filter((text) => text.startsWith("x0")).length;
    cured = true;
    got.length = 0;
    await subscribe(await open(), handler);
    await expect.poll(() => got).toEqual([`x0 ${attempts + 1}`, "x1 1", "x2 1"]);
  });

  it("a thousand keyed events in several instances, some of which leave, keep the order of each key", async () => {
    const publisher = await open();
    const seen = new Map<string, number[]>();
    const under = new Set<string>();
    const overlaps: string[] = [];
    let total = 0;
    const consume = async () => {
      const component = await open();
      await subscribe(component, async (message) => {
        const [key = "", n = ""] = textOf(message).split(" ");
        if (under.has(key)) overlaps.push(key);
        under.add(key);
        await new Promise((resolve) => setImmediate(resolve));
        under.delete(key);
        const list = seen.get(key) ?? [];
        seen.set(key, list);
        list.push(Number(n));
        total++;
      });
      return component;
    };
    const instances = [await consume(), await consume(), await consume()];
    const keys = Array.from({ length: 7 }, (_, i) => `k${i}`);
    const each = 150;
    for (let n = 0; n < each; n++) {
      await Promise.all(keys.map((key) => publish(publisher, `${key} ${n}`, key)));
      if (n === 50) void instances[0]?.close();
      if (n === 80) instances.push(await consume());
      if (n === 100) void instances[1]?.close();
    }
    await expect.poll(() => total, { timeout: 20_000 }).toBe(keys.length * each);
    expect(overlaps).toEqual([]);
    for (const key of keys) expect(seen.get(key)).toEqual(Array.from({ length: each }, (_, n) => n));
  }, 40_000);
});
