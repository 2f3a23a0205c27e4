import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { inMemoryStore } from "../../components/state/in-memory.ts";
import { defineStore, type Store, type WriteBatch } from "../../components/state/store.ts";
import { ComponentError, ETagError } from "../../errors/component-error.ts";
import type { Headers, RuntimeResponse } from "../../http.ts";
import { header } from "../../http.ts";
import { createRuntime, type LocalRuntime } from "../../node/create-runtime.ts";

const written: WriteBatch[] = [];
const nothing: Store = {
  get: () => undefined,
  bulkGet: (keys) => keys.map(() => undefined),
  write: (batch) => {
    written.push(batch);
    return batch.operations.map(() => undefined);
  },
  close: () => Promise.resolve(),
};
const metadata = {};
const base = { version: "v1", summary: "A store of this test.", metadata } as const;

const simpleStore = defineStore({
  ...base,
  type: "state.simple",
  features: ["ETAG"],
  open: () => Promise.resolve(nothing),
});

const narrowStore = defineStore({
  ...base,
  type: "state.narrow",
  features: ["TRANSACTIONAL"],
  maxOperations: 2,
  open: () => Promise.resolve(nothing),
});

const failure = () => new ComponentError("UNAVAILABLE", "the disk is on fire");

const failingStore = defineStore({
  ...base,
  type: "state.failing",
  features: ["TRANSACTIONAL"],
  open: () =>
    Promise.resolve({
      get: () => Promise.reject(failure()),
      bulkGet: () => {
        throw failure();
      },
      write: () => Promise.reject(failure()),
      close: () => Promise.resolve(),
    }),
});

const foreignStore = defineStore({
  ...base,
  type: "state.foreign",
  features: [],
  open: () =>
    Promise.resolve({
      ...nothing,
      get: () => ({ value: Uint8Array.of(0xff, 0x7b), etag: undefined, expiresAt: undefined }),
      bulkGet: (keys: readonly string[]) =>
        keys.map((_, i) =>
          i % 2 === 0
            ? { value: Uint8Array.of(0xff, 0x7b), etag: 'e"1', expiresAt: 1_767_225_600_999 }
            : { value: new TextEncoder().encode(' {"a" : 1.0} '), etag: undefined, expiresAt: undefined },
        ),
      write: (batch: WriteBatch) => batch.operations.map(({ key }) => new ETagError("invalid", key)),
    }),
});

let runtime: LocalRuntime;

beforeEach(async () => {
  written.length = 0;
  runtime = await createRuntime({
    appId: "MyApp",
    registry: { state: [inMemoryStore, simpleStore, narrowStore, failingStore, foreignStore], pubsub: [] },
    components: [
      { name: "memory", type: "state.in-memory" },
      { name: "simple", type: "state.simple" },
      { name: "narrow", type: "state.narrow" },
      { name: "failing", type: "state.failing" },
      { name: "foreign", type: "state.foreign" },
    ],
  });
});

afterEach(() => runtime.stop());

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** Of a JSON body. */
  readonly json: Record<string, unknown>;
}

const encoder = new TextEncoder();

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: readonly string[] = [],
): Promise<Answer> {
  const [plain, query = ""] = path.split("?", 2) as [string, string?];
  const bytes =
    body === undefined || body instanceof Uint8Array || body instanceof ReadableStream
      ? body
      : encoder.encode(typeof body === "string" ? body : JSON.stringify(body));
  const answer: RuntimeResponse = await runtime.handle({
    method,
    path: `/v1.0/state/${plain}`,
    query,
    headers,
    body: bytes,
  });
  const text = await new Response((answer.body ?? null) as BodyInit | null).text();
  return {
    status: answer.status,
    text,
    headers: answer.headers,
    get json() {
      return JSON.parse(text) as Record<string, unknown>;
    },
  };
}

const post = (path: string, body?: unknown, headers?: readonly string[]) => call("POST", path, body, headers);
const get = (path: string) => call("GET", path);

function fails(answer: Answer, status: number, errorCode: string, message: string | RegExp): void {
  expect([answer.status, answer.json.errorCode]).toEqual([status, errorCode]);
  expect(header(answer.headers, "content-type")).toBe("application/json");
  if (typeof message === "string") expect(answer.json.message).toBe(message);
  else expect(answer.json.message).toMatch(message);
}

describe("get", () => {
  it("answers the stored bytes as JSON with the raw ETag", async () => {
    expect((await post("memory", '[{"key":"k","value": { "a" : 1.0,\n"b":"\\u00e9" } }]')).status).toBe(204);
    const answer = await get("memory/k");
    expect([answer.status, answer.text]).toEqual([200, '{ "a" : 1.0,\n"b":"\\u00e9" }']);
    expect(header(answer.headers, "content-type")).toBe("application/json");
    expect(header(answer.headers, "etag")).toMatch(/^[^"\s]+$/);
    expect(header(answer.headers, "metadata.ttlexpiretime")).toBeUndefined();
  });

  it("answers a missing key with an empty 204", async () => {
    const answer = await get("memory/nothing");
    expect([answer.status, answer.text, answer.headers]).toEqual([204, "", []]);
  });

  it("answers at once where the store does", () => {
    const route = runtime.sidecar.components.state.get("memory");
    expect(route?.component.get("x", undefined)).toBeUndefined();
  });

  it("answers what is not JSON as it is", async () => {
    expect((await get("foreign/k")).status).toBe(200);
  });

  it("ignores a consistency that it does not know, as daprd does", async () => {
    for (const query of ["consistency=strong", "consistency=", "consistency=bad", "concurrency=bad"]) {
      expect((await get(`memory/k?${query}`)).status).toBe(204);
    }
  });

  it("reports a store's failure", async () => {
    fails(
      await get("failing/k"),
      500,
      "ERR_STATE_GET",
      "fail to get k from state store failing: the disk is on fire",
    );
  });
});

describe("stores", () => {
  const each: [method: string, path: string, body: string][] = [
    ["GET", "/k", ""],
    ["DELETE", "/k", ""],
    ["POST", "", "["],
    ["PUT", "", "["],
    ["POST", "/bulk", "["],
    ["POST", "/transaction", "["],
  ];

  it.each(each)("%s %s of an unknown store is 400", async (method, path, body) => {
    for (const store of ["nowhere", "__proto__", "constructor"]) {
      const answer = await call(method, store + path, body);
      fails(answer, 400, "ERR_STATE_STORE_NOT_FOUND", `state store ${store} is not found`);
      expect(answer.json.details).toEqual([
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          domain: "dapr.io",
          metadata: { appID: "MyApp" },
          reason: "DAPR_STATE_NOT_FOUND",
        },
      ]);
    }
  });

  it.each(each)("%s %s without any store is 500", async (method, path, body) => {
    await runtime.stop();
    runtime = await createRuntime({ components: [] });
    const answer = await call(method, `x${path}`, body);
    fails(answer, 500, "ERR_STATE_STORE_NOT_CONFIGURED", "state store x is not configured");
    expect(answer.json.details).toMatchObject([
      { metadata: { appID: "app" }, reason: "DAPR_STATE_NOT_CONFIGURED" },
    ]);
  });
});

describe("keys", () => {
  it("are kept under the app's id", async () => {
    await post("simple", [{ key: "pet", value: 1 }]);
    expect(written[0]?.operations[0]?.key).toBe("MyApp||pet");
  });

  it.each([
    ["appid", "MyApp||Kk"],
    ["APPID", "MyApp||Kk"],
    ["name", "s||Kk"],
    ["namespace", "Ns1.MyApp||Kk"],
    ["none", "Kk"],
    ["NONE", "Kk"],
    ["MyPre", "mypre||Kk"],
    ["X y", "x y||Kk"],
    ["a|b", "a|b||Kk"],
    [" name ", " name ||Kk"],
    ["X{appID}", "xmyapp||Kk"],
    ["", "||Kk"],
  ])("with keyPrefix %j are kept as %s", async (keyPrefix, stored) => {
    await runtime.stop();
    runtime = await createRuntime({
      appId: "MyApp",
      namespace: "Ns1",
      registry: { state: [simpleStore], pubsub: [] },
      components: [{ name: "s", type: "state.simple", metadata: { KeyPrefix: keyPrefix } }],
    });
    await post("s", [{ key: "Kk", value: 1 }]);
    expect(written[0]?.operations[0]?.key).toBe(stored);
  });

  it("with keyPrefix namespace are kept under the app's id where the host has no namespace", async () => {
    await runtime.stop();
    runtime = await createRuntime({
      appId: "MyApp",
      registry: { state: [simpleStore], pubsub: [] },
      components: [{ name: "s", type: "state.simple", metadata: { keyPrefix: "namespace" } }],
    });
    await post("s", [{ key: "Kk", value: 1 }]);
    expect(written[0]?.operations[0]?.key).toBe("MyApp||Kk");
  });

  it("a prefix with || fails at the start", async () => {
    const start = createRuntime({
      components: [{ name: "s", type: "state.in-memory", metadata: { keyPrefix: "a||b" } }],
    });
    await expect(start).rejects.toThrow(/keyPrefix can't contain '\|\|'/);
  });

  it("with || are refused everywhere, and nothing is written", async () => {
    const key = "a||b";
    const operations = [
      { operation: "upsert", request: { key: "good", value: 1 } },
      { operation: "delete", request: { key } },
    ];
    const answers = [
      await get("memory/a%7C%7Cb"),
      await call("DELETE", "memory/a%7C%7Cb", undefined, ["if-match", "1"]),
      await post("memory", [{ key: "good", value: 1 }, { key }]),
      await post("memory/bulk", { keys: ["good", key] }),
      await post("memory/transaction", { operations }),
    ];
    for (const answer of answers) {
      const message =
        "api error: code = InvalidArgument desc = input key/keyPrefix 'a||b' can't contain '||'";
      fails(answer, 400, "ERR_MALFORMED_REQUEST", message);
      expect(answer.json.details).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ reason: "DAPR_STATE_ILLEGAL_KEY" }),
          expect.objectContaining({ resource_type: "state", resource_name: "memory" }),
          expect.objectContaining({ field_violations: [{ field: key, description: message }] }),
        ]),
      );
    }
    expect((await get("memory/good")).status).toBe(204);
  });

  it.each(["__proto__", "constructor", "a b", "sl/a ü?", "%", "\u{1F600}", "x".repeat(5000)])(
    "takes %j",
    async (key) => {
      expect((await post("memory", [{ key, value: key }])).status).toBe(204);
      const answer = await get(`memory/${encodeURIComponent(key)}`);
      expect([answer.status, answer.json]).toEqual([200, key]);
      const bulk = await post("memory/bulk", { keys: [key] });
      expect(bulk.json).toMatchObject([{ key, data: key }]);
    },
  );
});

describe("save", () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ["", /./],
    ["{}", /array/],
    ['"x"', /array/],
    ["[", /cut off/],
    ["[{}]", /key/],
    ['[{"key":""}]', /key/],
    ['[{"value":1}]', /key/],
    ['[{"key":1,"value":1}]', /string for key/],
    ['[{"key":null}]', /key/],
    ['[{"key":"a","value":1},]', /./],
    ['[{"key":"a","value":}]', /./],
    ['[{"key":"a","value":nul}]', /./],
    ['[{"key":"a","value":01}]', /./],
    ['[{"key":"a","etag":1}]', /string for etag/],
    ['[{"key":"a","metadata":{"x":1}}]', /string/],
    ['[{"key":"a","metadata":"x"}]', /object for metadata/],
    ['[{"key":"a","options":{"concurrency":1}}]', /string for concurrency/],
    ['[{"key":"a","options":[]}]', /object for options/],
    ['[{"key":"good","value":1},{"key":"a","etag":1}]', /string for etag/],
  ];

  it.each(refusals)("refuses %s", async (body, message) => {
    fails(await post("memory", body), 400, "ERR_MALFORMED_REQUEST", message);
    expect((await get("memory/good")).status).toBe(204);
  });

  it("names the cause alone in its message", async () => {
    const { message } = (await post("memory", "{}")).json;
    expect(message).not.toMatch(/failed deserializing/);
  });

  it("refuses a body cut off anywhere, and writes nothing of it", async () => {
    const body =
      '[{"key":"good","value":{"a":[1,"\\u00e9"]},"etag":"","metadata":{"x":"y"},"options":{"concurrency":"last-write"}}]';
    const bytes = encoder.encode(body);
    for (let end = 0; end < bytes.length; end++) {
      fails(await post("memory", bytes.slice(0, end)), 400, "ERR_MALFORMED_REQUEST", /./);
    }
    expect((await get("memory/good")).status).toBe(204);
    expect((await post("memory", bytes)).status).toBe(204);
  });

  it.each([
    "[]",
    ' [{"key":"a","value":1}] \n',
    '[{"key":"a"}]',
    '[{"key":"a","etag":null,"metadata":null,"options":null}]',
  ])("takes %s", async (body) => expect((await post("memory", body)).status).toBe(204));

  it("stores null for a missing value", async () => {
    await call("PUT", "memory", [{ key: "a" }]);
    expect((await get("memory/a")).text).toBe("null");
  });

  it("hands the store bytes of its own, not a view of the whole request", async () => {
    await post("simple", `[{"key":"a","value":12},{"key":"b","value":"${"x".repeat(100_000)}"}]`);
    const [a] = written[0]?.operations ?? [];
    expect(a?.kind === "upsert" && [a.value.byteLength, a.value.buffer.byteLength]).toEqual([2, 2]);
  });

  it("refuses a body over the limit", async () => {
    const large = `[{"key":"good","value":"${"x".repeat(10_000_000)}"}]`;
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < 10; i++) controller.enqueue(new Uint8Array(1_000_000));
        controller.close();
      },
    });
    fails(await post("memory", large), 400, "ERR_MALFORMED_REQUEST", /^stream too large/);
    fails(await post("memory", chunks), 400, "ERR_MALFORMED_REQUEST", /^stream too large/);
    for (const path of ["memory/bulk", "memory/transaction"]) {
      fails(
        await post(path, large),
        400,
        "ERR_MALFORMED_REQUEST",
        /^failed deserializing HTTP body: stream too large/,
      );
    }
  });

  it("takes a body just under the limit", async () => {
    const value = "x".repeat(4_000_000);
    expect((await post("memory", [{ key: "large", value }])).status).toBe(204);
    expect((await get("memory/large")).json).toBe(value);
  });

  it.each([
    [{ concurrency: "bad" }, "unrecognized concurrency model 'bad'"],
    [{ consistency: "bad" }, "unrecognized consistency model 'bad'"],
  ])("refuses the options %j, and writes nothing", async (options, cause) => {
    const answer = await post("memory", [
      { key: "good", value: 1 },
      { key: "k", value: 1, options },
    ]);
    fails(answer, 500, "ERR_STATE_SAVE", `failed saving state in state store memory: ${cause}`);
    expect((await get("memory/good")).status).toBe(204);
  });

  it("accepts the book's retryPolicy and empty options", async () => {
    const options = { concurrency: "", retryPolicy: { interval: 100, threshold: 3, pattern: "linear" } };
    expect((await post("memory", [{ key: "k", value: 1, options }])).status).toBe(204);
  });

  it("asks for the strongest consistency that an item asks for", async () => {
    const item = (consistency?: string) => ({ key: "k", value: 1, options: { consistency } });
    await post("simple", [item("eventual"), item("strong"), item()]);
    await post("simple", [item("eventual"), item()]);
    await post("simple", [item()]);
    expect(written.map(({ consistency }) => consistency)).toEqual(["strong", "eventual", undefined]);
  });

  it("hands the client's request id on, and none otherwise", async () => {
    await post("simple", [{ key: "k", value: 1 }], ["daprlet-request-id", "r1"]);
    await post("simple", [{ key: "k", value: 1 }]);
    await call("DELETE", "simple/k", undefined, ["daprlet-request-id", "r2"]);
    const carries = (id: string) => expect.stringMatching(`^MyApp/${id}/\\w+$`);
    expect(written.map(({ requestId }) => requestId)).toEqual([carries("r1"), undefined, carries("r2")]);
  });

  it("answers a repeated request as at first", async () => {
    const body = [{ key: "k", value: 1, options: { concurrency: "first-write" } }];
    const id = ["daprlet-request-id", "r1"];
    expect((await post("memory", body, id)).status).toBe(204);
    expect((await post("memory", body, id)).status).toBe(204);
    expect((await post("memory", body)).status).toBe(409);
  });

  it("409 for a stale ETag leaves that item alone and writes the others", async () => {
    await post("memory", [{ key: "p", value: 0 }]);
    const answer = await post("memory", [
      { key: "a", value: 1 },
      { key: "p", value: 1, etag: "stale" },
      { key: "b", value: 1 },
    ]);
    fails(
      answer,
      409,
      "ERR_STATE_SAVE",
      /^failed saving state in state store memory: possible etag mismatch\. error from state store/,
    );
    const texts = await Promise.all(["a", "p", "b"].map(async (key) => (await get(`memory/${key}`)).text));
    expect(texts).toEqual(["1", "0", "1"]);
  });

  it("400 for an ETag that the store cannot have issued", async () => {
    fails(await post("foreign", [{ key: "k", etag: "x" }]), 400, "ERR_STATE_SAVE", /invalid etag value/);
    fails(await call("DELETE", "foreign/k"), 400, "ERR_STATE_DELETE", /invalid etag value/);
  });

  it("reports a store's failure", async () => {
    fails(
      await post("failing", [{ key: "k", value: "a secret" }]),
      500,
      "ERR_STATE_SAVE",
      "failed saving state in state store failing: the disk is on fire",
    );
  });

  it("an error never repeats the value", async () => {
    for (const body of [
      '[{"key":"k","value":s3cret}]',
      '[{"key":"k","value":"s3cret"',
      '[{"key":"k","value":"s3cret","etag":5}]',
    ]) {
      expect((await post("memory", body)).text).not.toContain("s3cret");
      expect((await post("memory/bulk", body)).text).not.toContain("s3cret");
    }
  });
});

describe("TTL", () => {
  const save = (ttlInSeconds: string, query = "") =>
    post(`memory${query}`, [{ key: "k", value: 1, metadata: { ttlInSeconds } }]);

  it("is told in whole seconds and ends the item", async () => {
    await save("100");
    expect(header((await get("memory/k")).headers, "metadata.ttlexpiretime")).toBe("2026-01-01T00:01:40Z");
    expect((await post("memory/bulk", { keys: ["k"] })).json).toMatchObject([
      { metadata: { ttlExpireTime: "2026-01-01T00:01:40Z" } },
    ]);
    await runtime.advance(100_000);
    expect((await get("memory/k")).status).toBe(204);
  });

  it.each(["", "0", "-1", "-0"])("%j keeps the item for ever", async (ttl) => {
    expect((await save(ttl)).status).toBe(204);
    expect(header((await get("memory/k")).headers, "metadata.ttlexpiretime")).toBeUndefined();
  });

  it.each(["x", "1.5", " 5", "-2", "1e3", "0x10", "999999999999999"])("%j is refused", async (ttl) => {
    fails(
      await save(ttl),
      500,
      "ERR_STATE_SAVE",
      /error parsing TTL: incorrect value for metadata 'ttlInSeconds'/,
    );
    expect((await get("memory/k")).status).toBe(204);
  });

  it("of the query overrides the item's, by its first value, an empty one included", async () => {
    await save("10", "?metadata.ttlInSeconds=1000&metadata.ttlInSeconds=20");
    expect(header((await get("memory/k")).headers, "metadata.ttlexpiretime")).toBe("2026-01-01T00:16:40Z");
    await save("10", "?metadata.ttlInSeconds=");
    expect(header((await get("memory/k")).headers, "metadata.ttlexpiretime")).toBeUndefined();
  });

  it("contentType is handed to the store", async () => {
    await post("simple?metadata.contentType=text/xml", [
      { key: "k", value: "<a/>", metadata: { contentType: "a/b" } },
    ]);
    expect(written[0]?.operations[0]).toMatchObject({ contentType: "text/xml" });
  });
});

describe("delete", () => {
  it("succeeds for what is there and what is not", async () => {
    await post("memory", [{ key: "k", value: 1 }]);
    for (let i = 0; i < 2; i++) {
      const answer = await call("DELETE", "memory/k");
      expect([answer.status, answer.text, answer.headers]).toEqual([204, "", []]);
    }
    expect((await get("memory/k")).status).toBe(204);
  });

  it("409 for a stale If-Match", async () => {
    await post("memory", [{ key: "k", value: 1 }]);
    const stale = await call("DELETE", "memory/k", undefined, ["if-match", "bad"]);
    fails(stale, 409, "ERR_STATE_DELETE", /^failed deleting state with key k: possible etag mismatch/);
    const missing = await call("DELETE", "memory/gone", undefined, ["if-match", "bad"]);
    fails(missing, 409, "ERR_STATE_DELETE", /possible etag mismatch/);
    const etag = header((await get("memory/k")).headers, "etag") as string;
    expect((await call("DELETE", "memory/k", undefined, ["if-match", etag])).status).toBe(204);
  });

  it("an empty If-Match is none", async () => {
    await post("memory", [{ key: "k", value: 1 }]);
    expect((await call("DELETE", "memory/k", undefined, ["if-match", ""])).status).toBe(204);
  });

  it("refuses options that it does not know", async () => {
    fails(
      await call("DELETE", "memory/k?concurrency=bad"),
      500,
      "ERR_STATE_DELETE",
      "failed deleting state with key k: unrecognized concurrency model 'bad'",
    );
    fails(
      await call("DELETE", "memory/k?consistency=bad"),
      500,
      "ERR_STATE_DELETE",
      /consistency model 'bad'/,
    );
    const answer = await call("DELETE", "memory/k?consistency=strong&concurrency=first-write&metadata.x=y");
    expect(answer.status).toBe(204);
  });

  it("reports a store's failure", async () => {
    fails(
      await call("DELETE", "failing/k"),
      500,
      "ERR_STATE_DELETE",
      "failed deleting state with key k: the disk is on fire",
    );
  });
});

describe("bulk get", () => {
  it("answers every key in the order asked, repeated and missing ones too", async () => {
    await post("memory", '[{"key":"a","value": {"n" : 1.0} },{"key":"b","value":"two"}]');
    const answer = await post("memory/bulk", {
      keys: ["b", "none", "a", "b"],
      parallelism: -5,
      metadata: { x: "y" },
    });
    expect([answer.status, header(answer.headers, "content-type")]).toEqual([200, "application/json"]);
    const items = answer.json as unknown as Record<string, unknown>[];
    expect(items.map(({ etag, ...rest }) => rest)).toEqual([
      { key: "b", data: "two" },
      { key: "none" },
      { key: "a", data: { n: 1 } },
      { key: "b", data: "two" },
    ]);
    expect(items[2]?.etag).toBe(header((await get("memory/a")).headers, "etag"));
    expect(answer.text).toContain('"data":{"n" : 1.0}');
  });

  it.each(["{}", "null", '{"keys":null}', '{"keys":[]}', '{"keys":[],"parallelism":null,"metadata":null}'])(
    "%s is an empty list",
    async (body) => {
      const answer = await post("memory/bulk", body);
      expect([answer.status, answer.json]).toEqual([200, []]);
    },
  );

  it.each([
    "",
    "[]",
    '"x"',
    "1",
    "{",
    '{"keys":"a"}',
    '{"keys":[1]}',
    '{"keys":{}}',
    '{"keys":["a"],}',
    '{"keys":["a"]}x',
    '{"keys":["a"],"parallelism":"x"}',
    '{"keys":["a"],"parallelism":1.5}',
    '{"keys":["a"],"metadata":{"a":1}}',
    '{"keys":["a"],"metadata":[]}',
  ])("refuses %s", async (body) => {
    fails(
      await post("memory/bulk", body),
      400,
      "ERR_MALFORMED_REQUEST",
      /^failed deserializing HTTP body: expected/,
    );
  });

  it("refuses what is not UTF-8", async () => {
    const body = Uint8Array.from([...encoder.encode('{"keys":["'), 0xff, ...encoder.encode('"]}')]);
    fails(await post("memory/bulk", body), 400, "ERR_MALFORMED_REQUEST", /expected JSON/);
  });

  it("never answers broken JSON: a value that is none is an error of its key", async () => {
    const answer = await post("foreign/bulk", { keys: ["bad", "good"] });
    expect(answer.json).toEqual([
      {
        key: "bad",
        error: expect.stringMatching(/not JSON/),
        etag: 'e"1',
        metadata: { ttlExpireTime: "2026-01-01T00:00:00Z" },
      },
      { key: "good", data: { a: 1 } },
    ]);
  });

  it("reports a store's failure", async () => {
    fails(
      await post("failing/bulk", { keys: ["k"] }),
      500,
      "ERR_STATE_BULK_GET",
      "failed to get state in bulk: the disk is on fire",
    );
  });
});

describe("transaction", () => {
  const upsert = (request: unknown) => ({ operation: "upsert", request });
  const remove = (request: unknown) => ({ operation: "delete", request });
  const transact = (operations: unknown, query = "", more = {}) =>
    post(`memory/transaction${query}`, { operations, ...more });

  it("writes and deletes", async () => {
    await post("memory", [{ key: "b", value: 1 }]);
    expect((await transact([upsert({ key: "a", value: { x: 1 } }), remove({ key: "b" })])).status).toBe(204);
    expect([(await get("memory/a")).text, (await get("memory/b")).status]).toEqual(['{"x":1}', 204]);
  });

  it.each(["{}", '{"operations":[]}', '{"operations":null}'])("%s has nothing to do", async (body) => {
    expect((await post("memory/transaction", body)).status).toBe(204);
  });

  it("a stale ETag is 500, and both or none are written", async () => {
    const answer = await transact([
      upsert({ key: "t2", value: 1 }),
      upsert({ key: "key-2", value: 1, etag: "99", options: { concurrency: "first-write" } }),
    ]);
    fails(
      answer,
      500,
      "ERR_STATE_TRANSACTION",
      /^error while executing state transaction: possible etag mismatch\. error from state store/,
    );
    expect((await get("memory/t2")).status).toBe(204);
    expect((await get("memory/key-2")).status).toBe(204);
  });

  it.each([
    ["bad", "operation type bad not supported"],
    ["UPSERT", "operation type UPSERT not supported"],
    ["__proto__", "operation type __proto__ not supported"],
    ["", "operation type  not supported"],
  ])("refuses the operation %j, and writes nothing", async (operation, message) => {
    const answer = await transact([upsert({ key: "good", value: 1 }), { operation, request: { key: "k" } }]);
    fails(answer, 400, "ERR_NOT_SUPPORTED_STATE_OPERATION", message);
    expect((await get("memory/good")).status).toBe(204);
  });

  it.each([
    "",
    "[]",
    "{",
    '{"operations":{}}',
    '{"operations":[{"operation":"upsert","request":"x"}]}',
    '{"operations":[{"operation":"upsert","request":{"key":1}}]}',
    '{"operations":[{"operation":"upsert","request":{}}]}',
    '{"operations":[{"operation":"upsert"}]}',
    '{"operations":[{"operation":"upsert","request":{"key":"a","etag":1}}]}',
    '{"operations":[],"metadata":{"a":1}}',
  ])("refuses %s", async (body) => {
    fails(
      await post("memory/transaction", body),
      400,
      "ERR_MALFORMED_REQUEST",
      /^failed deserializing HTTP body: /,
    );
  });

  it("refuses a body cut off anywhere, and writes nothing of it", async () => {
    const body =
      '{"operations":[{"operation":"upsert","request":{"key":"good","value":[1,{"a":"b"}],"metadata":{"x":"y"}}},{"operation":"delete","request":{"key":"b","etag":"1"}}],"metadata":{"m":"n"}}';
    for (let end = 0; end < body.length; end++) {
      fails(await post("memory/transaction", body.slice(0, end)), 400, "ERR_MALFORMED_REQUEST", /./);
    }
    expect((await get("memory/good")).status).toBe(204);
  });

  it("takes TTLs from the operation and, before it, from the query; not from the body", async () => {
    const operation = (key: string, metadata?: object) => upsert({ key, value: 1, metadata });
    const expiry = async (key: string) =>
      header((await get(`memory/${key}`)).headers, "metadata.ttlexpiretime");
    await transact([operation("a", { ttlInSeconds: "10" }), operation("b")], "", {
      metadata: { ttlInSeconds: "50" },
    });
    expect([await expiry("a"), await expiry("b")]).toEqual(["2026-01-01T00:00:10Z", undefined]);
    await transact([operation("a", { ttlInSeconds: "10" }), operation("b")], "?metadata.ttlInSeconds=33");
    expect([await expiry("a"), await expiry("b")]).toEqual(["2026-01-01T00:00:33Z", "2026-01-01T00:00:33Z"]);
  });

  it("reports wrong options and TTLs as its own failure, and writes nothing", async () => {
    const wrong = [{ options: { concurrency: "bad" } }, { metadata: { ttlInSeconds: "x" } }];
    for (const more of wrong) {
      const answer = await transact([
        upsert({ key: "good", value: 1 }),
        upsert({ key: "k", value: 1, ...more }),
      ]);
      fails(answer, 500, "ERR_STATE_TRANSACTION", /^error while executing state transaction: /);
      expect((await get("memory/good")).status).toBe(204);
    }
  });

  it("needs a store that has transactions", async () => {
    const answer = await post("simple/transaction", "{");
    fails(answer, 500, "ERR_STATE_STORE_NOT_SUPPORTED", "state store simple doesn't support transactions");
    expect(answer.json.details).toMatchObject([
      { reason: "DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED" },
      { resource_type: "state", resource_name: "simple" },
      { "@type": "type.googleapis.com/google.rpc.Help", links: [{ url: expect.any(String) }] },
    ]);
  });

  it("holds no more operations than the store does", async () => {
    const operations = (count: number) => Array.from({ length: count }, (_, i) => upsert({ key: `k${i}` }));
    expect((await post("narrow/transaction", { operations: operations(2) })).status).toBe(204);
    const answer = await post("narrow/transaction", { operations: operations(3) });
    fails(
      answer,
      400,
      "ERR_STATE_STORE_TOO_MANY_TRANSACTIONS",
      "the transaction contains 3 operations, which is more than what the state store supports: 2",
    );
    expect(written).toHaveLength(1);
  });

  it("answers another request for itself, though it carries an id that was used", async () => {
    const id = ["daprlet-request-id", "r1"];
    const operations = [upsert({ key: "k", value: 1 })];
    expect((await post("memory/transaction", { operations }, id)).status).toBe(204);
    const other = [upsert({ key: "other", value: 2 })];
    expect((await post("memory/transaction", { operations: other }, id)).status).toBe(204);
    expect((await post("memory", [{ key: "third", value: 3 }], id)).status).toBe(204);
    expect((await call("DELETE", "memory/k", undefined, id)).status).toBe(204);
    expect((await get("memory/k")).status).toBe(204);
    expect((await get("memory/other")).text).toBe("2");
    expect((await get("memory/third")).text).toBe("3");
    // The first one again: its outcome, and not its effect.
    expect((await post("memory/transaction", { operations }, id)).status).toBe(204);
    expect((await get("memory/k")).status).toBe(204);
  });

  it("answers a repeated request as at first", async () => {
    const body = { operations: [upsert({ key: "k", value: 1, options: { concurrency: "first-write" } })] };
    const id = ["daprlet-request-id", "r1"];
    const statuses: number[] = [];
    for (const headers of [id, id, []])
      statuses.push((await post("memory/transaction", body, headers)).status);
    expect(statuses).toEqual([204, 204, 500]);
  });

  it("reports a store's failure", async () => {
    fails(
      await post("failing/transaction", { operations: [upsert({ key: "k" })] }),
      500,
      "ERR_STATE_TRANSACTION",
      "error while executing state transaction: the disk is on fire",
    );
  });
});
