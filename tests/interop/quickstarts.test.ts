import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { component, type Kind, kinds, type Launched, temporaryFolder } from "./launch.ts";
import { pythonMissing } from "./python.ts";

const programs = [
  { name: "JavaScript", app: "quickstart.mjs", topic: "orders-js", missing: undefined },
  { name: "Python", app: "quickstart.py", topic: "orders-py", missing: pythonMissing },
] as const;

type Program = (typeof programs)[number];

const missing = kinds.map((kind) => kind.missing).find((sentence) => sentence !== undefined);

/** What the quickstarts have: a state store and a broker on Redis, files, secrets, configuration. */
function components(folder: string, redis: RedisServer): readonly string[] {
  const address = { redisHost: redis.address, redisPassword: "" };
  const secrets = join(folder, "secrets.json");
  const files = join(folder, "files");
  mkdirSync(files, { recursive: true });
  writeFileSync(secrets, JSON.stringify({ secret: "YourPasswordKeyOneHere" }));
  return [
    component("statestore", "state.redis", address),
    component("pubsub", "pubsub.redis", address),
    component("configstore", "configuration.redis", address),
    component("localsecretstore", "secretstores.local.file", { secretsFile: secrets }),
    component("files", "bindings.localstorage", { rootPath: files }),
  ];
}

describeWithRedis("programs in the shape of the quickstarts, on state.redis and pubsub.redis", () => {
  if (missing !== undefined) {
    test.skip(missing, () => undefined);
    return;
  }
  let redis: RedisServer;
  const running: Launched[] = [];
  const folders: (() => void)[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    await redis.client.set("orderId1", "101");
    await redis.client.set("orderId2", "102||v2");
  }, 60_000);
  afterAll(async () => {
    await Promise.all(running.map((launched) => launched.kill()));
    await redis?.stop();
    for (const remove of folders) remove();
  });

  async function launch(kind: Kind, { app }: Program, appId: string): Promise<Launched> {
    const { folder, remove } = temporaryFolder();
    folders.push(remove);
    const launched = await kind.launch({ appId, app, folder, components: components(folder, redis) });
    running.push(launched);
    return launched;
  }
  const received = async ({ appId, fetch }: Launched) =>
    (await fetch(`/v1.0/invoke/${appId}/method/received`)).json as { data: unknown; source: string }[];

  describe.each(programs)("$name", (program) => {
    test.skipIf(program.missing !== undefined)(
      "runs unchanged on daprd and on daprlet, and is told the same",
      async () => {
        const transcripts: unknown[] = [];
        for (const kind of kinds) {
          const launched = await launch(kind, program, `orders-${kind.dialect}-${program.topic}`);
          const { appId, fetch } = launched;
          const ran = await fetch(`/v1.0/invoke/${appId}/method/run`, { method: "POST", timeout: 30_000 });
          expect(ran.status, ran.text).toBe(200);
          transcripts.push(ran.json);
          await expect
            .poll(async () => (await received(launched)).map(({ data }) => data), { timeout: 15_000 })
            .toContainEqual({ orderId: 7 });
        }
        const [daprlet, daprd] = transcripts;
        expect(daprlet).toEqual(daprd);
      },
      90_000,
    );
  });

  test("daprd and daprlet are two instances of one app on one Redis", async () => {
    const [program] = programs;
    const both = await Promise.all(kinds.map((kind) => launch(kind, program, "orders-shared")));
    const [one, other] = both as [Launched, Launched];
    const save = (on: Launched, key: string, value: unknown, etag?: string) =>
      on.fetch("/v1.0/state/statestore", {
        method: "POST",
        body: JSON.stringify([{ key, value, ...(etag !== undefined && { etag }) }]),
      });
    expect((await save(one, "shared", { by: "one" })).status).toBe(204);
    const read = await other.fetch("/v1.0/state/statestore/shared");
    expect(read.json).toEqual({ by: "one" });
    const etag = read.header("etag") as string;
    expect((await save(other, "shared", { by: "other" }, etag)).status).toBe(204);
    expect((await save(one, "shared", { by: "one, too late" }, etag)).status).toBe(409);
    expect((await one.fetch("/v1.0/state/statestore/shared")).json).toEqual({ by: "other" });

    const sent = Array.from({ length: 40 }, (_, n) => n);
    for (const n of sent) {
      const on = both[n % 2] as Launched;
      const body = JSON.stringify({ n });
      const headers = { "content-type": "application/json" };
      expect(
        (await on.fetch(`/v1.0/publish/pubsub/${program.topic}`, { method: "POST", body, headers })).status,
      ).toBe(204);
    }
    const seen = async () => {
      const all = (await Promise.all(both.map(received))).flat();
      return all.flatMap(({ data }) =>
        typeof data === "object" && data !== null && "n" in data ? [data.n] : [],
      );
    };
    // They compete: each event reaches one of the two.
    await expect.poll(async () => (await seen()).length, { timeout: 20_000 }).toBe(sent.length);
    expect((await seen()).sort((a, b) => Number(a) - Number(b))).toEqual(sent);
  }, 90_000);
});
