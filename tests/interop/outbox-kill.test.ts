import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Daprd } from "../hosts/daprd.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { killed, lastingStores, startStore } from "./killed-sidecar.ts";
import { temporaryFolder } from "./launch.ts";

/** How often the sidecar is killed; OUTBOX_KILLS asks for more. */
const kills = Number(process.env.OUTBOX_KILLS ?? 3);

describeWithRedis("transactions with an outbox, while their sidecar is killed", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ appendfsync: "always" });
  });
  afterAll(() => server?.stop());

  describe.each(lastingStores)("%s", (type) => {
    const { folder, remove } = temporaryFolder();
    const topic = `told-by-${type}`;
    let sidecar: Daprd;

    beforeAll(async () => {
      const outbox = { outboxPublishPubsub: "bus", outboxPublishTopic: topic };
      sidecar = await startStore(type, server, folder, outbox);
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
      const halves = (number: number) => ["a", "b"].map((half) => `n-${number}-${half}`);
      const { answered, asked } = await killed(sidecar, kills, 20, async (number) => {
        const operations = halves(number).map((key) => ({
          operation: "upsert",
          request: { key, value: key },
        }));
        return (await call("transaction", { operations })).status;
      });
      const answer = await call("bulk", { keys: Array.from({ length: asked }, (_, n) => halves(n)).flat() });
      const found = answer.json as { key: string; data?: string }[];
      const kept = found.filter(({ data }) => data !== undefined).map(({ key }) => key);
      // What the last life left is published when its lease has run out.
      await expect
        .poll(async () => [...new Set(await told())].sort(), { timeout: 20_000, interval: 100 })
        .toEqual(kept.sort());
      expect([...answered].flatMap(halves).filter((key) => !kept.includes(key))).toEqual([]);
      expect(kept.length).toBe(2 * new Set(kept.map((key) => key.slice(0, -2))).size);
      const events = await told();
      console.info(
        `${type}: ${answered.size} of ${asked} transactions answered, ${kept.length / 2} committed, ${events.length - kept.length} events twice`,
      );
    }, 120_000);
  });
});
