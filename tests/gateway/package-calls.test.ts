import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeMessage, type MessageField, textField, textOf } from "../../host/capability/message.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { admitPackage } from "../../host/gateway/packages/admit-package.ts";
import { none16 } from "../../host/gateway/table-shape.ts";
import { packagesIn } from "../../host/node/capability/package-folders.ts";
import { caller } from "../capability/attacks.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow, storeRow } from "./gateway-table.ts";
import { plainUpstream, portOf, type Seen, sidecarUpstream, underWasmtime } from "./gateways.ts";

const all = { needs: "all", limits: {} } as const;
const asking = (call: string, fields: Readonly<Record<string, string>>): readonly MessageField[] => [
  textField(":call", call),
  ...Object.entries(fields).map(([name, value]) => textField(name, value)),
];
const item = (key: string, more = {}) => ({ store: "statestore", key, ...more });

underWasmtime("what packages ask a gateway for", () => {
  let gateway: Gateway;
  let target: Target;
  const folder = mkdtempSync(join(tmpdir(), "daprlet-packages-"));

  /** One call of each package, in their order. */
  const calls: readonly (readonly [string, readonly MessageField[]])[] = [
    ["set", asking("state.set", item("a|b", { ":body": '{"n":1}', ttl: "1000" }))],
    ["get", asking("state.get", item("a|b"))],
    ["taken", asking("state.set", item("a|b", { ":body": "x", etag: "7", concurrency: "first-write" }))],
    ["text", asking("state.set", item("t", { ":body": 'say "hi"' }))],
    ["none", asking("state.get", item("none"))],
    ["app", asking("state.set", item("docs-1", { ":body": "2" }))],
    ["remove", asking("state.delete", item("t"))],
    [
      "both",
      asking("state.transaction", {
        store: "statestore",
        ":body":
          '{"operations":[{"operation":"upsert","request":{"key":"docs-2","value":[1, 2]}},{"operation":"delete","request":{"key":"docs-1"}}]}',
      }),
    ],
    [
      "invoke",
      asking("invoke", {
        app: "app",
        method: "/a/b?q=1",
        ":method": "post",
        ":body": "hi",
        "content-type": "text/x",
      }),
    ],
    [
      "publish",
      asking("publish", {
        pubsub: "pubsub",
        topic: "news",
        ":body": '{"a":1}',
        "content-type": "application/json",
      }),
    ],
    ["fetch", asking("fetch", { url: "<origin>/c?d=e#f", "x-own": "1", cookie: "no" })],
    ["away", asking("fetch", { url: "http://127.0.0.1:9/" })],
  ];

  beforeAll(async () => {
    target = await startTarget();
    const origin = target.url.replace(/\/$/, "");
    const needs = {
      state: [
        { store: "statestore", access: "write" },
        { store: "statestore", access: "write", keys: "docs-" },
      ],
      publish: [{ pubsub: "pubsub", topics: ["news"] }],
      invoke: [{ app: "app" }],
      fetch: [origin, "http://127.0.0.1:9"],
    };
    const asks = calls.map(([name, fields]) => {
      const named = fields.map(([key, value]): MessageField => {
        const text = new TextDecoder().decode(value);
        return textField(key, text.replace("<origin>", origin));
      });
      return caller(name, { name, needs, fields: named, status: "" });
    });
    // Keys of their own are the package's: these are one for each call.
    const same = asks.map((source) => ({ ...source, manifest: { ...(source.manifest as object) } }));
    const search = await packagesIn([resolve(import.meta.dirname, "../../dist/capabilities/text-search")]);
    const packages = await Promise.all(
      [...same, search.sources[0] as PackageSource].map((source) =>
        admitPackage(source, all, "gateway.yaml"),
      ),
    );
    const port = portOf(target.url);
    gateway = await startGateway(
      {
        apps: [appRow("app", [plainUpstream(port)])],
        stores: [storeRow("statestore", { folder: "s" })],
        remotes: [{ id: "", upstreams: [sidecarUpstream(port)], policy: none16, anyNamespace: 0 }],
        pubsubs: [{ name: "pubsub", component: "pubsub", remote: 0, spoolBytes: 0, spoolEvents: 0 }],
      },
      { packages, variant: "http+sockets+folder+packages", folder, reused: true },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await target?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function result(name: string): Promise<readonly MessageField[]> {
    const { status, bytes, text } = await gateway.fetch(`/v1.0/capabilities/${name}/run`, {
      method: "POST",
      body: "{}",
    });
    if (status !== 200) throw new Error(text);
    return decodeMessage(bytes).fields;
  }
  const statusOf = async (name: string) => textOf(await result(name), ":status");

  it("is state: keys of their own, and of the app where those are granted", async () => {
    expect(await statusOf("set")).toBe("204");
    expect(await statusOf("get")).toBe("204");
    expect(await statusOf("none")).toBe("204");
    expect(await statusOf("text")).toBe("204");
    const state = (key: string) => gateway.fetch(`/v1.0/state/statestore/${encodeURIComponent(key)}`);
    expect((await state("cap:set:a%7Cb")).text).toBe('{"n":1}');
    expect((await state("cap:text:t")).json).toBe('say "hi"');
    expect(await statusOf("app")).toBe("204");
    expect((await state("docs-1")).text).toBe("2");
    expect(await statusOf("both")).toBe("204");
    expect([(await state("docs-1")).status, (await state("docs-2")).text]).toEqual([204, "[1, 2]"]);
    expect(await statusOf("remove")).toBe("204");
    expect(await statusOf("taken")).toBe("409");
  });

  it("is an app, whose answer they get whole", async () => {
    const fields = await result("invoke");
    expect(textOf(fields, ":status")).toBe("200");
    const seen = JSON.parse(textOf(fields, ":body") ?? "") as Seen;
    expect(seen).toMatchObject({
      method: "POST",
      uri: "/a/b?q=1",
      body: "hi",
      headers: { "content-type": "text/x", "dapr-caller-app-id": "gateway" },
    });
  });

  it("is an event, framed in the gateway's name", async () => {
    const fields = await result("publish");
    expect(textOf(fields, ":status")).toBe("200");
    const seen = JSON.parse(textOf(fields, ":body") ?? "") as Seen;
    expect(seen.uri).toBe("/v1.0/publish/pubsub/news");
    expect(JSON.parse(seen.body)).toMatchObject({ data: { a: 1 }, source: "gateway", topic: "news" });
  });

  it("is a server elsewhere, which is told nothing of the gateway's", async () => {
    const fields = await result("fetch");
    const { uri, headers } = JSON.parse(textOf(fields, ":body") ?? "") as Seen;
    expect([uri, headers["x-own"]]).toEqual(["/c?d=e", "1"]);
    for (const name of ["cookie", "dapr-caller-app-id", "x-forwarded-for"])
      expect(headers).not.toHaveProperty(name);
    const away = await result("away");
    expect([textOf(away, ":status"), textOf(away, ":error")]).toEqual(["500", "ERR_CAPABILITY_RESULT"]);
  });

  it("lets the search that is shipped work", async () => {
    const put = (id: string, body: string) =>
      gateway.fetch(`/v1/capabilities/search/books/${id}`, {
        method: "PUT",
        body,
        headers: { "content-type": "text/plain" },
      });
    expect((await put("1", "the quick brown fox")).status).toBe(204);
    expect((await put("2", "a slow brown bear")).status).toBe(204);
    const found = (await gateway.fetch("/v1/capabilities/search/books?q=fox")).json as {
      hits: { id: string }[];
    };
    expect(found.hits.map(({ id }) => id)).toEqual(["1"]);
    expect(
      ((await gateway.fetch("/v1/capabilities/search/books?q=brown")).json as { total: number }).total,
    ).toBe(2);
  });
});
