import { afterEach, describe, expect, it } from "vitest";
import type { AppChannel } from "../../host/channel/app-channel.ts";
import { functionChannel } from "../../host/channel/function-channel.ts";
import { withInvoke } from "../../host/channel/with-invoke.ts";
import { InMemoryBroker, inMemoryPubSub } from "../../host/components/pubsub/in-memory.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { json, noContent, text } from "../../host/http.ts";
import { redisPubSub } from "../../host/node/components/pubsub-redis.ts";
import { createRuntime } from "../../host/node/create-runtime.ts";
import { nodeRegistry } from "../../host/node/registry.ts";
import { type ComponentObject, componentFromObject } from "../../host/resources/component-from-object.ts";
import type { Runtime } from "../../host/runtime.ts";
import { describeWithRedis, startRedis } from "../redis-server.ts";

const open: Runtime[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.stop()));
});

const inMemory: ComponentObject = { name: "pubsub", type: "pubsub.in-memory" };
const components = [
  { name: "tick", type: "bindings.cron", metadata: { schedule: "@every 1s", direction: "input" } },
];

const tock: ComponentObject = {
  name: "tock",
  type: "bindings.cron",
  metadata: { schedule: "@every 1s", direction: "input" },
};

/** An app whose health checks say what the test says. */
async function start(
  broker = new InMemoryBroker(),
  clock: FakeClock | "system" = new FakeClock(),
  pubsub = inMemory,
) {
  const got: string[] = [];
  const watchers: ((healthy: boolean) => void)[] = [];
  const app = functionChannel(({ path, body }) => {
    if (path === "/dapr/subscribe")
      return json([{ pubsubname: "pubsub", topic: "orders", route: "/orders" }]);
    if (path === "/dapr/config") return text("", 404);
    if (path === "/orders") got.push(JSON.parse(new TextDecoder().decode(body as Uint8Array)).data);
    else got.push(path);
    return noContent;
  });
  const watched: AppChannel = {
    ...withInvoke(app, app.invoke),
    watch: (changed) => watchers.push(changed),
  };
  const runtime = await createRuntime({
    appId: "shop",
    app: watched,
    components: [...components, pubsub],
    clock,
    registry: { ...nodeRegistry, pubsub: [inMemoryPubSub(broker), redisPubSub] },
  });
  open.push(runtime);
  await runtime.appReady;
  return {
    runtime,
    got,
    turn: (healthy: boolean) => {
      for (const watcher of watchers) watcher(healthy);
    },
    publish: async (data: string) => {
      const body = JSON.stringify(data);
      const headers = { "content-type": "application/json" };
      const { status } = await runtime.fetch("/v1.0/publish/pubsub/orders", {
        method: "POST",
        body,
        headers,
      });
      expect(status).toBe(204);
      if (clock !== "system") await runtime.advance(0);
    },
  };
}

describe("an app whose health checks fail", () => {
  it("is given no event until they succeed again, and then all that waited, each once", async () => {
    const { runtime, got, turn, publish } = await start();
    await publish("before");
    turn(false);
    await publish("meanwhile 1");
    await publish("meanwhile 2");
    await runtime.advance(60_000);
    expect(got).toEqual(["before"]);
    turn(true);
    await runtime.advance(10);
    await publish("after");
    expect(got).toEqual(["before", "meanwhile 1", "meanwhile 2", "after"]);
  });

  it("leaves its events to another instance that is healthy", async () => {
    const broker = new InMemoryBroker();
    const clock = new FakeClock();
    const sick = await start(broker, clock);
    const well = await start(broker, clock);
    sick.turn(false);
    for (const data of ["1", "2", "3", "4"]) await sick.publish(data);
    expect([sick.got, well.got]).toEqual([[], ["1", "2", "3", "4"]]);
  });

  it("misses what a schedule would have told it, and hears of the next", async () => {
    const { runtime, got, turn } = await start();
    await runtime.advance(2_500);
    expect(got).toEqual(["/tick", "/tick"]);
    turn(false);
    await runtime.advance(5_000);
    expect(got).toHaveLength(2);
    // Bindings that change meanwhile are no reason to read.
    const { resources } = runtime.sidecar;
    const others = resources.components.filter(({ name }) => name !== "tick");
    await runtime.update({ ...resources, components: [...others, componentFromObject(tock, "the test")] });
    await runtime.advance(5_000);
    expect(got).toHaveLength(2);
    turn(true);
    await runtime.advance(1_000);
    expect(got.slice(2)).toEqual(["/tock"]);
  });

  it("stays subscribed in metadata, and is not subscribed anew by an update of the resources", async () => {
    const { runtime, got, turn, publish } = await start();
    turn(false);
    await runtime.update({ ...runtime.sidecar.resources, subscriptions: [] });
    await publish("meanwhile");
    const { subscriptions } = (await (await runtime.fetch("/v1.0/metadata")).json()) as {
      subscriptions: readonly unknown[];
    };
    expect([got, subscriptions.length]).toEqual([[], 1]);
    turn(true);
    await runtime.advance(10);
    expect(got).toEqual(["meanwhile"]);
  });
});

describeWithRedis("an app whose health checks fail, on Redis", () => {
  it("leaves the stream to other instances of its group, and takes its share again afterwards", async () => {
    const redis = await startRedis();
    try {
      const broker: ComponentObject = {
        name: "pubsub",
        type: "pubsub.redis",
        metadata: { redisHost: redis.address },
      };
      const sick = await start(undefined, "system", broker);
      const well = await start(undefined, "system", broker);
      sick.turn(false);
      const events = (prefix: string) => Array.from({ length: 20 }, (_, n) => `${prefix} ${n}`);
      for (const data of events("meanwhile")) await sick.publish(data);
      const of = ({ got }: typeof sick, prefix: string) =>
        got.filter((data) => data.startsWith(prefix)).sort();
      await expect.poll(() => of(well, "meanwhile"), { timeout: 10_000 }).toEqual(events("meanwhile").sort());
      expect(of(sick, "meanwhile")).toEqual([]);
      well.turn(false);
      sick.turn(true);
      for (const data of events("after")) await well.publish(data);
      await expect.poll(() => of(sick, "after"), { timeout: 10_000 }).toEqual(events("after").sort());
      await Promise.all(open.splice(0).map((runtime) => runtime.stop()));
    } finally {
      await redis.stop();
    }
  });
});
