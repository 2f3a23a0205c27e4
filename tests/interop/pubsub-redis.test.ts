import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRuntime } from "../../host/node/create-runtime.ts";
import { componentYaml } from "../hosts/components.ts";
import { daprd, startDaprd } from "../hosts/daprd.ts";
import { daprletProgram, node } from "../hosts/node.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { temporaryFolder } from "./launch.ts";
import { listen, type Recorder, recorder, type Subscribed } from "./recorder.ts";

if (daprd.missing !== undefined) console.warn(`topics shared with daprd are not tested: ${daprd.missing}`);

type Side = "daprd" | "daprlet";
const sides: readonly Side[] = ["daprd", "daprlet"];

interface Started {
  readonly app: Recorder;
  publish(topic: string, body: unknown, query?: string, contentType?: string): Promise<number>;
  kill(): Promise<void>;
}

const topics: readonly Subscribed[] = [
  { pubsubname: "bus", topic: "A", route: "/A" },
  { pubsubname: "bus", topic: "raw", route: "/raw", metadata: { rawPayload: "true" } },
];

describeWithRedis("topics on a Redis shared with daprd", () => {
  describe.skipIf(daprd.missing !== undefined)("at the same time", () => {
    let server: RedisServer;
    let running: (() => Promise<void> | void)[];
    beforeEach(async () => {
      server = await startRedis();
      running = [() => server.stop()];
    });
    afterEach(async () => {
      for (const end of running.reverse()) await end();
    });

    async function start(
      side: Side,
      appId: string,
      subscriptions = topics,
      processingTimeout = "1s",
    ): Promise<Started> {
      const app = recorder(subscriptions);
      const metadata = {
        ...{ redisHost: server.address, redisPassword: "" },
        ...{ processingTimeout, redeliverInterval: "200ms" },
      };
      const component = { name: "bus", type: "pubsub.redis", metadata };
      const path = (topic: string, query: string) => `/v1.0/publish/bus/${topic}${query}`;
      const call = (body: unknown, type: string) => ({
        method: "POST",
        headers: { "content-type": type },
        body: type === "application/json" ? JSON.stringify(body) : String(body),
      });
      if (side === "daprlet") {
        const ours = await createRuntime({ appId, clock: "system", components: [component], app });
        running.push(() => ours.stop());
        return {
          app,
          publish: async (topic, body, query = "", type = "application/json") =>
            (await ours.fetch(path(topic, query), call(body, type))).status,
          kill: () => ours.stop(),
        };
      }
      const { folder, remove } = temporaryFolder();
      const resources = join(folder, "resources");
      mkdirSync(resources);
      writeFileSync(join(resources, "bus.yaml"), componentYaml(component));
      const { port, close } = await listen(app);
      const theirs = await startDaprd({ appId, resources, appPort: port });
      running.push(remove, close, () => theirs.stop());
      return {
        app,
        publish: async (topic, body, query = "", type = "application/json") =>
          (await theirs.fetch(path(topic, query), call(body, type))).status,
        kill: () => theirs.stop(),
      };
    }

    it("each gets what the other publishes, as its own app would", async () => {
      const both = await Promise.all([start("daprd", "theirs"), start("daprlet", "ours")]);
      for (const { publish } of both) {
        const query = "?metadata.colour=gr%C3%BCn&metadata.rawPayload=false";
        expect(await publish("A", { a: "<é>", n: [1] }, query)).toBe(204);
        expect(await publish("A", "text", "?metadata.ttlInSeconds=60", "text/plain")).toBe(204);
        expect(await publish("raw", "a\u0000b", "?metadata.rawPayload=true", "text/x")).toBe(204);
      }
      for (const { app } of both) await expect.poll(() => app.got.length, { timeout: 10_000 }).toBe(6);
      const [theirs, ours] = both.map(({ app }) =>
        app.got
          .map(({ path, headers, body }) => {
            // Each sidecar makes these up for a raw event.
            const { id: _, time: __, traceid: ___, traceparent: ____, tracestate: _____, ...rest } = body;
            return JSON.stringify([
              path,
              headers.get("colour"),
              headers.get("pubsubname"),
              Object.entries(rest).sort(),
            ]);
          })
          .sort(),
      );
      expect(ours).toEqual(theirs);
    });

    it("one group shares the events of both, each delivered once", async () => {
      const both = await Promise.all([start("daprd", "same"), start("daprlet", "same")]);
      const numbers = Array.from({ length: 60 }, (_, i) => i);
      for (const n of numbers) await both[n % 2]?.publish("A", n);
      const got = () => both.flatMap(({ app }) => app.data("/A")) as number[];
      await expect.poll(() => got().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(60);
      expect(got().sort((a, b) => a - b)).toEqual(numbers);
      for (const { app } of both) expect(app.data("/A").length).toBeGreaterThan(5);
    });

    it("one group shares keyed events too: daprd knows no lanes, and daprlet's go on all the same", async () => {
      const both = await Promise.all([
        start("daprd", "same", topics, "1h"),
        start("daprlet", "same", topics, "1h"),
      ]);
      // Slow enough for daprlet to find events of the lanes in daprd's hands.
      for (const { app } of both) {
        app.answer = async () => {
          await new Promise((resolve) => setTimeout(resolve, 50));
          return new Response();
        };
      }
      const numbers = Array.from({ length: 60 }, (_, i) => i);
      for (const n of numbers) await both[n % 2]?.publish("A", n, `?metadata.partitionKey=k${n % 3}`);
      const got = () => both.flatMap(({ app }) => app.data("/A")) as number[];
      await expect.poll(() => got().length, { timeout: 60_000 }).toBeGreaterThanOrEqual(60);
      expect(got().sort((a, b) => a - b)).toEqual(numbers);
    }, 80_000);

    it.each(sides)(
      "T26: what was there before the first subscriber arrives, in order, with %s",
      async (side) => {
        const publisher = await start(side === "daprd" ? "daprlet" : "daprd", "publisher", []);
        for (const n of [1, 2, 3]) expect(await publisher.publish("A", n)).toBe(204);
        const { app } = await start(side, "ps");
        await expect.poll(() => app.data("/A").length, { timeout: 10_000 }).toBe(3);
        // daprd has ten workers: it begins with them in order.
        if (side === "daprlet") expect(app.data("/A")).toEqual([1, 2, 3]);
        else expect(app.data("/A").sort()).toEqual([1, 2, 3]);
      },
    );

    it("daprlet takes over what daprd had in hand when it was killed", async () => {
      const theirs = await start("daprd", "same");
      theirs.app.answer = () => new Promise(() => undefined);
      for (const n of [1, 2, 3]) await theirs.publish("A", n);
      await expect.poll(() => theirs.app.got.length, { timeout: 10_000 }).toBe(3);
      await theirs.kill();
      const ours = await start("daprlet", "same");
      await expect.poll(() => ours.app.data("/A").sort(), { timeout: 10_000 }).toEqual([1, 2, 3]);
    });

    it("daprd takes over what daprlet left when it stopped, and nothing that it consumed", async () => {
      const ours = await start("daprlet", "same");
      ours.app.answer = ({ body }) => new Response(null, { status: body.data === 2 ? 500 : 200 });
      for (const n of [1, 2, 3]) await ours.publish("A", n);
      await expect.poll(() => new Set(ours.app.data("/A")).size, { timeout: 10_000 }).toBe(3);
      await ours.kill();
      const theirs = await start("daprd", "same");
      await expect.poll(() => theirs.app.data("/A"), { timeout: 10_000 }).toEqual([2]);
    });

    it("daprlet delivers again what its app refused, where daprd gives it up", async () => {
      const both = await Promise.all([start("daprd", "theirs"), start("daprlet", "ours")]);
      for (const { app } of both) {
        app.answer = () => new Response(null, { status: app.got.length < 3 ? 500 : 200 });
      }
      await both[0]?.publish("A", 1);
      const [theirs, ours] = both.map(({ app }) => app);
      await expect.poll(() => ours?.data("/A"), { timeout: 10_000 }).toEqual([1, 1, 1]);
      await expect.poll(async () => (await server.client.xpending("A", "ours"))[0]).toBe(0);
      expect(theirs?.data("/A")).toEqual([1]);
      expect((await server.client.xpending("A", "theirs"))[0]).toBe(0);
    });
  });

  it.skipIf(node.missing !== undefined)(
    "an instance takes over what another had in hand when it was killed",
    async () => {
      const server = await startRedis();
      const { folder, remove } = temporaryFolder();
      const metadata = { redisHost: server.address, processingTimeout: "1s", redeliverInterval: "200ms" };
      const component = { name: "bus", type: "pubsub.redis", metadata };
      const resources = join(folder, "resources");
      mkdirSync(resources);
      writeFileSync(join(resources, "bus.yaml"), componentYaml(component));
      const dying = recorder(topics);
      dying.answer = ({ body }) => (body.data === 0 ? new Response() : new Promise(() => undefined));
      const { port, close } = await listen(dying);
      const program = [process.execPath, daprletProgram, "daprd"];
      const killed = await startDaprd({ appId: "same", resources, appPort: port, program });
      const app = recorder(topics);
      let survivor: Awaited<ReturnType<typeof createRuntime>> | undefined;
      try {
        const publish = async (n: number) => {
          const options = {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: String(n),
          };
          expect((await killed.fetch("/v1.0/publish/bus/A?metadata.partitionKey=k", options)).status).toBe(
            204,
          );
        };
        await publish(0);
        await expect
          .poll(async () => (await server.client.xpending("A", "same"))[0], { timeout: 10_000 })
          .toBe(0);
        for (const n of [1, 2, 3]) await publish(n);
        await expect.poll(() => dying.data("/A"), { timeout: 10_000 }).toEqual([0, 1]);
        await killed.stop();
        survivor = await createRuntime({ appId: "same", clock: "system", components: [component], app });
        await expect.poll(() => app.data("/A"), { timeout: 10_000 }).toEqual([1, 2, 3]);
        expect((await server.client.xpending("A", "same"))[0]).toBe(0);
      } finally {
        await survivor?.stop();
        await killed.stop();
        close();
        await server.stop();
        remove();
      }
    },
  );
});
