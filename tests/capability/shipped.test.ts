import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRuntime, type LocalRuntime } from "../../host/node/create-runtime.ts";

const root = resolve(import.meta.dirname, "../..");
const dist = resolve(root, "dist/capabilities");
const names = [
  "compress",
  "detect",
  "encrypt",
  "hello",
  "hostile",
  "image-resize",
  "json-schema",
  "lru-cache",
  "mandelbrot",
  "primes",
  "text-search",
];
const picture = (path: string) => new Uint8Array(readFileSync(resolve(root, "capabilities", path)));

/** Every package that is shipped, in worker threads behind the API: their descriptions fit what they read. */
describe("the packages that are shipped, in a sidecar", () => {
  let runtime: LocalRuntime;

  beforeAll(async () => {
    runtime = await createRuntime({
      clock: "system",
      capabilities: { paths: [dist], grants: Object.fromEntries(names.map((name) => [name, "all"])) },
      components: [
        { name: "statestore", type: "state.in-memory" },
        { name: "cache", type: "state.lru", metadata: { maxEntries: "10" } },
        { name: "archive", type: "state.compress", metadata: { store: "statestore" } },
        {
          name: "private",
          type: "state.encrypt",
          metadata: { store: "statestore", key: Buffer.alloc(32, 1).toString("base64") },
        },
      ],
    });
  });
  afterAll(() => runtime.stop(0));

  const call = async (path: string, init?: RequestInit) => {
    const response = await runtime.fetch(path, init);
    return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) };
  };
  const text = ({ bytes }: { readonly bytes: Uint8Array }) => new TextDecoder().decode(bytes);
  const json = (answer: { readonly bytes: Uint8Array }) => JSON.parse(text(answer));

  it("are all loaded, with all that they ask for", async () => {
    const { capabilities } = json(await call("/v1.0/capabilities"));
    expect(
      capabilities.map(({ name, status, refused }: Record<string, unknown>) => [name, status, refused]),
    ).toEqual(names.map((name) => [name, "loaded", []]));
  });

  it("T58: find objects by the book's address, in a picture's own coordinates", async () => {
    const signs = JSON.parse(new TextDecoder().decode(picture("detect/pictures/objects.json")));
    const answer = await call("/v1/capabilities/detect/object?as=rectangles", {
      method: "POST",
      headers: { "content-type": "image/jpeg" },
      body: picture("detect/pictures/08.jpg"),
    });
    expect(answer.status).toBe(200);
    const found = json(answer).objects as { tag: string; rectangle: { x: number } }[];
    expect(found.map(({ tag }) => tag).sort()).toEqual(
      signs["08.jpg"].map(({ tag }: { tag: string }) => tag).sort(),
    );
    const photograph = picture("detect/pictures/photographs/obama-2.jpg");
    const faces = await call("/v1/capabilities/detect/object?as=rectangles", {
      method: "POST",
      body: photograph,
    });
    expect(json(faces)).toMatchObject({ width: 209, height: 400, objects: [{ tag: "face" }] });
    expect(
      (await call("/v1/capabilities/detect/object?as=circles", { method: "POST", body: "x" })).status,
    ).toBe(400);
  });

  it("compute, and are held to their descriptions", async () => {
    expect(text(await call("/v1.0/capabilities/hello/hello?name=Ada"))).toBe("Hello, Ada!\n");
    expect((await call(`/v1.0/capabilities/hello/hello?name=${"a".repeat(101)}`)).status).toBe(400);
    expect(
      (await call("/v1.0/capabilities/mandelbrot/mandelbrot?size=16&x=-0.7&y=0.1&width=0.01")).bytes.length,
    ).toBe(512);
    expect((await call("/v1.0/capabilities/mandelbrot/mandelbrot?size=5000")).status).toBe(400);
    expect(json(await call("/v1.0/capabilities/primes/primes?from=90&to=100&as=list"))).toEqual([97]);
    expect((await call("/v1.0/capabilities/primes/primes?from=90")).status).toBe(400);
  });

  it("change pictures and bytes", async () => {
    const body = picture("image-resize/pictures/420.jpg");
    const smaller = await call("/v1.0/capabilities/image-resize/image/resize?width=9&format=bmp", {
      method: "POST",
      body,
    });
    expect(new TextDecoder("latin1").decode(smaller.bytes.subarray(0, 2))).toBe("BM");
    const described = await call("/v1.0/capabilities/image-resize/image/describe", {
      method: "POST",
      body: smaller.bytes,
    });
    expect(json(described)).toEqual({ format: "bmp", width: 9, height: 7 });
    const packed = deflateRawSync("again and again and again");
    expect(
      text(
        await call("/v1.0/capabilities/compress/decompress", {
          method: "POST",
          headers: { "content-type": "application/octet-stream" },
          body: packed,
        }),
      ),
    ).toBe("again and again and again");
  });

  it("validate", async () => {
    const body = JSON.stringify({ schema: { type: "integer" }, value: "7" });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body };
    expect(json(await call("/v1.0/capabilities/json-schema/validate", init))).toEqual({
      valid: false,
      place: "",
      expected: "must be of type integer",
    });
  });

  it("search over the sidecar's own state store", async () => {
    const put = (id: string, body: string) =>
      call(`/v1.0/capabilities/text-search/search/notes/${id}`, { method: "PUT", body });
    const added = await Promise.all([
      put("1", "Buy milk"),
      put("2", "Milk the cow"),
      put("3", "Sell the cow"),
    ]);
    expect(added.map(({ status }) => status)).toEqual([204, 204, 204]);
    const find = async (q: string) =>
      json(await call(`/v1.0/capabilities/text-search/search/notes?q=${q}`))
        .hits.map(({ id }: { id: string }) => id)
        .sort();
    expect(await find("milk")).toEqual(["1", "2"]);
    await call("/v1.0/capabilities/text-search/search/notes/2", { method: "DELETE" });
    expect(await find("milk+cow")).toEqual(["1", "3"]);
  });

  it("keep a cache", async () => {
    const put = { method: "PUT", body: "value" };
    expect((await call("/v1.0/capabilities/lru-cache/cache/a?ttl=60", put)).status).toBe(204);
    expect(text(await call("/v1.0/capabilities/lru-cache/cache/a"))).toBe("value");
    expect(json(await call("/v1.0/capabilities/lru-cache/cache"))).toMatchObject({ entries: 1, hits: 1 });
  });

  it.each(["cache", "archive", "private"])("are state stores: %s", async (store) => {
    const save = { method: "POST", body: JSON.stringify([{ key: "a", value: { who: "nobody else" } }]) };
    expect((await call(`/v1.0/state/${store}`, save)).status).toBe(204);
    expect(json(await call(`/v1.0/state/${store}/a`))).toEqual({ who: "nobody else" });
    expect((await call(`/v1.0/state/${store}/b`)).status).toBe(204);
  });
});
