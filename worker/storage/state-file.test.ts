import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  ConfigurationItems,
  ConfigurationStore,
} from "../../host/components/configuration/configuration-store.ts";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import type { PubSub } from "../../host/components/pubsub/pubsub.ts";
import type { Store } from "../../host/components/state/store.ts";
import { systemClock } from "../../host/web-platform.ts";
import { openWith, testContext } from "../../tests/conformance/test-context.ts";
import { indexedDbConfigurationStore } from "../components/configuration-indexeddb.ts";
import { browserPubSub } from "../components/pubsub-browser.ts";
import { indexedDbStore } from "../components/state-indexeddb.ts";
import { Vault } from "../components/vault.ts";
import { databaseName, databasePrefix, parseDatabaseName } from "./database-names.ts";
import { exportState } from "./export-state.ts";
import { importState } from "./import-state.ts";

const prefix = databasePrefix("https://example.org/site/");
const options = { databasePrefix: prefix, clock: systemClock, log: testContext("", systemClock).log };
const closing: (() => Promise<void>)[] = [];

async function store(name: string, databasePrefix = prefix): Promise<Store> {
  const definition = indexedDbStore({ databasePrefix, incarnation: undefined });
  const opened = await openWith(definition, testContext(name, systemClock));
  closing.push(() => opened.close());
  return opened;
}

async function pubsub(name: string): Promise<PubSub> {
  const definition = browserPubSub({ databasePrefix: prefix, incarnation: undefined });
  const metadata = decodeMetadata(name, definition.metadata, new Map(), () => undefined);
  const opened = await definition.open(metadata, testContext(name, systemClock));
  closing.push(() => opened.close());
  return opened;
}

async function put(on: Store, values: Readonly<Record<string, Uint8Array>>): Promise<void> {
  await on.write({
    operations: Object.entries(values).map(([key, value]) => ({
      kind: "upsert",
      key,
      value,
      etag: undefined,
      concurrency: undefined,
      ttlInSeconds: undefined,
      contentType: "application/json",
    })),
    atomic: false,
    consistency: undefined,
    requestId: "r",
  });
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function newBrowser(): Promise<void> {
  await Promise.all(closing.splice(0).map((close) => close()));
  vi.stubGlobal("indexedDB", new IDBFactory());
}

describe("the state of a scope", () => {
  beforeEach(newBrowser);
  afterEach(async () => {
    vi.restoreAllMocks();
    await newBrowser();
  });

  it("comes back byte for byte in another browser, with its ETags", async () => {
    const every = Uint8Array.from({ length: 100_000 }, (_, i) => i % 256);
    const before = await store("statestore");
    await put(before, { "a||k": bytes('{"n":1}'), "\ud800 odd": every, constructor: new Uint8Array(0) });
    await before.write({
      operations: [JSON.parse('{"kind":"upsert","key":"__proto__"}')].map((operation) => ({
        ...operation,
        value: bytes("1"),
      })),
      atomic: true,
      consistency: "strong",
      requestId: undefined,
    });
    const many = Object.fromEntries(Array.from({ length: 1_234 }, (_, i) => [`n${i}`, bytes(String(i))]));
    await put(await store("many"), many);
    const etag = (await before.get("a||k", undefined))?.etag;
    const file = await exportState(options);
    await newBrowser();
    const imported = await importState(file, options);
    expect([...imported].sort((a, b) => a.records - b.records)).toEqual([
      { family: "state", component: "statestore", records: 4 },
      { family: "state", component: "many", records: 1_234 },
    ]);
    const after = await store("statestore");
    expect((await after.get("a||k", undefined))?.etag).toBe(etag);
    expect((await after.get("\ud800 odd", undefined))?.value).toEqual(every);
    expect((await after.get("constructor", undefined))?.value).toEqual(new Uint8Array(0));
    expect((await after.get("__proto__", undefined))?.value).toEqual(bytes("1"));
    const values = await (await store("many")).bulkGet(Object.keys(many));
    expect(values.map((item) => item?.value)).toEqual(Object.values(many));
  });

  it("carries events that were not consumed, and not those that were", async () => {
    const before = await pubsub("pubsub");
    const publish = (text: string) =>
      before.publish({
        topic: "t",
        data: bytes(text),
        contentType: undefined,
        metadata: new Map([["__proto__", "x"]]),
        requestId: undefined,
      });
    const consumed: string[] = [];
    const subscription = await before.subscribe(
      { topic: "t", consumerId: "a", metadata: new Map() },
      async ({ data }) => void consumed.push(new TextDecoder().decode(data)),
    );
    await publish("1");
    await vi.waitFor(() => expect(consumed).toEqual(["1"]));
    await subscription.close();
    await publish("2");
    await publish("3");
    const file = await exportState(options);
    await newBrowser();
    const after = await pubsub("pubsub");
    const got: string[] = [];
    await after.subscribe({ topic: "t", consumerId: "a", metadata: new Map() }, async (message) => {
      got.push(new TextDecoder().decode(message.data) + message.metadata.get("__proto__"));
    });
    await importState(file, options);
    await vi.waitFor(() => expect(got).toEqual(["2x", "3x"]));
  });

  it("replaces what a component had, and leaves components alone that the file does not name", async () => {
    await put(await store("statestore"), { kept: bytes("1") });
    const file = await exportState(options);
    const now = await store("statestore");
    await put(now, { later: bytes("2") });
    const other = await store("other");
    await put(other, { k: bytes("3") });
    await importState(file, options);
    const values = await now.bulkGet(["kept", "later"]);
    expect(values.map((item) => item?.value)).toEqual([bytes("1"), undefined]);
    expect((await other.get("k", undefined))?.value).toEqual(bytes("3"));
  });

  it("stays as it was when the file is not whole, or its records are not", async () => {
    const now = await store("statestore");
    await put(now, { k: bytes("1") });
    const lines = (await (await exportState(options)).text()).trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    const damaged: readonly (readonly [string[], RegExp])[] = [
      [lines.slice(0, -1), /the file has no end/],
      [[lines[0], lines[1], lines[3]] as string[], /line 3: records are missing/],
      [[...lines, lines[2] as string], /more after the end/],
      [lines.slice(1), /line 1: this is no export/],
      [[], /no end/],
      [["{}"], /no export/],
      [["<html>"], /not a JSON object/],
      [lines.map((line) => line.replace('"version":2}}', '"version":9}}')), /line 2: .*another version/],
      [lines.map((line) => line.replace('"family":"state"', '"family":"__proto__"')), /unknown kind/],
      [lines.map((line) => line.replace('"store":"items"', '"store":"commits"')), /wrong shape/],
      [lines.map((line) => line.replace('"etag":', '"tag":')), /line 3: a record of the wrong shape/],
      [lines.map((line) => line.replace("$base64", "base64")), /wrong shape/],
      [[lines[0], lines[2], lines[1], lines[3]] as string[], /line 2: a record before its database/],
      [[lines[0], lines[1], lines[1], lines[2], lines[3]] as string[], /there twice/],
    ];
    for (const [changed, message] of damaged) {
      const file = new Blob([changed.join("\n")]);
      await expect(importState(file, options)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(message),
      });
    }
    expect((await now.get("k", undefined))?.value).toEqual(bytes("1"));
  });

  it("takes all of a component's records or none", async () => {
    await put(await store("statestore"), { a: bytes("1"), b: bytes("2"), c: bytes("3") });
    const file = await exportState(options);
    await newBrowser();
    const now = await store("statestore");
    await put(now, { old: bytes("0") });
    let puts = 0;
    const real = IDBObjectStore.prototype.put;
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (
      this: IDBObjectStore,
      ...args: Parameters<typeof real>
    ) {
      if (++puts > 2) throw new DOMException("full", "QuotaExceededError");
      return real.apply(this, args);
    });
    await expect(importState(file, options)).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    vi.restoreAllMocks();
    const values = await now.bulkGet(["old", "a", "b", "c"]);
    expect(values.map((item) => item?.value)).toEqual([bytes("0"), undefined, undefined, undefined]);
  });

  it("of one scope does not meet another's", async () => {
    const [site, below] = [prefix, databasePrefix("https://example.org/site/below/")];
    await put(await store("statestore", site), { k: bytes("site") });
    await put(await store("statestore", below), { k: bytes("below") });
    const file = await exportState({ ...options, databasePrefix: below });
    expect((await file.text()).split("\n").filter((line) => line.includes('"store"'))).toHaveLength(1);
    expect((await (await store("statestore", site)).get("k", undefined))?.value).toEqual(bytes("site"));
  });
});

describe("settings, secrets and locks", () => {
  beforeEach(newBrowser);
  afterEach(newBrowser);

  const none: ReadonlyMap<string, string> = new Map();
  const scope = { databasePrefix: prefix, incarnation: undefined };

  async function settings(): Promise<ConfigurationStore> {
    const opened = await openWith(indexedDbConfigurationStore(scope), testContext("settings", systemClock));
    closing.push(() => opened.close());
    return opened;
  }

  it("of them settings come back, and whoever is subscribed is told of them; the others stay", async () => {
    const set = async (store: ConfigurationStore, key: string, value: string) =>
      await store.set?.([{ key, value, version: undefined, metadata: new Map([["m", "n"]]) }]);
    const before = await settings();
    await set(before, "a", "1");
    await set(before, "b", "2");
    const { log, platform } = testContext("vault", systemClock);
    const name = databaseName(prefix, "secretstores", "vault");
    const vault = await new Vault(name, systemClock, log, platform.random).open();
    await vault.put("s", new Map([["s", "secret"]]));
    vault.close();
    const file = await exportState(options);
    expect(await file.text()).not.toMatch(/vault|secret/);
    await newBrowser();

    const after = await settings();
    for (let n = 0; n < 5; n++) await set(after, "c", String(n));
    const told = new Map<string, string>();
    const tell = async (items: ConfigurationItems) => {
      for (const [key, { value }] of items) told.set(key, value);
    };
    await after.subscribe([], none, tell, "subscription");
    expect(await importState(file, options)).toEqual([
      { family: "configuration", component: "settings", records: 3 },
    ]);
    await expect
      .poll(() => [...told].sort())
      .toEqual([
        ["a", "1"],
        ["b", "2"],
      ]);
    expect((await after.get([], none)).get("b")).toEqual({
      value: "2",
      version: "2",
      metadata: new Map([["m", "n"]]),
    });
    await set(after, "b", "3");
    await expect.poll(() => told.get("b")).toBe("3");
  });
});

describe("names of databases", () => {
  it("tell scope, family and component apart, whatever they are called", () => {
    const scopes = ["/", "/a/", "/a:state/", "/a/b/", "/%3A/", "/a:/"].map((path) =>
      databasePrefix(`http://localhost:1${path}`),
    );
    const components = ["statestore", "a:b", "__proto__", "x y", "ü", "%3A"];
    const names = scopes.flatMap((scope) =>
      components.flatMap((component) =>
        (["state", "pubsub", "configuration"] as const).map((family) => ({ scope, family, component })),
      ),
    );
    const seen = new Set(names.map(({ scope, family, component }) => databaseName(scope, family, component)));
    expect(seen.size).toBe(names.length);
    for (const { scope, family, component } of names) {
      const name = databaseName(scope, family, component);
      for (const other of scopes) {
        expect(parseDatabaseName(other, name)).toEqual(other === scope ? { family, component } : undefined);
      }
    }
    expect(parseDatabaseName(scopes[0] as string, `${scopes[0]}registrations`)).toBeUndefined();
  });
});
