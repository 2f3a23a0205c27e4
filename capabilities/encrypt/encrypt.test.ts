import { createCipheriv, createDecipheriv } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Guest } from "../../tests/capability/guest.ts";
import { StateCalls } from "../../tests/capability/state-calls.ts";

const secret = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const config = (key = secret) => JSON.stringify({ store: "inner", key: base64(key) });

/** A package whose chance is known. */
async function open(nonce = Uint8Array.from({ length: 12 }, (_, i) => i)) {
  const guest = await Guest.of("encrypt", {
    random: (bytes) => {
      bytes.set(nonce);
      return bytes;
    },
  });
  const state = new StateCalls();
  const call = (operation: string, key: string, body: string | Uint8Array = "", metadata = config()) =>
    guest.call(
      [
        [":operation", operation],
        [":config", metadata],
        ["key", key],
        [":body", body],
      ],
      state.perform,
    );
  const stored = (key: string): Buffer => {
    const text = JSON.parse(state.items.get(`inner/${key}`)?.value ?? "");
    expect(text).toMatch(/^sealed:/);
    return Buffer.from(text.slice("sealed:".length), "base64");
  };
  return { state, call, stored };
}

describe("encrypt", () => {
  it("seals what RFC 8439 seals in 2.8.2", async () => {
    const { call, stored } = await open(Buffer.from("070000004041424344454647", "hex"));
    const plain =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
    // A key of an item is text, so the RFC's context cannot be one: the text alone is compared here, tags below.
    expect(call("set", "a", plain).status).toBe(204);
    expect(stored("a").subarray(12, 28).toString("hex")).toBe("d31a8d34648e60db7b86afbc53ef7ec2");
    expect(stored("a").subarray(12, -16).toString("hex")).toMatch(
      /fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116$/,
    );
  });

  it("seals what OpenSSL seals, and opens what it sealed, at every length", async () => {
    for (const length of [0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 1_000, 70_000]) {
      const nonce = Uint8Array.from({ length: 12 }, (_, i) => (length * 31 + i * 7) & 255);
      const { state, call, stored } = await open(nonce);
      const key = `key ${length} é`;
      const plain = Buffer.from(Uint8Array.from({ length }, (_, i) => (i * i + length) & 255));
      expect(call("set", key, plain).status).toBe(204);
      const sealed = stored(key);
      expect(sealed.subarray(0, 12).equals(nonce)).toBe(true);

      const theirs = createDecipheriv("chacha20-poly1305", secret, nonce, { authTagLength: 16 });
      theirs.setAAD(Buffer.from(key), { plaintextLength: length });
      theirs.setAuthTag(sealed.subarray(-16));
      expect(Buffer.concat([theirs.update(sealed.subarray(12, -16)), theirs.final()]).equals(plain)).toBe(
        true,
      );

      const cipher = createCipheriv("chacha20-poly1305", secret, nonce, { authTagLength: 16 });
      cipher.setAAD(Buffer.from(key), { plaintextLength: length });
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      const value = JSON.stringify(`sealed:${base64(Buffer.concat([nonce, text, cipher.getAuthTag()]))}`);
      state.items.set(`inner/${key}`, { value, etag: "1", ttl: undefined });
      const got = call("get", key);
      expect(got.status).toBe(200);
      expect(Buffer.from(got.body).equals(plain)).toBe(true);
    }
  });

  it("seals under keys and with bytes that make its sums overflow", async () => {
    for (const [key, fill] of [
      [255, 255],
      [0, 255],
      [255, 0],
      [1, 254],
    ] as const) {
      const { call, stored } = await open(new Uint8Array(12).fill(key));
      const bytes = new Uint8Array(32).fill(key);
      const plain = new Uint8Array(257).fill(fill);
      expect(call("set", "a", plain, config(bytes)).status).toBe(204);
      const cipher = createCipheriv("chacha20-poly1305", bytes, new Uint8Array(12).fill(key), {
        authTagLength: 16,
      });
      cipher.setAAD(Buffer.from("a"), { plaintextLength: plain.length });
      const text = Buffer.concat([cipher.update(plain), cipher.final()]);
      expect(
        stored("a")
          .subarray(12)
          .equals(Buffer.concat([text, cipher.getAuthTag()])),
      ).toBe(true);
    }
  });

  it("opens nothing that was changed, moved, cut off, or sealed with another key", async () => {
    const { state, call, stored } = await open();
    call("set", "a", "what nobody else may read");
    const sealed = stored("a");
    const put = (key: string, bytes: Uint8Array) =>
      state.items.set(`inner/${key}`, {
        value: JSON.stringify(`sealed:${base64(bytes)}`),
        etag: "1",
        ttl: undefined,
      });
    const refused = { status: 500, error: "ERR_STATE_ENCRYPT" };
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed[i] = (changed[i] as number) ^ 1;
      put("a", changed);
      expect(call("get", "a")).toMatchObject(refused);
    }
    for (const length of [0, 11, 12, 27, 28, sealed.length - 1]) {
      put("a", sealed.subarray(0, length));
      expect(call("get", "a")).toMatchObject(refused);
    }
    put("b", sealed);
    expect(call("get", "b")).toMatchObject(refused);
    put("a", sealed);
    expect(call("get", "a").text).toBe("what nobody else may read");
    expect(call("get", "a", "", config(new Uint8Array(32)))).toMatchObject(refused);
    state.items.set("inner/a", { value: '"in clear"', etag: "1", ttl: undefined });
    expect(call("get", "a")).toMatchObject(refused);
  });

  it.each(["", "{}", '{"key":"c2hvcnQ="}', '{"key":"!"}'])(
    "needs a key of 32 bytes, not %s",
    async (metadata) => {
      const { call, state } = await open();
      expect(call("set", "a", "1", metadata)).toMatchObject({ status: 500, error: "ERR_STATE_ENCRYPT" });
      expect(state.calls).toBe(0);
    },
  );

  it("deletes, and says what is not there", async () => {
    const { call } = await open();
    expect(call("get", "a").status).toBe(204);
    call("set", "a", "1");
    expect(call("delete", "a").status).toBe(204);
    expect(call("get", "a").status).toBe(204);
  });
});
