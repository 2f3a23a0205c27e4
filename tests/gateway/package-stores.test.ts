import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { compileGateway } from "../../host/gateway/compile-gateway.ts";
import { describeGateway } from "../../host/gateway/describe.ts";
import { admitPackage, type GatewayPackage } from "../../host/gateway/packages/admit-package.ts";
import { readGateway } from "../../host/gateway/read-gateway.ts";
import { packagesIn } from "../../host/node/capability/package-folders.ts";
import { guest, saying, span, watPackage } from "../capability/wat-package.ts";
import { startGatewayPair } from "../hosts/gateway-pair.ts";
import type { HostDefinition } from "../hosts/host.ts";
import { apiOn } from "../hosts/suites.ts";
import { type Gateway, missingWasmtime, startGateway } from "../hosts/wasmtime-host.ts";
import { underWasmtime } from "./gateways.ts";

const all = { needs: "all", limits: {} } as const;
const key = Buffer.alloc(32, 7).toString("base64");

async function shipped(name: string, needs?: object): Promise<GatewayPackage> {
  const { sources } = await packagesIn([resolve(import.meta.dirname, "../../dist/capabilities", name)]);
  const source = sources[0] as PackageSource;
  const manifest = { ...(source.manifest as object), ...(needs && { needs }) };
  return await admitPackage({ ...source, manifest }, all, name);
}

const component = (name: string, type: string, metadata: Readonly<Record<string, string>> = {}) => `---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: ${name}}
spec:
  type: ${type}
  version: v1
  metadata: ${JSON.stringify(Object.entries(metadata).map(([field, value]) => ({ name: field, value })))}
`;

const compiled = (components: string, packages: readonly GatewayPackage[]) => {
  const text = `apiVersion: daprlet/v1alpha1\nkind: Gateway\nmetadata: {name: edge}\nspec: {apps: []}\n${components}`;
  return compileGateway(readGateway([{ name: "gateway.yaml", text }], yaml), packages);
};

const pipeline = `---
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: {name: c}
spec: {httpPipeline: {handlers: [{name: listed, type: middleware.http.jsonschema}]}}
`;

const variant = "http+sockets+folder+packages";

/** The state of the API's suite, in a store that seals it for another one in the folder. */
const sealed: HostDefinition = {
  name: "gateway under wasmtime, state in a package that encrypts",
  dialect: "daprlet",
  required: true,
  features: new Set(["verbatim", "redirects", "chunks", "processes", "trace", "persistent", "unsized"]),
  missing: missingWasmtime,
  async start() {
    const needs = { state: [{ store: "kept", access: "write" }], random: true };
    const packages = [await shipped("encrypt", needs)];
    const { stores } = compiled(
      component("kept", "state.wasi") + component("statestore", "state.encrypt", { store: "kept", key }),
      packages,
    );
    const folder = mkdtempSync(join(tmpdir(), "daprlet-state-"));
    const pair = await startGatewayPair({ reused: true, variant, folder, packages }, (given, options) =>
      startGateway({ ...given, stores }, options),
    );
    return {
      ...pair,
      async stop() {
        await pair.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};
apiOn(sealed, ["stateStore"]);

const offering = (name: string, features: readonly string[] = ["ETAG", "TTL", "TRANSACTIONAL", "BULK"]) => ({
  offers: [{ kind: "component", type: `state.${name}`, features }],
});
const answer = (...fields: Parameters<typeof encodeMessage>[0]["fields"]) =>
  encodeMessage({ kind: messageKind.answer, fields });
const forever = "(loop $again (br $again)) (unreachable)";
const failed = (name: string, says: string) =>
  `component ${name} (state.${name}): its package failed: ${says}`;

/** What a hostile store does, and what whoever reads a key of it is told. */
const hostile: readonly (readonly [name: string, wat: string, says: string | undefined])[] = [
  ["loops", guest({ handle: forever }), failed("loops", "it did not answer within 1000 ms")],
  ["traps", guest({ handle: "(i64.load (i32.const -8))" }), undefined],
  ["aborts", guest({ handle: "unreachable" }), failed("aborts", "it trapped: unreachable")],
  [
    "lies",
    guest({ handle: span("(i32.const 131072)", "(i32.const 8)") }),
    failed("lies", "its answer is outside of its memory"),
  ],
  [
    "statuses",
    saying(answer(textField(":status", "99"))),
    failed("statuses", "its answer has a :status that is none"),
  ],
  [
    "refuses",
    saying(
      answer(textField(":status", "503"), textField(":error", "ERR_X"), textField(":body", 'away "now"')),
    ),
    'component refuses (state.refuses): ERR_X: away "now"',
  ],
];

underWasmtime("stores that packages are, at a gateway", () => {
  let gateway: Gateway;
  const folder = mkdtempSync(join(tmpdir(), "daprlet-stores-"));
  beforeAll(async () => {
    const forged = answer(
      textField("etag", "a\r\nx-forged: b"),
      textField("expires", "soon"),
      textField(":body", "{no JSON"),
    );
    const items = answer(textField(":item", "200"), textField("etag", "1"), textField(":body", "{}]"));
    const made = [
      ...hostile.map(([name, wat]) => watPackage(name, wat, offering(name))),
      watPackage("forges", saying(forged), offering("forges", [])),
      watPackage("items", saying(items), offering("items")),
      watPackage("conflicts", saying(answer(textField(":status", "409"))), offering("conflicts")),
    ];
    const packages = [
      await shipped("lru-cache"),
      await shipped("compress"),
      await shipped("json-schema"),
      ...(await Promise.all(made.map((source) => admitPackage(source, undefined, "gateway.yaml")))),
    ];
    const stores = [
      component("statestore", "state.wasi"),
      component("cache", "state.lru", { maxEntries: "100" }),
      component("archive", "state.compress", { store: "statestore" }),
      component("listed", "middleware.http.jsonschema", {
        schema: JSON.stringify({ type: "array", maxItems: 100 }),
        onlyFor: "/v1.0/state/*",
      }),
      pipeline,
      ...made
        .map(({ manifest }) => (manifest as { name: string }).name)
        .map((name) => component(name, `state.${name}`)),
    ];
    gateway = await startGateway(compiled(stores.join(""), packages), {
      packages,
      variant,
      folder,
      reused: true,
    });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const get = (path: string) => gateway.fetch(`/v1.0/state/${path}`);
  const post = (path: string, body: unknown) =>
    gateway.fetch(`/v1.0/state/${path}`, { method: "POST", body: JSON.stringify(body) });

  it("keeps what it is told, with ETags and times, in the guest's memory", async () => {
    expect(
      (await post("cache", [{ key: "a", value: { n: 1 }, metadata: { ttlInSeconds: "100" } }])).status,
    ).toBe(204);
    const read = await get("cache/a");
    expect([read.text, read.header("content-type")]).toEqual(['{"n":1}', "application/json"]);
    expect(Date.parse(read.header("metadata.ttlexpiretime") ?? "")).toBeGreaterThan(Date.now());
    const etag = read.header("etag");
    expect((await post("cache", [{ key: "a", value: 2, etag: "none" }])).status).toBe(409);
    expect((await post("cache", [{ key: "a", value: 2, etag }])).status).toBe(204);
    const bulk = await post("cache/bulk", { keys: ["a", "b"] });
    expect(bulk.json).toMatchObject([{ key: "a", data: 2 }, { key: "b" }]);
    const remove = { method: "DELETE", headers: { "if-match": "other" } };
    expect((await gateway.fetch("/v1.0/state/cache/a", remove)).status).toBe(409);
    expect((await gateway.fetch("/v1.0/state/cache/a", { method: "DELETE" })).status).toBe(204);
    expect((await get("cache/a")).status).toBe(204);
    expect((await post("cache/query", {})).status).toBe(404);
  });

  it("wraps another one, more items at a time, within what was granted", async () => {
    const items = Array.from({ length: 70 }, (_, i) => ({ key: `k${i}`, value: { text: "x".repeat(i) } }));
    expect((await post("archive", items)).status).toBe(204);
    const { json } = await post("archive/bulk", { keys: items.map(({ key }) => key) });
    expect((json as { data: unknown }[]).map(({ data }) => data)).toEqual(items.map(({ value }) => value));
    expect((await get("statestore/k1")).status).toBe(204);
    const operations = [
      { operation: "upsert", request: { key: "k1", value: "new" } },
      { operation: "delete", request: { key: "k2" } },
    ];
    expect((await post("archive/transaction", { operations })).status).toBe(204);
    expect([(await get("archive/k1")).text, (await get("archive/k2")).status]).toEqual(['"new"', 204]);
    const stale = [{ operation: "upsert", request: { key: "k1", value: 1, etag: "0" } }];
    const { status, message } = await post("archive/transaction", { operations: stale });
    expect([status, message]).toEqual([500, expect.stringContaining("possible etag mismatch")]);
  });

  it("is behind the middleware of packages", async () => {
    const refused = await post("archive", { key: "k", value: 1 });
    expect([refused.status, refused.errorCode, refused.message]).toEqual([
      400,
      "ERR_MALFORMED_REQUEST",
      "the body must be of type array",
    ]);
    expect((await post("archive", [{ key: "behind", value: 1 }])).status).toBe(204);
    expect((await get("archive/behind")).text).toBe("1");
  });

  it.each(hostile)("one that %s fails its request, and others notice nothing", async (name, _, says) => {
    const call = get(`${name}/k`);
    expect((await get("cache/other")).status).toBe(204);
    const { status, text } = await call;
    expect(status).toBe(500);
    if (says !== undefined)
      expect(JSON.parse(text)).toEqual({
        errorCode: "ERR_STATE_GET",
        message: `fail to get k from state store ${name}: ${says}`,
        ...(text.includes('"details"') && { details: expect.anything() }),
      });
    expect((await get("cache/other")).status).toBe(204);
  });

  it("what it lies about an item begins no header and breaks no JSON", async () => {
    const read = await get("forges/k");
    expect([read.status, read.header("etag"), read.header("x-forged")]).toEqual([200, undefined, undefined]);
    expect((await post("forges/bulk", { keys: ["a"] })).json).toEqual([
      { key: "a", error: expect.stringContaining("is not JSON"), etag: "a\r\nx-forged: b" },
    ]);
    expect((await post("items/bulk", { keys: ["a"] })).json).toMatchObject([{ key: "a", etag: "1" }]);
    expect((await post("items/bulk", { keys: ["a", "b"] })).message).toContain("another number of items");
    expect((await post("forges/transaction", { operations: [] })).errorCode).toBe(
      "ERR_STATE_STORE_NOT_SUPPORTED",
    );
    expect((await post("conflicts", [{ key: "a", value: 1 }])).status).toBe(409);
  });
});

describe("stores of packages in gateway.yaml", () => {
  it("are told, with their secrets in the environment; what a gateway does not do is refused", async () => {
    const packages = [await shipped("encrypt")];
    const kept = component("statestore", "state.wasi");
    const secret = component("private", "state.encrypt").replace("[]", "[{name: key, envRef: KEY}]");
    const table = compiled(kept + secret, packages);
    expect(table.secrets).toEqual([{ variable: "KEY" }]);
    expect(table.stores[1]).toMatchObject({
      name: "private",
      isApps: 1,
      guests: [{ type: "state.encrypt", settings: [{ name: "key", value: "", secret: 0 }], features: 6 }],
    });
    expect(table.told).toContain(
      '"type":"state.encrypt","version":"v1","capabilities":["ETAG","TRANSACTIONAL","TTL"]',
    );
    expect(describeGateway(table)).toContain("stores    private, of packages");
    const fails = (metadata: Readonly<Record<string, string>>, reason: string) =>
      expect(() => compiled(kept + component("private", "state.encrypt", metadata), packages)).toThrow(
        reason,
      );
    fails({ primaryEncryptionKey: "a" }, "primaryEncryptionKey, of which a gateway does nothing");
    expect(() => compiled(component("statestore", "state.encrypt"), packages)).toThrow(
      "guests of a gateway do not call one another",
    );
    expect((await shipped("lru-cache")).remarks).toEqual([expect.stringContaining("limits.concurrency: 1")]);
  });
});
