import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { freePorts } from "../hosts/free-ports.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow, storeRow, upstreamRow } from "./gateway-table.ts";
import { sidecarUpstream, underWasmtime } from "./gateways.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

const json = (body: unknown, more: RequestInit = {}): RequestInit => ({
  method: "POST",
  body: JSON.stringify(body),
  ...more,
});

const queryIndexes = JSON.stringify([{ name: "n", indexes: [{ key: "n", type: "NUMERIC" }] }]);
const digestOf = (token: string) => createHash("blake2b512").update(token).digest();

/** Through connections of the gateway's own, and through the host's client. */
for (const transport of [0, 1] as const) {
  underWasmtime(`state of a sidecar behind a gateway, ${transport ? "the host's client" : "sockets"}`, () => {
    let sidecar: NodeSidecar;
    let gateway: Gateway;

    /** What a caller of that token gets from the gateway. */
    const asking =
      (token: string) =>
      (path: string, init: RequestInit = {}) =>
        fetch(`${gateway.url}/v1.0/state/${path}`, {
          ...init,
          headers: { ...init.headers, "dapr-api-token": token },
        });
    const one = asking("token one");
    const two = asking("token two");
    const there = (key: string) =>
      fetch(`${sidecar.url}/v1.0/state/there/${encodeURIComponent(key)}`, {
        headers: { "dapr-api-token": "the sidecar's" },
      });

    beforeAll(async () => {
      sidecar = await startSidecar({
        appId: "remote",
        logLevel: "error",
        apiToken: "the sidecar's",
        components: [{ name: "there", type: "state.in-memory", metadata: { queryIndexes } }],
      });
      const [away] = (await freePorts(1)) as [number];
      const upstream = { protocol: 1, transport, token: 0 } as const;
      gateway = await startGateway(
        {
          secrets: [{ variable: "TOKEN" }],
          callers: [
            { digest: digestOf("token one"), appId: "one", variables: "" },
            { digest: digestOf("token two"), appId: "two", variables: "" },
          ].sort((a, b) => Buffer.compare(a.digest, b.digest)),
          remotes: [
            appRow("state", [upstreamRow({ ...upstream, port: sidecar.port })]),
            appRow("away", [upstreamRow({ ...upstream, port: away })]),
          ],
          stores: [
            storeRow("shop", { component: "there", remote: 0 }),
            storeRow("plain", { component: "there", remote: 0, isApps: 0 }),
            storeRow("gone", { component: "none", remote: 0 }),
            storeRow("away", { component: "there", remote: 1 }),
          ],
        },
        {
          variant: transport ? "http+folder" : "http+sockets+folder",
          reused: true,
          flags: ["--env", "TOKEN=the sidecar's"],
        },
      );
    }, 30_000);
    afterAll(async () => {
      await gateway?.stop();
      await sidecar?.stop();
    });

    it("keeps each caller's items under names of their own", async () => {
      const saved = await one("shop", json([{ key: "a|~|b", value: { n: 1 } }, { key: "é" }]));
      expect([saved.status, await saved.text()]).toEqual([204, ""]);
      const read = await one("shop/a%7C~%7Cb");
      expect([read.status, await read.text()]).toEqual([200, '{"n":1}']);
      expect(read.headers.get("etag")).toMatch(/./);
      expect(await (await there("one|~|a|~~|b")).text()).toBe('{"n":1}');
      expect((await two("shop/a%7C~%7Cb")).status).toBe(204);
      // Nobody else's: neither by a name as it is there, nor by a member that another parser takes for the key.
      expect((await two("shop/one%7C~%7Ca%7C~~%7Cb")).status).toBe(204);
      const body = '[{"key":"x","value":2,"\\u212aey":"one|~|stolen","KEY":"y","key":"z"}]';
      expect((await two("shop", { method: "POST", body })).status).toBe(204);
      expect([(await there("one|~|stolen")).status, (await there("two|~|z")).status]).toEqual([204, 200]);
      expect((await one("shop/a%7C~%7Cb", { method: "DELETE" })).status).toBe(204);
      expect((await there("one|~|a|~~|b")).status).toBe(204);
    });

    it("is written once by a request that comes again under its id", async () => {
      const named = { headers: { "daprlet-request-id": "1" } };
      await one("shop", json([{ key: "named", value: 1 }], named));
      await one("shop", json([{ key: "named", value: 2 }]));
      expect((await one("shop", json([{ key: "named", value: 1 }], named))).status).toBe(204);
      expect(await (await one("shop/named")).text()).toBe("2");
    });

    it("lets the ETag decide, and passes on what the sidecar says of it", async () => {
      await one("shop", json([{ key: "e", value: 1 }]));
      const etag = (await one("shop/e")).headers.get("etag") as string;
      const save = (more: object) => one("shop", json([{ key: "e", value: 2, ...more }]));
      expect((await save({ options: { concurrency: "first-write" } })).status).toBe(409);
      expect((await save({ etag })).status).toBe(204);
      const stale = await save({ etag });
      expect(stale.status).toBe(409);
      expect(await stale.json()).toMatchObject({
        errorCode: "ERR_STATE_SAVE",
        message: expect.stringContaining("possible etag mismatch"),
      });
      const guarded = { method: "DELETE", headers: { "if-match": etag } };
      expect((await one("shop/e", guarded)).status).toBe(409);
    });

    it("passes metadata on, of items, of the query and of a transaction", async () => {
      await one(
        "shop",
        json([{ metadata: { ttlInSeconds: "60", contentType: "application/json" }, key: "t", value: 1 }]),
      );
      await one("shop?metadata.ttlInSeconds=60", json([{ key: "u", value: 1 }]));
      for (const key of ["t", "u"]) {
        const until = (await one(`shop/${key}`)).headers.get("metadata.ttlexpiretime") as string;
        expect(Math.abs(Date.parse(until) - Date.now() - 60_000)).toBeLessThan(5_000);
      }
    });

    it("does transactions as one", async () => {
      const transact = (operations: unknown) =>
        one("shop/transaction", json({ operations, metadata: { a: "b" } }));
      const upsert = (key: string, more = {}) => ({
        operation: "upsert",
        request: { key, value: key, ...more },
      });
      const both = await transact([
        upsert("t1"),
        upsert("t2"),
        { operation: "delete", request: { key: "t1" } },
      ]);
      expect(both.status).toBe(204);
      expect([(await there("one|~|t1")).status, (await there("one|~|t2")).status]).toEqual([204, 200]);
      expect((await transact([upsert("t3"), upsert("t2", { etag: "old" })])).status).toBe(500);
      expect((await one("shop/t3")).status).toBe(204);
    });

    it("answers in bulk, and to queries, with the caller's keys alone", async () => {
      await one(
        "shop",
        json([
          { key: "b1", value: { n: 1 } },
          { key: 'b"2', value: { n: 2 } },
        ]),
      );
      await two("shop", json([{ key: "b3", value: { n: 3 } }]));
      const bulk = await one("shop/bulk", json({ keys: ["b1", "b3", 'b"2'], parallelism: 2 }));
      expect([bulk.status, bulk.headers.get("content-type")]).toEqual([200, "application/json"]);
      expect(await bulk.json()).toEqual([
        { key: "b1", data: { n: 1 }, etag: expect.any(String) },
        { key: "b3" },
        { key: 'b"2', data: { n: 2 }, etag: expect.any(String) },
      ]);
      const query = (token: string) =>
        fetch(`${gateway.url}/v1.0-alpha1/state/shop/query?metadata.queryIndexName=n`, {
          ...json({ filter: { IN: { n: [1, 2, 3] } }, sort: [{ key: "n" }] }),
          headers: { "dapr-api-token": token },
        });
      const found = (await (await query("token one")).json()) as { results: unknown };
      expect(found.results).toEqual([
        { key: "b1", data: { n: 1 }, etag: expect.any(String) },
        { key: 'b"2', data: { n: 2 }, etag: expect.any(String) },
      ]);
    });

    it("passes all of it on, large values too, where keys are the same there", async () => {
      const value = "v".repeat(3_000_000);
      const saved = await one("plain", json([{ key: "large", value }]));
      expect(saved.status).toBe(204);
      expect(await (await two("plain/large")).json()).toBe(value);
      const bulk = await one("plain/bulk", json({ keys: ["large"] }));
      expect(((await bulk.json()) as { data: string }[])[0]?.data.length).toBe(value.length);
      expect(await (await there("large")).json()).toBe(value);
    });

    it("asks for keys that are dots as they are", async () => {
      const headers = { "dapr-api-token": "token one" };
      for (const key of [".", ".."]) {
        await one("plain", json([{ key, value: key }]));
        const path = `/v1.0/state/plain/${key.replaceAll(".", "%2E")}`;
        expect((await gateway.fetch(path, { headers })).text).toBe(JSON.stringify(key));
      }
    });

    it("writes anew what is larger than a transport takes at once", async () => {
      const value = "w".repeat(400_000);
      expect((await one("shop", json([{ key: "long", value }]))).status).toBe(204);
      expect(await (await one("shop/long")).json()).toBe(value);
      const keys = Array.from({ length: 5000 }, (_, i) => (i === 0 ? "long" : `none of these ${i}`));
      const items = (await (await one("shop/bulk", json({ keys }))).json()) as {
        key: string;
        data: string;
      }[];
      expect([items.length, items[0]?.data.length, items[4999]?.key]).toEqual([
        5000,
        400_000,
        "none of these 4999",
      ]);
    });

    it("refuses what is no request, and tells who failed", async () => {
      const errorOf = async (path: string, init?: RequestInit) => {
        const answer = await one(path, init);
        const { errorCode, message } = (await answer.json()) as { errorCode: string; message: string };
        return [answer.status, errorCode, message];
      };
      expect(await errorOf("shop", { method: "POST", body: "[{]" })).toEqual([
        400,
        "ERR_MALFORMED_REQUEST",
        expect.any(String),
      ]);
      expect((await errorOf("shop", json([{ value: 1 }])))[1]).toBe("ERR_MALFORMED_REQUEST");
      expect((await errorOf("shop/a%7C%7Cb"))[1]).toBe("ERR_MALFORMED_REQUEST");
      expect((await errorOf("gone/k"))[1]).toBe("ERR_STATE_STORE_NOT_FOUND");
      const refused = "the upstream refused the connection";
      expect(await errorOf("away/k")).toEqual([
        500,
        "ERR_STATE_GET",
        `fail to get k from state store away: ${refused}`,
      ]);
      expect(await errorOf("away", json([{ key: "k" }]))).toEqual([
        500,
        "ERR_STATE_SAVE",
        `failed saving state in state store away: ${refused}`,
      ]);
      expect(await errorOf("away/bulk", json({ keys: ["k"] }))).toEqual([
        500,
        "ERR_STATE_BULK_GET",
        `failed to get state in bulk: ${refused}`,
      ]);
    });
  });
}

underWasmtime("state at two sidecars, of which the first hangs up on whoever asks", () => {
  let first: RawUpstream;
  let second: NodeSidecar;
  let gateway: Gateway;

  beforeAll(async () => {
    first = await startRawUpstream((socket) => socket.destroy());
    second = await startSidecar({ appId: "remote", logLevel: "error" });
    const [port] = (await freePorts(1)) as [number];
    gateway = await startGateway(
      {
        remotes: [
          appRow("state", [sidecarUpstream(first.port), sidecarUpstream(second.port, { priority: 1 })]),
          appRow("round", [sidecarUpstream(port)]),
        ],
        stores: [
          storeRow("state", { component: "statestore", remote: 0 }),
          storeRow("round", { component: "round", remote: 1 }),
        ],
      },
      { variant: "http+folder", port },
    );
  }, 30_000);
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([second?.stop(), first?.close()]);
  });

  it.each([
    ["a read", "state/k", {}, 204],
    ["reads in bulk", "state/bulk", json({ keys: ["k"] }), 200],
    ["a deletion", "state/k", { method: "DELETE" }, 204],
    [
      "a deletion that the second answer may refuse",
      "state/k",
      { method: "DELETE", headers: { "if-match": "1" } },
      500,
    ],
    ["a write that may have been done", "state", json([{ key: "k", value: 1 }]), 500],
    ["a write that may be done twice", "state", json([{ key: "k", value: 1 }], { method: "PUT" }), 204],
    ["one with a condition", "state", json([{ key: "k", etag: "1" }], { method: "PUT" }), 500],
    ["a transaction", "state/transaction", json({ operations: [] }), 500],
  ] as const)("asks the second for %s as it should", async (_, path, init: RequestInit, status) => {
    const before = first.received();
    expect((await fetch(`${gateway.url}/v1.0/state/${path}`, init)).status).toBe(status);
    expect(first.received()).toBeGreaterThan(before);
  });

  it("refuses what comes round to it again", async () => {
    const answer = await fetch(`${gateway.url}/v1.0/state/round/k`);
    expect(answer.status).toBe(508);
    expect(await answer.json()).toMatchObject({
      errorCode: "ERR_STATE_GET",
      message: expect.stringContaining("goes round in circles"),
    });
  });
});

underWasmtime("answers of a store's sidecar", () => {
  let answer = "";
  let server: Server;
  let gateway: Gateway;

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      response.setHeader("content-type", "application/json");
      response.end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    gateway = await startGateway(
      {
        maxBody: 100_000,
        remotes: [appRow("state", [sidecarUpstream(port, { transport: 0 })])],
        stores: [storeRow("state", { component: "there", remote: 0 })],
      },
      { variant: "http+sockets+folder", reused: true },
    );
  }, 30_000);
  afterAll(async () => {
    await gateway?.stop();
    server?.close();
  });

  const mine = '{"key":"gateway|~|a","data":1}';
  const refused = expect.stringContaining('"ERR_STATE_');
  it.each([
    [
      "bulk",
      `[${mine},{"key":"other|~|a"},{"key":7},{},[],8, ${mine} ]`,
      200,
      '[{"key":"a","data":1},{"key":"a","data":1}]',
    ],
    ["bulk", '[{"\\u006bey":"gateway|~|a"}]', 200, "[]"],
    ["bulk", '[{"key":"gateway|~|\\ud83d\\ude00\\"","data":"}]"}]', 200, '[{"key":"😀\\"","data":"}]"}]'],
    ["bulk", " [ ] ", 200, " [] "],
    ["bulk", `{"results":[${mine}]}`, 500, refused],
    ["bulk", `[${mine}`, 500, refused],
    ["bulk", "", 500, refused],
    ["bulk", `[${mine},"${"x".repeat(100_000)}"]`, 500, refused],
    [
      "query",
      `{"token":"t","results":[${mine}],"metadata":{}}`,
      200,
      '{"token":"t","results":[{"key":"a","data":1}],"metadata":{}}',
    ],
    ["query", '{"token":"t"}', 200, '{"token":"t"}'],
    ["query", '{"results":null}', 200, '{"results":null}'],
    ["query", "[]", 500, refused],
  ])("in a %s: %s", async (what, given, status, expected) => {
    answer = given;
    const version = what === "query" ? "v1.0-alpha1" : "v1.0";
    const got = await fetch(`${gateway.url}/${version}/state/state/${what}`, json({ keys: ["a"] }));
    expect([got.status, await got.text()]).toEqual([status, expected]);
  });
});
