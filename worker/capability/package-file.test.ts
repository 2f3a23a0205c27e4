import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { tar } from "../../host/node/cli/capability/tar.ts";
import { guest, watPackage } from "../../tests/capability/wat-package.ts";
import { fetchPackage, packageOf, unpack } from "./package-file.ts";

const needs = { state: [{ store: "statestore", access: "write" }], clock: true };
const { manifest, read } = watPackage("one", guest(), { needs });
const written = new TextEncoder().encode(JSON.stringify(manifest));
const module = await read("main.wasm");
const files = (folder: string) => [
  { path: `${folder}capability.json`, bytes: written },
  { path: `${folder}main.wasm`, bytes: module },
  { path: `${folder}notes/read.me`, bytes: new Uint8Array(700) },
];
const named = (folder: string) =>
  new Map(files(folder).map(({ path, bytes }) => [path, new Uint8Array(bytes)]));

describe("a package in a page's hands", () => {
  it.each([
    ["a packed file", () => unpack(new Blob([gzipSync(tar(files("one/"))) as Uint8Array<ArrayBuffer>]))],
    ["a folder", () => packageOf(named("downloads/one/"))],
    ["files", () => packageOf(named(""))],
  ])("is read from %s, and tells what it asks for", async (_, open) => {
    const { manifest, files, asks } = await open();
    expect(manifest.name).toBe("one");
    expect([...files.keys()]).toEqual(["capability.json", "main.wasm", "notes/read.me"]);
    expect(files.get("main.wasm")).toEqual(module);
    expect(asks.map(({ phrase }) => phrase)).toEqual([
      "write keys of its own in state store statestore",
      "read the clock",
    ]);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ["is no archive", () => unpack(new Blob(["hello"])), "it is no package, nor one that was packed"],
    [
      "is cut off",
      () => unpack(new Blob([gzipSync(tar(files("one/")).slice(0, 600)) as Uint8Array<ArrayBuffer>])),
      "the archive is cut off",
    ],
    [
      "is zipped, and no archive",
      () => unpack(new Blob([gzipSync(new Uint8Array(600).fill(65)) as Uint8Array<ArrayBuffer>])),
      "it is no archive of tar",
    ],
    ["has no manifest", () => packageOf(new Map()), "there is no capability.json in it"],
    [
      "has one that is no JSON",
      () => packageOf(new Map([["capability.json", new Uint8Array([123])]])),
      "capability.json is no JSON",
    ],
  ])("that %s is refused", async (_, open, says) => {
    await expect(open()).rejects.toThrow(says);
  });
});

/** The book's manifest, with both kinds of offers. */
const book = `
name: object-detection
offers:
  - OpenAPI: { url: https://ai.example.com/v2, spec: openapi.json }
  - Container: { image: "example/detect:1.2" }
`;
const bytesOf = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

describe("T59: the book's manifest, as printed, in a page's hands", () => {
  const asks = [
    "run the container example/detect:1.2 on this machine, with its network",
    "fetch from https://ai.example.com",
  ];
  it("is read from a folder", async () => {
    const found = await packageOf(
      new Map([
        ["one/capability.yaml", bytesOf(book)],
        ["one/openapi.json", bytesOf("{}")],
      ]),
    );
    expect(found.manifest.name).toBe("object-detection");
    expect(found.asks.map(({ phrase }) => phrase)).toEqual(asks);
    expect([...found.files.keys()]).toEqual(["capability.yaml", "openapi.json"]);
  });

  it("is fetched, with what describes its operations", async () => {
    const served = new Map([
      ["https://site.test/one/capability.yaml", book],
      ["https://site.test/one/openapi.json", "{}"],
    ]);
    const site = async (url: string | URL | Request) => {
      const found = served.get(String(url));
      return new Response(found ?? "", { status: found === undefined ? 404 : 200 });
    };
    const found = await fetchPackage("https://site.test/one", { fetch: site });
    expect([found.manifest.name, ...found.files.keys()]).toEqual([
      "object-detection",
      "capability.yaml",
      "openapi.json",
    ]);
  });

  it("is not fetched where its site cannot be read, which says so with the address", async () => {
    const away = () => Promise.reject(new TypeError("Failed to fetch"));
    await expect(fetchPackage("https://site.test/one", { fetch: away })).rejects.toThrow(
      "https://site.test/one/capability.json: Failed to fetch; its site has to let others read it, by Access-Control-Allow-Origin",
    );
  });

  it("gives way to the package's own, and says where it is no YAML", async () => {
    const both = new Map([...named(""), ["capability.yaml", bytesOf(book)] as const]);
    expect((await packageOf(both)).manifest.name).toBe("one");
    await expect(packageOf(new Map([["capability.yaml", bytesOf("name: [a")]]))).rejects.toThrow(
      /capability\.yaml: .* at line 1/,
    );
  });
});

describe("a package by its hash", () => {
  const sha256 = createHash("sha256").update(written).digest("hex");
  const site = async (url: string | URL | Request) => {
    const found = named("https://site.test/one/").get(String(url));
    return new Response(found ?? "", { status: found === undefined ? 404 : 200 });
  };

  it("is fetched with the modules that its manifest names", async () => {
    const { files } = await fetchPackage("https://site.test/one", { sha256, fetch: site });
    expect([...files.keys()]).toEqual(["capability.json", "main.wasm"]);
  });

  it("is refused where another one lies there, or none", async () => {
    await expect(
      fetchPackage("https://site.test/one", { sha256: "0".repeat(64), fetch: site }),
    ).rejects.toThrow(/capability\.json has the SHA-256 .* where 0+ was asked for/);
    await expect(fetchPackage("https://site.test/two", { sha256, fetch: site })).rejects.toThrow(
      "answers 404",
    );
  });

  it("has its description in its manifest, which the hash is of", async () => {
    const apart = { ...(manifest as object), offers: [{ kind: "http", openapi: "openapi.json" }] };
    const bytes = new TextEncoder().encode(JSON.stringify(apart));
    const hash = createHash("sha256").update(bytes).digest("hex");
    const other = async (url: string | URL | Request) =>
      new Response(String(url).endsWith("main.wasm") ? module : bytes);
    await expect(fetchPackage("https://site.test/one", { sha256: hash, fetch: other })).rejects.toThrow(
      "openapi.json is in no hash",
    );
  });
});
