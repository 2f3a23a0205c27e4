import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { componentYaml } from "../hosts/components.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-shared-"));
const path = "/v1.0/state/shared";

if (daprd.missing !== undefined)
  console.warn(`an SQLite file shared with daprd is not tested: ${daprd.missing}`);

/** One SQLite file, in use by daprd and by daprlet at the same time under one app id. */
describe.skipIf(daprd.missing !== undefined).each(["daprd", "daprlet"])(
  "a file that %s created",
  (creator) => {
    const component = {
      name: "shared",
      type: "state.sqlite",
      // Which daprd passes over.
      metadata: {
        connectionString: join(folder, `${creator}.db`),
        queryIndexes: JSON.stringify([{ name: "i", indexes: [{ key: "n", type: "NUMERIC" }] }]),
      },
    };
    let theirs: Daprd;
    let ours: LocalRuntime;

    beforeAll(async () => {
      const resources = join(folder, creator);
      mkdirSync(resources);
      writeFileSync(join(resources, "shared.yaml"), componentYaml(component));
      const starts = [
        async () => {
          theirs = await startDaprd({ appId: "both", resources });
        },
        async () => {
          ours = await createRuntime({ appId: "both", clock: "system", components: [component] });
        },
      ];
      for (const start of creator === "daprd" ? starts : starts.reverse()) await start();
    });

    afterAll(async () => {
      await ours?.stop();
      await theirs?.stop();
    });

    const save = async (on: "daprd" | "daprlet", items: unknown) => {
      const options = { method: "POST", body: JSON.stringify(items) };
      return (await (on === "daprd" ? theirs.fetch(path, options) : ours.fetch(path, options))).status;
    };

    const get = async (on: "daprd" | "daprlet", key: string) => {
      if (on === "daprd") {
        const answer = await theirs.fetch(`${path}/${key}`);
        const [etag, expires] = ["etag", "metadata.ttlexpiretime"].map((name) => answer.header(name));
        return { status: answer.status, text: answer.text, etag, expires };
      }
      const answer = await ours.fetch(`${path}/${key}`);
      const [etag, expires] = ["etag", "metadata.ttlexpiretime"].map(
        (name) => answer.headers.get(name) ?? undefined,
      );
      return { status: answer.status, text: await answer.text(), etag, expires };
    };

    it.each([
      ["daprd", "daprlet"],
      ["daprlet", "daprd"],
    ] as const)("what %s writes, %s reads, guards and expires", async (writer, reader) => {
      const key = `from-${writer}`;
      expect(await save(writer, [{ key, value: { a: "\u00e9", b: [1, 2] } }])).toBe(204);
      const [there, here] = [await get(writer, key), await get(reader, key)];
      expect(here).toEqual(there);
      expect([here.status, here.text]).toEqual([200, '{"a":"\u00e9","b":[1,2]}']);
      expect(await save(reader, [{ key, value: 2, etag: here.etag }])).toBe(204);
      expect(await save(writer, [{ key, value: 3, etag: here.etag }])).toBe(409);
      expect((await get(writer, key)).text).toBe("2");
      const mortal = { key: `mortal-${writer}`, value: 1, metadata: { ttlInSeconds: "2" } };
      expect(await save(writer, [mortal])).toBe(204);
      const alive = await get(reader, mortal.key);
      expect(alive.status).toBe(200);
      expect(Math.abs(Date.parse(alive.expires ?? "") - Date.now() - 2000)).toBeLessThan(2000);
      await expect.poll(async () => (await get(reader, mortal.key)).status, { timeout: 6000 }).toBe(204);
      expect(await save(reader, [{ ...mortal, value: 2, options: { concurrency: "first-write" } }])).toBe(
        204,
      );
    });

    it("what daprd writes is found, and the index stays daprd's to keep up, to the last digit of a number", async () => {
      // Shortest spellings of doubles, some of which releases of SQLite round in different ways.
      const numbers = Array.from({ length: 600 }, (_, i) => (i + 1) * 10 ** ((i % 500) - 250) * Math.SQRT2);
      const items = (value: (i: number) => unknown) =>
        numbers.map((_, i) => ({ key: `n${i}`, value: { n: value(i) } }));
      const found = async (n: number) => {
        const body = JSON.stringify({ filter: { EQ: { n } } });
        const answer = await ours.fetch("/v1.0-alpha1/state/shared/query", { method: "POST", body });
        return answer.status === 204 ? 0 : ((await answer.json()) as { results: unknown[] }).results.length;
      };
      expect(
        await save(
          "daprlet",
          items((i) => numbers[i]),
        ),
      ).toBe(204);
      for (let at = 0; at < numbers.length; at += 100) {
        expect(await save("daprd", items((i) => (i % 2 === 0 ? 1 : numbers[i])).slice(at, at + 100))).toBe(
          204,
        );
      }
      expect(await found(1)).toBe(300);
      expect(
        await save(
          "daprlet",
          items(() => 2),
        ),
      ).toBe(204);
      expect([await found(1), await found(2)]).toEqual([0, 600]);
    }, 30_000);

    it("of parallel first writes through both one wins", async () => {
      const statuses = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          save(i % 2 === 0 ? "daprd" : "daprlet", [
            { key: "race", value: i, options: { concurrency: "first-write" } },
          ]),
        ),
      );
      expect(statuses.filter((status) => status === 204)).toHaveLength(1);
      const winner = String(statuses.indexOf(204));
      expect([(await get("daprd", "race")).text, (await get("daprlet", "race")).text]).toEqual([
        winner,
        winner,
      ]);
    });
  },
);

afterAll(() => rmSync(folder, { recursive: true, force: true }));
