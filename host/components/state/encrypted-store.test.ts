import { createDecipheriv } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { bytes, etag, put, read, told, upsert, write } from "../../../tests/conformance/state/scenario.ts";
import { storeConformance } from "../../../tests/conformance/state.ts";
import { openWith, testContext } from "../../../tests/conformance/test-context.ts";
import { FakeClock } from "../../fake-clock.ts";
import { componentDefaults } from "../../resources/component.ts";
import { webPlatform } from "../../web-platform.ts";
import { EncryptedStore } from "./encrypted-store.ts";
import { encryptionKeys } from "./encryption-keys.ts";
import { inMemoryStore } from "./in-memory.ts";
import type { Store } from "./store.ts";

const old = "000102030405060708090a0b0c0d0e0f";
const current = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
const clock = new FakeClock();
const { random } = webPlatform(testContext("s", clock).log);

/** A component whose fields come from secrets of the names given, or stand in it. */
const resource = (secrets: Readonly<Record<string, string>> = {}) => ({
  ...componentDefaults,
  name: "s",
  type: "state.in-memory",
  metadata: new Map<string, string>(),
  secretKeyRefs: Object.entries(secrets).map(([field, name]) => ({ field, name, key: "of-no-matter" })),
  origin: "a test",
});

const keysOf = (metadata: Readonly<Record<string, string>>, secrets?: Readonly<Record<string, string>>) =>
  encryptionKeys(resource(secrets), new Map(Object.entries(metadata)));

const memory = () => openWith(inMemoryStore, testContext("s", clock)) as Promise<Store>;

async function encrypted(store: Store, ...parameters: Parameters<typeof keysOf>): Promise<Store> {
  const keys = await keysOf(...parameters);
  if (keys === undefined) throw new Error("no keys");
  return new EncryptedStore(store, keys, random);
}

/** What the store underneath keeps. */
async function kept(store: Store, key: string): Promise<string> {
  return (await read(store, key)) ?? "";
}

describe("an encrypted store", () => {
  const cases = storeConformance({
    name: "state.in-memory, encrypted",
    features: inMemoryStore.features.filter((feature) => feature !== "QUERY_API"),
    clock,
    open: async () => encrypted(await memory(), { primaryEncryptionKey: current }),
  });
  for (const { name, run } of cases) it(name, run);
});

describe("what is kept", () => {
  it.each([16, 24, 32])("is Dapr's form of AES-GCM with a key of %d bytes", async (length) => {
    const hex = current.slice(0, length * 2);
    const under = await memory();
    const store = await encrypted(
      under,
      { PrimaryEncryptionKey: hex },
      { primaryEncryptionKey: "the/secret" },
    );
    await put(store, [upsert("k", '{"a":1}')]);
    const [text = "", name] = (await kept(under, "k")).split("||");
    expect(name).toBe("the/secret");
    const sealed = Buffer.from(text, "base64");
    const cipher = createDecipheriv(
      `aes-${length * 8}-gcm` as "aes-128-gcm",
      Buffer.from(hex, "hex"),
      sealed.subarray(0, 12),
    );
    cipher.setAuthTag(sealed.subarray(-16));
    expect(cipher.update(sealed.subarray(12, -16), undefined, "utf8") + cipher.final("utf8")).toBe('{"a":1}');
  });

  it("differs for each write of one value, but for the repetition of a guarded one", async () => {
    const under = await memory();
    const store = await encrypted(under, { primaryEncryptionKey: current });
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) {
      await put(store, [upsert("k", "same"), upsert("other", "same")]);
      seen.push(await kept(under, "k"), await kept(under, "other"));
    }
    const first = await etag(store, "k");
    const sealed: string[] = [];
    const watched = new Proxy(under, {
      get(target, name, receiver) {
        if (name !== "write") return Reflect.get(target, name, receiver);
        return (batch: Parameters<Store["write"]>[0]) => {
          for (const operation of batch.operations)
            if (operation.kind === "upsert") sealed.push(new TextDecoder().decode(operation.value));
          return batch.operations.map(() => undefined);
        };
      },
    });
    const guarded = await encrypted(watched, { primaryEncryptionKey: current });
    for (const [key, value, tag] of [
      ["k", "same", first],
      ["k", "same", first],
      ["k", "another", first],
      ["k", "same", "later"],
      ["other", "same", first],
    ] as const) {
      await write(guarded, [upsert(key, value, { etag: tag })]);
    }
    expect(sealed[0]).toBe(sealed[1]);
    expect(new Set([...seen, ...sealed]).size).toBe(seen.length + 4);
  });
});

describe("a key that changed", () => {
  it("opens what it sealed as the secondary one; what is written takes the primary one", async () => {
    const under = await memory();
    const before = await encrypted(under, { primaryEncryptionKey: old }, { primaryEncryptionKey: "one" });
    await put(before, [upsert("k", "1")]);
    const metadata = { primaryEncryptionKey: current, secondaryEncryptionKey: old };
    for (const secrets of [
      { primaryEncryptionKey: "two", secondaryEncryptionKey: "one" },
      // The secrets kept their names and changed their values.
      { primaryEncryptionKey: "one", secondaryEncryptionKey: "two" },
      {},
    ]) {
      const after = await encrypted(under, metadata, secrets);
      expect(await read(after, "k")).toBe("1");
      expect(told(await write(after, [upsert("k", "2", { etag: await etag(after, "k") })]))).toEqual([
        "applied",
      ]);
      const alone = await encrypted(under, { primaryEncryptionKey: current });
      expect(await read(alone, "k")).toBe("2");
      await put(before, [upsert("k", "1")]);
    }
  });

  it("is missed by its values, each by itself", async () => {
    const under = await memory();
    await put(await encrypted(under, { primaryEncryptionKey: old }), [upsert("k", "secret")]);
    const store = await encrypted(under, { primaryEncryptionKey: current });
    const failure = await Promise.resolve(store.get("k", undefined)).catch((error) => error);
    expect(failure).toMatchObject({
      code: "DATA_LOSS",
      message:
        "the stored value cannot be decrypted: it is damaged, or was encrypted with another key; give that key as secondaryEncryptionKey, or write the value again",
    });
  });
});

describe("what cannot be decrypted", () => {
  it.each([
    ['"plain"', /not encrypted/],
    ["{}||{}", /not encrypted/],
    ["", /not encrypted/],
    ["||primaryEncryptionKey", /damaged/],
    ["AAAA||primaryEncryptionKey", /damaged/],
    [`${btoa("\0".repeat(60))}||primaryEncryptionKey`, /damaged/],
  ])("%j is an error", async (stored, message) => {
    const under = await memory();
    await put(under, [upsert("k", stored)]);
    const store = await encrypted(under, { primaryEncryptionKey: current });
    await expect(async () => await store.get("k", undefined)).rejects.toMatchObject({
      code: "DATA_LOSS",
      message,
    });
    await expect(async () => await store.bulkGet(["k"])).rejects.toMatchObject({ code: "DATA_LOSS" });
    // It can still be replaced and removed.
    await put(store, [upsert("k", "1", { etag: await etag(under, "k") })]);
    expect(await read(store, "k")).toBe("1");
  });

  it("every single byte is guarded", async () => {
    const under = await memory();
    const store = await encrypted(under, { primaryEncryptionKey: current });
    await put(store, [upsert("k", "v")]);
    const [text = ""] = (await kept(under, "k")).split("||");
    const sealed = Buffer.from(text, "base64");
    for (let i = 0; i < sealed.length; i++) {
      const damaged = Buffer.from(sealed);
      damaged.writeUInt8(damaged.readUInt8(i) ^ 1, i);
      await put(under, [upsert("k", bytes(`${damaged.toString("base64")}||primaryEncryptionKey`))]);
      await expect(async () => await store.get("k", undefined)).rejects.toMatchObject({ code: "DATA_LOSS" });
    }
  });
});

describe("keys", () => {
  it("none: not encrypted", async () => {
    expect(await keysOf({ url: "x" })).toBeUndefined();
  });

  it.each([
    [
      { primaryEncryptionKey: "zz".repeat(16) },
      /metadata field primaryEncryptionKey: expected a key of 32, 48 or 64/,
    ],
    [{ primaryEncryptionKey: "0102" }, /primaryEncryptionKey: expected a key/],
    [{ primaryEncryptionKey: "" }, /primaryEncryptionKey: expected a key/],
    [{ primaryEncryptionKey: `${old}\n` }, /primaryEncryptionKey: expected a key/],
    [
      { primaryEncryptionKey: current, secondaryEncryptionKey: "0102" },
      /secondaryEncryptionKey: expected a key/,
    ],
    [{ secondaryEncryptionKey: old }, /secondaryEncryptionKey: nothing would be encrypted with it alone/],
  ])("%j is refused, without its text", async (metadata, message) => {
    const error = await keysOf(metadata).catch((error) => error);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message });
    for (const text of Object.values(metadata)) if (text !== "") expect(error.message).not.toContain(text);
  });

  it("say what an engine without WebCrypto, or without AES-192, lacks", async () => {
    try {
      vi.stubGlobal("crypto", {});
      const missing = keysOf({ primaryEncryptionKey: old });
      await expect(missing).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("needs WebCrypto, which browsers offer on https and localhost only"),
      });
      const importKey = () => Promise.reject(new DOMException("192-bit AES keys are not supported"));
      vi.stubGlobal("crypto", { subtle: { importKey } });
      const unsupported = keysOf({ primaryEncryptionKey: current.slice(0, 48) });
      await expect(unsupported).rejects.toThrow(/some browsers have no AES-192: use 32 or 64 digits/);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
