import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { storeRow } from "./gateway-table.ts";

const stores = [storeRow("statestore"), storeRow("other", { isApps: 0 })];

const json = (body: unknown): RequestInit => ({ method: "POST", body: JSON.stringify(body) });

describe.skipIf(missingWasmtime !== undefined).each([false, true])(
  "state of a gateway, instances reused: %s",
  (reused) => {
    let folder: string;
    let gateway: Gateway;
    const call = (path: string, init?: RequestInit) => fetch(`${gateway.url}/v1.0/state/${path}`, init);
    const textOf = async (path: string) => (await call(path)).text();

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "daprlet-state-"));
      gateway = await startGateway({ stores }, { variant: "http+folder", reused, folder });
    }, 30_000);
    afterAll(async () => {
      await gateway?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it("saves, reads and deletes", async () => {
      const saved = await call(
        "statestore",
        json([{ key: "a", value: { n: 1 } }, { key: "b", value: "text" }, { key: "ü/ñ" }]),
      );
      expect([saved.status, await saved.text()]).toEqual([204, ""]);
      const read = await call("statestore/a");
      expect(read.status).toBe(200);
      expect(read.headers.get("content-type")).toBe("application/json");
      expect(read.headers.get("etag")).toMatch(/^[0-9a-f]{16}$/);
      expect(await read.text()).toBe('{"n":1}');
      expect(await textOf("statestore/%C3%BC%2F%C3%B1")).toBe("null");
      expect((await call("statestore/a", { method: "DELETE" })).status).toBe(204);
      expect((await call("statestore/a")).status).toBe(204);
      expect((await call("statestore/a", { method: "DELETE" })).status).toBe(204);
      // A prefix is the app's, and the stores have folders of their own.
      expect((await call("other/b")).status).toBe(204);
      expect(readdirSync(folder).sort()).toEqual(["other", "statestore"]);
    });

    it("lets the ETag decide", async () => {
      await call("statestore", json([{ key: "e", value: 1 }]));
      const etag = (await call("statestore/e")).headers.get("etag") as string;
      const save = (item: object) => call("statestore", json([{ key: "e", value: 2, ...item }]));
      expect((await save({ etag: "no such" })).status).toBe(409);
      expect((await save({ options: { concurrency: "first-write" } })).status).toBe(409);
      expect((await save({ etag })).status).toBe(204);
      const refused = await save({ etag });
      expect(refused.status).toBe(409);
      expect(await refused.json()).toMatchObject({
        errorCode: "ERR_STATE_SAVE",
        message: expect.stringContaining("possible etag mismatch"),
      });
      const guarded = (tag: string) =>
        call("statestore/e", { method: "DELETE", headers: { "if-match": tag } });
      expect((await guarded(etag)).status).toBe(409);
      expect((await guarded((await call("statestore/e")).headers.get("etag") as string)).status).toBe(204);
    });

    it("does transactions as one, in their order", async () => {
      const transact = (operations: object[]) => call("statestore/transaction", json({ operations }));
      const upsert = (key: string, value: unknown, more = {}) => ({
        operation: "upsert",
        request: { key, value, ...more },
      });
      expect(
        (await transact([upsert("t1", 1), upsert("t2", 2), { operation: "delete", request: { key: "t1" } }]))
          .status,
      ).toBe(204);
      expect([await textOf("statestore/t1"), await textOf("statestore/t2")]).toEqual(["", "2"]);
      const refused = await transact([upsert("t1", 5), upsert("t2", 6, { etag: "0123456789abcdef" })]);
      expect(refused.status).toBe(500);
      expect([await textOf("statestore/t1"), await textOf("statestore/t2")]).toEqual(["", "2"]);
      const unknown = await transact([{ operation: "increment", request: { key: "t1" } }]);
      expect([unknown.status, (await unknown.json()).errorCode]).toEqual([
        400,
        "ERR_NOT_SUPPORTED_STATE_OPERATION",
      ]);
    });

    it("answers in bulk in the order asked, with what the stored JSON is", async () => {
      await call(
        "statestore",
        json([
          { key: "b1", value: { deep: ["x"] } },
          { key: 'b"2', value: "é" },
        ]),
      );
      const answer = await call("statestore/bulk", json({ keys: ["b1", "none", 'b"2'], parallelism: 2 }));
      expect(await answer.json()).toEqual([
        { key: "b1", data: { deep: ["x"] }, etag: expect.any(String) },
        { key: "none" },
        { key: 'b"2', data: "é", etag: expect.any(String) },
      ]);
      expect(await (await call("statestore/bulk", json({}))).json()).toEqual([]);
      expect((await call("statestore/bulk", json({ keys: [1] }))).status).toBe(400);
    });

    it("forgets items after their time", async () => {
      await call("statestore", json([{ key: "ttl", value: 1, metadata: { ttlInSeconds: "1" } }]));
      const read = await call("statestore/ttl");
      const expires = Date.parse(read.headers.get("metadata.ttlexpiretime") as string);
      expect(Math.abs(expires - Date.now())).toBeLessThan(3000);
      await expect.poll(async () => (await call("statestore/ttl")).status, { timeout: 5000 }).toBe(204);
      const bad = await call("statestore?metadata.ttlInSeconds=soon", json([{ key: "ttl", value: 1 }]));
      expect([bad.status, (await bad.json()).errorCode]).toEqual([500, "ERR_STATE_SAVE"]);
    });

    it("refuses what is no request for state, and names the cause", async () => {
      const errorOf = async (path: string, init?: RequestInit) => {
        const answer = await call(path, init);
        return [answer.status, ...Object.values(await answer.json()).slice(0, 2)];
      };
      expect(await errorOf("nostore/a")).toEqual([
        400,
        "ERR_STATE_STORE_NOT_FOUND",
        "state store nostore is not found",
      ]);
      expect(await errorOf("statestore", { method: "POST", body: "[{" })).toEqual([
        400,
        "ERR_MALFORMED_REQUEST",
        "expected more: the JSON is cut off at byte 2",
      ]);
      expect(await errorOf("statestore", json([{ value: 1 }]))).toEqual([
        400,
        "ERR_MALFORMED_REQUEST",
        expect.stringContaining("key"),
      ]);
      expect((await errorOf("statestore/a%7C%7Cb"))[0]).toBe(400);
      expect((await errorOf("statestore", json([{ key: "big", value: "x".repeat(1_100_000) }])))[0]).toBe(
        500,
      );
      expect((await errorOf("statestore", json([{ key: "big", value: "x".repeat(5_000_000) }])))[0]).toBe(
        400,
      );
    });

    it("keeps values of half a megabyte, and many of them", async () => {
      const value = "é".repeat(250_000);
      for (let i = 0; i < 4; i++)
        expect((await call("statestore", json([{ key: `large${i}`, value }]))).status).toBe(204);
      for (let i = 0; i < 4; i++) expect(await textOf(`statestore/large${i}`)).toBe(JSON.stringify(value));
    });
  },
);

describe.skipIf(missingWasmtime !== undefined)("a gateway whose folder is taken away", () => {
  it("says so once, and begins it anew", async () => {
    const folder = mkdtempSync(join(tmpdir(), "daprlet-state-"));
    const gateway = await startGateway({ stores }, { variant: "http+folder", reused: true, folder });
    const save = () => fetch(`${gateway.url}/v1.0/state/statestore`, json([{ key: "a", value: 1 }]));
    try {
      expect((await save()).status).toBe(204);
      rmSync(join(folder, "statestore"), { recursive: true });
      // An instance that has the old folder open refuses; one that comes anew makes another. Neither loses what it answered.
      const after = await save();
      if (after.status === 204) expect(readdirSync(folder)).toEqual(["statestore"]);
      else {
        expect([after.status, (await after.json()).message]).toEqual([
          500,
          expect.stringContaining("the store's folder was removed or replaced"),
        ]);
      }
      await expect.poll(async () => (await save()).status).toBe(204);
      expect((await fetch(`${gateway.url}/v1.0/state/statestore/a`)).status).toBe(200);
      expect(readdirSync(folder)).toEqual(["statestore"]);
    } finally {
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 30_000);
});

describe.skipIf(missingWasmtime !== undefined)("a gateway's state when the gateway is killed", () => {
  const clients = 16;
  /** A hundred by hand. */
  const kills = Number(process.env.STATE_KILLS ?? 3);

  it(`loses nothing that was acknowledged, over ${kills} kills`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "daprlet-state-"));
    const gateway = await startGateway({ stores }, { variant: "http+folder", reused: true, folder });
    const read = async (key: string) => {
      const answer = await fetch(`${gateway.url}/v1.0/state/statestore/${key}`);
      const text = await answer.text();
      return { value: text === "" ? 0 : Number(text), etag: answer.headers.get("etag") };
    };
    const keys = ["a", "b", "c", "d"];
    const sure = new Map(keys.map((key) => [key, 0]));
    const doubtful = new Map(keys.map((key) => [key, 0]));
    const count = (to: Map<string, number>, key: string) => to.set(key, (to.get(key) as number) + 1);
    let ends = false;
    const client = async (i: number) => {
      const key = keys[i % keys.length] as string;
      while (!ends) {
        let sent = false;
        try {
          const { value, etag } = await read(key);
          const options = { concurrency: "first-write" };
          sent = true;
          const answer = await fetch(`${gateway.url}/v1.0/state/statestore`, {
            ...json([{ key, value: value + 1, options, ...(etag === null ? {} : { etag }) }]),
          });
          await answer.arrayBuffer();
          if (answer.status === 204) count(sure, key);
          else if (answer.status !== 409) throw new Error(`${answer.status}`);
        } catch {
          if (sent) count(doubtful, key);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    try {
      const running = Array.from({ length: clients }, (_, i) => client(i));
      for (let i = 0; i < kills; i++) {
        await new Promise((resolve) => setTimeout(resolve, 400));
        await gateway.restart();
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
      ends = true;
      await Promise.all(running);
      for (const key of keys) {
        const { value } = await read(key);
        expect(value).toBeGreaterThanOrEqual(sure.get(key) as number);
        expect(value).toBeLessThanOrEqual((sure.get(key) as number) + (doubtful.get(key) as number));
      }
      expect([...sure.values()].reduce((a, b) => a + b)).toBeGreaterThan(kills);
    } finally {
      ends = true;
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 600_000);
});
