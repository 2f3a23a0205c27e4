import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { temporaryFolder } from "./launch.ts";
import { listen, type Recorder, recorder } from "./recorder.ts";

if (daprd.missing !== undefined)
  console.warn(`bindings and settings on one Redis with daprd are not tested: ${daprd.missing}`);

/** Calls of the binding one after the other: what each sidecar answers, and what it leaves in Redis. */
const calls: readonly (readonly [operation: string, metadata: Record<string, string>, data?: unknown])[] = [
  ["create", { key: "k" }, { a: "ü" }],
  ["get", { key: "k" }],
  ["get", { key: "nothing" }],
  ["create", { key: "text" }, "text"],
  ["create", { key: "mortal", ttlInSeconds: "50" }, 1],
  ["create", { key: "mortal", ttlInSeconds: "0" }, 1],
  ["create", { key: "void" }],
  ["get", { key: "text", delete: "true" }],
  ["increment", { key: "n" }],
  ["increment", { key: "n", ttlInSeconds: "50" }],
  ["increment", { key: "k" }],
  ["create", { key: "bad", ttlInSeconds: "soon" }, 1],
  ["delete", { key: "k" }],
  ["delete", { key: "k" }],
  ["list", { key: "k" }],
  ["create", {}, 1],
  ["get", { Key: "k" }],
];

describeWithRedis("one Redis for the other blocks", () => {
  describe.skipIf(daprd.missing !== undefined)("of daprd and daprlet", () => {
    const { folder, remove } = temporaryFolder();
    let server: RedisServer;
    let theirs: Daprd;
    let ours: LocalRuntime;
    let closeApp: () => void;
    const apps: Recorder[] = [recorder([]), recorder([])];

    beforeAll(async () => {
      server = await startRedis();
      const metadata = { redisHost: server.address };
      const components = [
        { name: "values", type: "bindings.redis", metadata },
        { name: "settings", type: "configuration.redis", metadata },
      ];
      const resources = join(folder, "resources");
      mkdirSync(resources);
      for (const one of components) writeFileSync(join(resources, `${one.name}.yaml`), componentYaml(one));
      const { port, close } = await listen(apps[0] as Recorder);
      closeApp = close;
      theirs = await startDaprd({ appId: "both", resources, appPort: port });
      ours = await createRuntime({ appId: "both", clock: "system", components, app: apps[1] as Recorder });
    });
    afterAll(async () => {
      await ours?.stop();
      await theirs?.stop();
      closeApp?.();
      await server?.stop();
      remove();
    });
    beforeEach(() => server.flush());

    const ask = async (side: number, path: string, body?: unknown) => {
      const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
      if (side === 0) {
        const { status, text } = await theirs.fetch(path, options);
        return { status, text };
      }
      const answer = await ours.fetch(path, options);
      return { status: answer.status, text: await answer.text() };
    };

    it("a binding's calls are answered alike and leave the same", async () => {
      const seen = [];
      for (const side of [0, 1]) {
        await server.flush();
        const answers: unknown[] = [];
        for (const [operation, metadata, data] of calls) {
          const { status, text } = await ask(side, "/v1.0/bindings/values", { operation, metadata, data });
          // Messages have their own wording; what is answered for a failure is the API suite's.
          answers.push([operation, metadata, status, status === 500 ? JSON.parse(text).errorCode : text]);
        }
        const keys = (await server.client.keys("*")).sort();
        const left = keys.map(async (key) => {
          const mortal = (await server.client.ttl(key)) > 0;
          return [key, await server.client.get(key), mortal];
        });
        seen.push({ answers, left: await Promise.all(left) });
      }
      const [there, here] = seen;
      // daprd stores before it looks at the time to live.
      there?.left.splice(
        there.left.findIndex(([key]) => key === "bad"),
        1,
      );
      expect(here).toEqual(there);
    });

    it("settings are read alike, and their changes told alike", async () => {
      await server.client.mset("color", "red||v1", "plain", "just", "many", "a||b||c", "empty", "");
      await server.client.hset("hash", "a", "b");
      const path = "/v1.0/configuration/settings";
      for (const query of ["", "?key=color&key=plain&key=many&key=empty&key=hash", "?key=missing"]) {
        const [there, here] = await Promise.all([0, 1].map((side) => ask(side, path + query)));
        expect(here?.status).toBe(there?.status);
        expect(here?.text && JSON.parse(here.text)).toEqual(there?.text && JSON.parse(there.text));
      }
      for (const side of [0, 1]) expect((await ask(side, `${path}/subscribe?key=color`)).status).toBe(200);
      // daprd subscribes after it answered.
      const listeners = async () => (await server.client.pubsub("NUMSUB", "__keyspace@0__:color"))[1];
      await expect.poll(listeners).toBe(2);
      const told = (side: number) =>
        (apps[side]?.got ?? []).map(({ path, body }) => [path, (body as { items: unknown }).items]);
      await server.client.set("color", "blue||v2");
      for (const side of [0, 1]) await expect.poll(() => told(side).length).toBe(1);
      await server.client.del("color");
      for (const side of [0, 1]) await expect.poll(() => told(side).length).toBe(2);
      expect(told(1)).toEqual(told(0));
    });
  });
});
