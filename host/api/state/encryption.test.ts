import { describe, expect, it } from "vitest";
import type { Store, WriteBatch } from "../../components/state/store.ts";
import { defineStore } from "../../components/state/store.ts";
import { createRuntime } from "../../node/create-runtime.ts";

const key = "0f".repeat(32);
const items = new Map<string, Uint8Array>();

/** A store that could be queried, and whose contents the tests reach. */
const open = defineStore({
  type: "state.open",
  version: "v1",
  summary: "A store of this test.",
  metadata: {},
  features: ["QUERY_API", "TRANSACTIONAL"],
  async open() {
    const get: Store["get"] = (key) => {
      const value = items.get(key);
      return value && { value, etag: undefined, expiresAt: undefined };
    };
    return {
      get,
      bulkGet: async (keys) => Promise.all(keys.map((key) => get(key, undefined))),
      write({ operations }: WriteBatch) {
        for (const one of operations) if (one.kind === "upsert") items.set(one.key, one.value);
        return operations.map(() => undefined);
      },
      query: async () => ({ items: [], token: undefined }),
      close: async () => undefined,
    };
  },
});

const start = (metadata: Record<string, string>) =>
  createRuntime({
    registry: { state: [open] },
    components: [{ name: "s", type: "state.open", metadata }],
  });

describe("a component with encryption keys", () => {
  it("does not promise queries", async () => {
    for (const [metadata, capabilities] of [
      [{}, ["QUERY_API", "TRANSACTIONAL"]],
      [{ primaryEncryptionKey: key }, ["TRANSACTIONAL"]],
    ] as const) {
      const runtime = await start(metadata);
      const answer = await (await runtime.fetch("/v1.0/metadata")).text();
      expect(JSON.parse(answer)).toMatchObject({ components: [{ name: "s", capabilities }] });
      expect(answer).not.toContain(key);
      await runtime.stop();
    }
  });

  it("answers a damaged value with an error of its own, beside the others", async () => {
    const runtime = await start({ primaryEncryptionKey: key });
    const body = JSON.stringify(["a", "b"].map((key) => ({ key, value: { key } })));
    expect((await runtime.fetch("/v1.0/state/s", { method: "POST", body })).status).toBe(204);
    items.set("app||b", new TextEncoder().encode("AAAA||primaryEncryptionKey"));
    const alone = await runtime.fetch("/v1.0/state/s/b");
    const cause = expect.stringMatching(/^fail to get b from state store s: .*cannot be decrypted/);
    expect([alone.status, await alone.json()]).toMatchObject([
      500,
      { errorCode: "ERR_STATE_GET", message: cause },
    ]);
    const bulk = await runtime.fetch("/v1.0/state/s/bulk", {
      method: "POST",
      body: '{"keys":["a","b","c"]}',
    });
    expect([bulk.status, await bulk.json()]).toEqual([
      200,
      [
        { key: "a", data: { key: "a" } },
        { key: "b", error: expect.stringContaining("cannot be decrypted") },
        { key: "c" },
      ],
    ]);
    await runtime.stop();
  });

  it("does not open with a key that is none", async () => {
    const starting = start({ primaryEncryptionKey: "0102" });
    await expect(starting).rejects.toThrow(
      /component s .*primaryEncryptionKey: expected a key of 32, 48 or 64/,
    );
  });
});
