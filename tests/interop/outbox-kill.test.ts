import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, startDaprd } from "../hosts/daprd.ts";
import { daprletProgram } from "../hosts/node.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { temporaryFolder } from "./launch.ts";

/** How often the sidecar is killed; OUTBOX_KILLS asks for more. */
const kills = Number(process.env.OUTBOX_KILLS ?? 3);
const writers = 4;

describeWithRedis("transactions with an outbox, while their sidecar is killed", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ appendfsync: "always" });
  });
  afterAll(() => server?.stop());

  describe.each(["state.sqlite", "state.redis"])("%s", (type) => {
    const { folder, remove } = temporaryFolder();
    const topic = `told-by-${type}`;
    let sidecar: Daprd;

    beforeAll(async () => {
      const resources = join(folder, "resources");
      mkdirSync(resources);
      const outbox = { outboxPublishPubsub: "bus", outboxPublishTopic: topic };
      const place =
        type === "state.sqlite"
          ? { connectionString: join(folder, "state.db") }
          : { redisHost: server.address };
      for (const component of [
        { name: "store", type, metadata: { ...place, ...outbox } },
        { name: "bus", type: "pubsub.redis", metadata: { redisHost: server.address } },
      ]) {
        writeFileSync(join(resources, `${component.name}.yaml`), componentYaml(component));
      }
      const program = [process.execPath, daprletProgram, "daprd"];
      sidecar = await startDaprd({ appId: `shop-${type}`, resources, program });
    });

    afterAll(async () => {
      await sidecar?.stop();
      remove();
    });

    const call = (path: string, body: unknown) =>
      sidecar.fetch(`/v1.0/state/store/${path}`, { method: "POST", body: JSON.stringify(body) });

    /** Data of every event that is in the topic, in order. */
    async function told(): Promise<string[]> {
      const entries = await server.client.xrange(topic, "-", "+");
      return entries.map(([, fields]) => {
        const envelope = fields[fields.indexOf("data") + 1] as string;
        return (JSON.parse(envelope) as { data: string }).data;
      });
    }

    it(`${kills} times: state and events are both there or neither, and what was answered is`, async () => {
      const answered = new Set<string>();
      let asked = 0;
      let stopped = false;
      const write = async () => {
        while (!stopped) {
          const name = `n-${asked++}`;
          const operations = ["a", "b"].map((half) => {
            const value = `${name}-${half}`;
            return { operation: "upsert", request: { key: value, value } };
          });
          const status = await call("transaction", { operations }).then(
            (answer) => answer.status,
            () => 0,
          );
          if (status === 204) answered.add(name);
          // Between two lives nobody answers.
          else await new Promise((resolve) => setTimeout(resolve, 5));
        }
      };
      const writing = Array.from({ length: writers }, write);
      for (let i = 0; i < kills; i++) {
        const enough = answered.size + 20;
        while (answered.size < enough) await new Promise((resolve) => setTimeout(resolve, 5));
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
        await sidecar.restart();
      }
      stopped = true;
      await Promise.all(writing);
      const keys = Array.from({ length: asked }, (_, n) => [`n-${n}-a`, `n-${n}-b`]).flat();
      const answer = await call("bulk", { keys });
      const found = answer.json as { key: string; data?: string }[];
      const kept = found.filter(({ data }) => data !== undefined).map(({ key }) => key);
      // What the last life left is published when its lease has run out.
      await expect
        .poll(async () => [...new Set(await told())].sort(), { timeout: 20_000, interval: 100 })
        .toEqual(kept.sort());
      expect([...answered].filter((name) => !kept.includes(`${name}-a`))).toEqual([]);
      expect(kept.length).toBe(2 * new Set(kept.map((key) => key.slice(0, -2))).size);
      const events = await told();
      console.info(
        `${type}: ${answered.size} of ${asked} transactions answered, ${kept.length / 2} committed, ${events.length - kept.length} events twice`,
      );
      // The next start finds nothing that waits.
      await sidecar.restart();
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect((await told()).length).toBe(events.length);
    }, 120_000);
  });
});
