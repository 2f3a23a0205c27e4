import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Guest } from "../../tests/capability/guest.ts";
import { StateCalls } from "../../tests/capability/state-calls.ts";

const guest = await Guest.of("compress");
const compress = (body: Uint8Array) =>
  guest.call([
    [":operation", "compress"],
    [":body", body],
  ]).body;
const decompress = (body: Uint8Array) =>
  guest.call([
    [":operation", "decompress"],
    [":body", body],
  ]);

const pseudorandom = (length: number) => {
  let seed = 1;
  return Uint8Array.from({ length }, () => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    return seed >> 16;
  });
};
const prose = readFileSync(resolve(import.meta.dirname, "../../README.md"));

describe("compress", () => {
  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["a byte", Uint8Array.of(7)],
    ["zeros", new Uint8Array(100_000)],
    ["noise", pseudorandom(200_000)],
    ["prose", prose],
    ["prose, then noise", new Uint8Array([...prose, ...pseudorandom(70_000), ...prose])],
    ["two letters", new TextEncoder().encode("ab".repeat(40_000))],
    // Fibonacci's numbers make the deepest tree there is.
    [
      "a deep tree",
      new TextEncoder().encode(
        Array.from({ length: 22 }, (_, i) => {
          let [a, b] = [1, 1];
          for (let j = 0; j < i; j++) [a, b] = [b, a + b];
          return String.fromCharCode(97 + i).repeat(a);
        }).join(""),
      ),
    ],
  ])("says %s to zlib, and reads what zlib says", (_, bytes) => {
    const compressed = compress(bytes);
    expect(inflateRawSync(compressed).equals(bytes)).toBe(true);
    expect(Buffer.from(decompress(compressed).body).equals(bytes)).toBe(true);
    for (const level of [0, 1, 9]) {
      expect(Buffer.from(decompress(deflateRawSync(bytes, { level })).body).equals(bytes)).toBe(true);
    }
    // The fixed code too, which zlib chooses for what is short.
    const fixed = deflateRawSync(bytes, { strategy: 4 });
    expect(Buffer.from(decompress(fixed).body).equals(bytes)).toBe(true);
    expect(compressed.length).toBeLessThanOrEqual(bytes.length + 5 * Math.ceil(bytes.length / 65_535) + 64);
  });

  it("compresses prose nearly as well as zlib does", () => {
    expect(compress(prose).length).toBeLessThan(deflateRawSync(prose).length * 1.06);
  });

  it("reads back whatever is written", () => {
    const chunks = fc.array(fc.tuple(fc.uint8Array({ maxLength: 6 }), fc.integer({ min: 1, max: 300 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(chunks, (chunks) => {
        const bytes = Buffer.concat(chunks.flatMap(([chunk, times]) => Array<Uint8Array>(times).fill(chunk)));
        expect(inflateRawSync(compress(bytes)).equals(bytes)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("refuses what is no deflate data, without an end or a trap", () => {
    const good = deflateRawSync(prose);
    for (let i = 0; i < 300; i++) {
      const bad = Buffer.from(good.subarray(0, 50 + i * 3));
      bad[i % 50] = (bad[i % 50] as number) ^ (1 << (i % 8));
      expect(decompress(bad).status).toBeOneOf([200, 400]);
    }
    expect(decompress(good.subarray(0, -1))).toMatchObject({ status: 400, error: "ERR_BAD_REQUEST" });
    expect(decompress(Uint8Array.of(7)).status).toBe(400);
    expect(decompress(new Uint8Array()).status).toBe(400);
  });

  it("refuses a bomb", () => {
    expect(decompress(deflateRawSync(new Uint8Array((8 << 20) + 1))).status).toBe(400);
    expect(decompress(deflateRawSync(new Uint8Array(1 << 20))).body.length).toBe(1 << 20);
  });
});

describe("state.compress", () => {
  const open = () => {
    const state = new StateCalls();
    const call = (operation: string, ...fields: (readonly [string, string | Uint8Array])[]) =>
      guest.call(
        [[":operation", operation], [":config", '{"store":"inner"}'], ...fields, ["key", "a"]],
        state.perform,
      );
    return { state, call };
  };

  it("keeps values smaller than they are, and says them as they were", () => {
    const { state, call } = open();
    expect(call("get").status).toBe(204);
    expect(call("set", [":body", prose], ["ttl", "60"]).status).toBe(204);
    const stored = state.items.get("inner/a");
    expect(stored?.value.length).toBeLessThan(prose.length * 0.65);
    expect(stored?.ttl).toBe("60");
    const got = call("get");
    expect(Buffer.from(got.body).equals(prose)).toBe(true);
    expect(got.headers.get("etag")).toBe(stored?.etag);
  });

  it("asks for keys without bars, each another one", () => {
    const { state, call } = open();
    for (const key of ["app||a", "app%7C%7Ca"]) call("set", ["key", key], [":body", key]);
    expect([...state.items.keys()]).toEqual(["inner/app%7C%7Ca", "inner/app%257C%257Ca"]);
    expect(call("get", ["key", "app||a"]).text).toBe("app||a");
  });

  it("tells what begins with a prefix page by page, fewer at once where they are large", () => {
    const { state, call } = open();
    const noise = Buffer.from(pseudorandom(600_000)).toString("latin1");
    const large = Array.from({ length: 9 }, (_, i) => `app||large-${i}`);
    const small = Array.from({ length: 700 }, (_, i) => `app||small-${String(i).padStart(3, "0")}`);
    for (const key of [...large, ...small])
      call("set", ["key", key], [":body", key.includes("large") ? noise : "1"]);
    // What is small as it is stored may be large as it was.
    call("set", ["key", "app||zeros-1"], [":body", new Uint8Array(3 << 20)]);
    call("set", ["key", "app||zeros-2"], [":body", new Uint8Array(3 << 20)]);
    call("set", ["key", "other||a"], [":body", "1"]);
    const pages: (readonly string[])[] = [];
    let token: string | undefined;
    do {
      const page = call(
        "scan",
        ["prefix", "app||"],
        ...(token === undefined ? [] : [["token", token] as const]),
      );
      expect([page.status, page.headers.has("token")]).toEqual([200, page.headers.get("more") === "true"]);
      pages.push(page.items);
      token = page.headers.get("token");
    } while (token !== undefined && pages.length < 100);
    expect(pages.flat()).toEqual([...large, ...small, "app||zeros-1", "app||zeros-2"]);
    expect(pages.length).toBeLessThan(35);
    state.items.set("inner/app%7C%7Cx", { value: '"text"', etag: "1", ttl: undefined });
    expect(call("scan", ["prefix", "app||x"])).toMatchObject({ status: 500, error: "ERR_STATE_COMPRESS" });
    expect(call("scan", ["prefix", "nobody||"])).toMatchObject({ status: 200, items: [] });
  });

  it("hands ETags through, and what the store refuses", () => {
    const { state, call } = open();
    call("set", [":body", "1"]);
    expect(call("set", [":body", "2"], ["etag", "7"])).toMatchObject({ status: 409 });
    expect(call("delete", ["etag", "7"])).toMatchObject({ status: 409 });
    expect(call("get").text).toBe("1");
    expect(call("delete", ["etag", "1"]).status).toBe(204);
    expect(call("get").status).toBe(204);
    state.refuses = true;
    expect(call("get")).toMatchObject({ status: 403, error: "ERR_CAPABILITY_NOT_GRANTED" });
  });

  it.each(['"deflate:!!"', '"deflate:AAAA"', '{"a":1}', '"text"'])("says that %s is not its own", (value) => {
    const { state, call } = open();
    state.items.set("inner/a", { value, etag: "1", ttl: undefined });
    expect(call("get")).toMatchObject({ status: 500, error: "ERR_STATE_COMPRESS" });
  });
});
