import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";
import { type Daprd, daprd, startDaprd } from "../hosts/daprd.ts";
import { describeWithRedis, type RedisServer, startRedis } from "../redis-server.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-encrypted-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const secrets = { old: "000102030405060708090a0b0c0d0e0f", new: "ff".repeat(32) };

/** Where each type keeps its items. */
type Place = readonly [type: string, field: string, value: string];

function component([type, field, value]: Place, name: string, primary: string, secondary?: string): string {
  const key = (field: string, secret: string) =>
    `    - name: ${field}\n      secretKeyRef:\n        name: ${secret}\n        key: ${secret}\n`;
  return `apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: ${name}
spec:
  type: ${type}
  version: v1
  metadata:
    - name: ${field}
      value: ${value}
${key("primaryEncryptionKey", primary)}${secondary === undefined ? "" : key("secondaryEncryptionKey", secondary)}auth:
  secretStore: local
`;
}

const secretStore = `apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: local
spec:
  type: secretstores.local.file
  version: v1
  metadata:
    - name: secretsFile
      value: ${join(folder, "secrets.json")}
`;

if (daprd.missing !== undefined)
  console.warn(`encrypted state shared with daprd is not tested: ${daprd.missing}`);

/** One store of encrypted values, in use by daprd and by daprlet at the same time under one app id. */
function sharedValues(place: () => Promise<Place>, stored: () => Promise<readonly string[]>): void {
  let theirs: Daprd;
  let ours: LocalRuntime;

  beforeAll(async () => {
    const where = await place();
    const components = [component(where, "before", "old"), component(where, "after", "new", "old")];
    const resources = [secretStore, ...components].join("---\n");
    writeFileSync(join(folder, "secrets.json"), JSON.stringify(secrets));
    const files = join(folder, where[0]);
    mkdirSync(files);
    writeFileSync(join(files, "all.yaml"), resources);
    theirs = await startDaprd({ appId: "both", resources: files });
    ours = await createRuntime({ appId: "both", clock: "system", components: resources });
  });

  afterAll(async () => {
    await ours?.stop();
    await theirs?.stop();
  });

  type Side = "daprd" | "daprlet";

  const save = async (on: Side, store: string, item: object) => {
    const path = `/v1.0/state/${store}`;
    const options = { method: "POST", body: JSON.stringify([item]) };
    return (await (on === "daprd" ? theirs.fetch(path, options) : ours.fetch(path, options))).status;
  };

  const get = async (on: Side, store: string, key: string) => {
    const path = `/v1.0/state/${store}/${key}`;
    if (on === "daprd") {
      const answer = await theirs.fetch(path);
      return { status: answer.status, text: answer.text, etag: answer.header("etag") };
    }
    const answer = await ours.fetch(path);
    return {
      status: answer.status,
      text: await answer.text(),
      etag: answer.headers.get("etag") ?? undefined,
    };
  };

  it.each([
    ["daprd", "daprlet"],
    ["daprlet", "daprd"],
  ] as const)("what %s writes, %s reads and guards, also when the key changed", async (writer, reader) => {
    const key = `from-${writer}`;
    expect(await save(writer, "before", { key, value: "bono & é" })).toBe(204);
    const there = await get(writer, "before", key);
    // daprd keeps a string without its quotes, and other values as Go prints them.
    expect(there.text).toBe(writer === "daprd" ? "bono & é" : '"bono & é"');
    for (const store of ["before", "after"]) expect(await get(reader, store, key)).toEqual(there);
    expect(await save(reader, "after", { key, value: 2, etag: there.etag })).toBe(204);
    expect(await save(writer, "after", { key, value: 3, etag: there.etag })).toBe(409);
    expect((await get(writer, "after", key)).text).toBe("2");
  });

  it("nothing but what is sealed is kept", async () => {
    const values = await stored();
    expect(values.length).toBe(2);
    for (const value of values) expect(value).toMatch(/^[A-Za-z0-9+/]+=*\|\|new$/);
  });
}

describe.skipIf(daprd.missing !== undefined)("encrypted values in state.sqlite", () => {
  const file = join(folder, "state.db");
  sharedValues(
    async () => ["state.sqlite", "connectionString", file],
    async () => {
      const database = new Libsql(file);
      const rows = database.prepare("SELECT value, is_binary FROM state").all([]);
      database.close();
      return (rows as { value: string; is_binary: number }[]).map(({ value, is_binary }) =>
        is_binary === 1 ? Buffer.from(value, "base64").toString() : value,
      );
    },
  );
});

describeWithRedis("encrypted values in state.redis", () => {
  describe.skipIf(daprd.missing !== undefined)("shared with daprd", () => {
    let server: RedisServer;
    afterAll(() => server?.stop());
    sharedValues(
      async () => {
        server = await startRedis();
        return ["state.redis", "redisHost", server.address];
      },
      async () => {
        const keys = await server.client.keys("both||*");
        return Promise.all(keys.map(async (key) => (await server.client.hget(key, "data")) ?? ""));
      },
    );
  });
});
