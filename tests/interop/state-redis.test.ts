import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";
import { temporaryFolder } from "./launch.ts";

const path = "/v1.0/state/shared";
type Side = "daprd" | "daprlet";

if (daprd.missing !== undefined) console.warn(`a Redis shared with daprd is not tested: ${daprd.missing}`);

/** One Redis, in use by daprd and by daprlet at the same time under one app id. */
describeWithRedis("a Redis shared with daprd", () => {
  describe.skipIf(daprd.missing !== undefined)("under one app id", () => {
    const { folder, remove } = temporaryFolder();
    let server: RedisServer;
    let theirs: Daprd;
    let ours: LocalRuntime;

    beforeAll(async () => {
      server = await startRedis();
      const metadata = { redisHost: server.address, redisPassword: "" };
      const component = { name: "shared", type: "state.redis", metadata };
      const resources = join(folder, "resources");
      mkdirSync(resources);
      writeFileSync(join(resources, "shared.yaml"), componentYaml(component));
      theirs = await startDaprd({ appId: "both", resources });
      ours = await createRuntime({ appId: "both", clock: "system", components: [component] });
    });

    afterAll(async () => {
      await ours?.stop();
      await theirs?.stop();
      await server?.stop();
      remove();
    });

    const ask = async (on: Side, url: string, method = "GET", body?: unknown, etag?: string) => {
      const headers = { "content-type": "application/json", ...(etag !== undefined && { "if-match": etag }) };
      const options = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
      if (on === "daprd") {
        const { status, text, fields } = await theirs.fetch(url, options);
        return { status, text, headers: new Map(fields) };
      }
      const answer = await ours.fetch(url, options);
      return { status: answer.status, text: await answer.text(), headers: new Map(answer.headers) };
    };
    const save = async (on: Side, ...items: unknown[]) => (await ask(on, path, "POST", items)).status;
    const erase = async (on: Side, key: string, etag?: string) =>
      (await ask(on, `${path}/${key}`, "DELETE", undefined, etag)).status;
    const get = async (on: Side, key: string) => {
      const { status, text, headers } = await ask(on, `${path}/${key}`);
      return { status, text, etag: headers.get("etag") };
    };
    const fields = (key: string) => server.client.hgetall(`both||${key}`);
    const first = { concurrency: "first-write" };

    it("the same calls leave the same hashes, field by field", async () => {
      const left = async (side: Side) => {
        const [key, mortal, created] = ["same", "mortal", "created"].map((name) => `${name}-${side}`) as [
          string,
          string,
          string,
        ];
        const seen: unknown[] = [];
        const look = async (which: string) =>
          seen.push([await fields(which), await server.client.ttl(`both||${which}`)]);
        await save(side, { key, value: { a: "\u00e9" } });
        await look(key);
        const { etag } = await get(side, key);
        await save(side, { key, value: [1], etag, options: first });
        await look(key);
        await save(side, { key: mortal, value: "text", metadata: { ttlInSeconds: "100" } });
        await look(mortal);
        await save(side, { key: created, value: 1, options: first });
        // What daprlet creates goes on from the versions of items that may be gone: no ETag comes back.
        const { version, ...rest } = await fields(created);
        expect(Number(version)).toBeGreaterThan(0);
        return [...seen, rest, etag];
      };
      const theirHashes = await left("daprd");
      expect(theirHashes[0]).toEqual([{ data: '{"a":"\u00e9"}', version: "1" }, -1]);
      expect(await left("daprlet")).toEqual(theirHashes);
    });

    it.each([
      ["daprd", "daprlet"],
      ["daprlet", "daprd"],
    ] as const)("what %s writes, %s reads, guards, deletes and expires", async (writer, reader) => {
      const key = `from-${writer}`;
      expect(await save(writer, { key, value: { a: ["\u00e9", 2] } })).toBe(204);
      const [there, here] = [await get(writer, key), await get(reader, key)];
      expect(here).toEqual(there);
      expect([here.status, here.text]).toEqual([200, '{"a":["\u00e9",2]}']);
      expect(await save(reader, { key, value: 2, etag: here.etag })).toBe(204);
      expect(await save(writer, { key, value: 3, etag: here.etag })).toBe(409);
      expect(await erase(writer, key, here.etag)).toBe(409);
      expect((await get(writer, key)).text).toBe("2");
      expect(await erase(reader, key, (await get(writer, key)).etag)).toBe(204);
      expect((await get(writer, key)).status).toBe(204);
      const mortal = { key: `mortal-${writer}`, value: 1, metadata: { ttlInSeconds: "2" } };
      expect(await save(writer, mortal)).toBe(204);
      const alive = await ask("daprlet", `${path}/${mortal.key}`);
      const expires = Date.parse(alive.headers.get("metadata.ttlexpiretime") ?? "");
      expect(Math.abs(expires - Date.now() - 2000)).toBeLessThan(2000);
      await expect.poll(async () => (await get(reader, mortal.key)).status, { timeout: 6000 }).toBe(204);
      expect(await save(reader, { ...mortal, value: 2, options: first })).toBe(204);
    });

    it("what one writes in a transaction, the other reads in bulk", async () => {
      for (const [writer, reader] of [
        ["daprd", "daprlet"],
        ["daprlet", "daprd"],
      ] as const) {
        const [a, b] = [`tx-a-${writer}`, `tx-b-${writer}`];
        const operations = [
          { operation: "upsert", request: { key: a, value: { n: 1 } } },
          { operation: "upsert", request: { key: b, value: "two" } },
        ];
        expect((await ask(writer, `${path}/transaction`, "POST", { operations })).status).toBe(204);
        const found = await ask(reader, `${path}/bulk`, "POST", { keys: [a, b] });
        expect(
          (JSON.parse(found.text) as { key: string }[]).sort((x, y) => (x.key < y.key ? -1 : 1)),
        ).toEqual([
          { key: a, data: { n: 1 }, etag: expect.any(String) },
          { key: b, data: "two", etag: expect.any(String) },
        ]);
      }
    });

    it.each(["first writes", "writes with one ETag"])(
      "of 100 parallel %s through both one wins",
      async (kind) => {
        const key = kind.replaceAll(" ", "-");
        let guard: object = { options: first };
        if (kind !== "first writes") {
          await save("daprd", { key, value: "before" });
          guard = { etag: (await get("daprlet", key)).etag };
        }
        const statuses = await Promise.all(
          Array.from({ length: 100 }, (_, i) =>
            save(i % 2 === 0 ? "daprd" : "daprlet", { key, value: i, ...guard }),
          ),
        );
        expect(statuses.filter((status) => status === 204)).toHaveLength(1);
        const winner = String(statuses.indexOf(204));
        expect([(await get("daprd", key)).text, (await get("daprlet", key)).text]).toEqual([winner, winner]);
      },
    );
  });
});
