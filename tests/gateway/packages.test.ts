import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ruleRows } from "../../host/gateway/compile-rules.ts";
import { admitPackage } from "../../host/gateway/packages/admit-package.ts";
import type { GatewayTable } from "../../host/gateway/table-shape.ts";
import { packagesIn } from "../../host/node/capability/package-folders.ts";
import { echo, guest, span, watPackage } from "../capability/wat-package.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { underWasmtime } from "./gateways.ts";

const shipped = resolve(import.meta.dirname, "../../dist/capabilities");

async function built(name: string) {
  const { sources } = await packagesIn([resolve(shipped, name)]);
  return await admitPackage(sources[0] as (typeof sources)[number], undefined, name);
}

const made = (name: string, wat: string, changes = {}) =>
  admitPackage(watPackage(name, wat, changes), undefined, name);

const parameters = [
  { name: "n", in: "query", schema: { type: "integer", minimum: 1, exclusiveMaximum: 10 } },
  { name: "as", in: "query", required: true, schema: { enum: ["a", "b"] } },
  { name: "many", in: "query", schema: { type: "array", items: { type: "number" } } },
  { name: "x-short", in: "header", schema: { type: "string", maxLength: 3 } },
  { name: "key", in: "path", required: true, schema: { type: "string", minLength: 2 } },
];
const described = {
  offers: [
    {
      kind: "http",
      openapi: {
        paths: {
          "/items/{key}": {
            put: {
              operationId: "put",
              parameters,
              requestBody: { required: true, content: { "text/*": {}, "application/json": {} } },
            },
          },
        },
      },
    },
  ],
};

underWasmtime("packages in a gateway with fresh instances", () => answers(false));
underWasmtime("packages in a gateway with reused instances", () => answers(true));

underWasmtime("what is in front of a gateway's packages, by each of their paths", () => {
  const digest = new Uint8Array(createHash("blake2b512").update("mine").digest());
  const body = JSON.stringify("x".repeat(2000));
  const rules = ruleRows({ api: { denied: [{ name: "capabilities", version: "v1.0" }] } });
  const paths = ["/v1.0/capabilities/echo/run", "/v1/capabilities/run"];

  it.each<[string, Partial<GatewayTable>, string, number]>([
    ["its token", { callers: [{ appId: "a", digest, variables: "" }] }, "yours", 401],
    ["its rate", { rate: 0.001, burst: 1, rateBy: 1 }, "mine", 429],
    ["the size of its bodies", { maxBody: 1000 }, "mine", 413],
    ["what of it is denied", rules, "mine", 404],
    ["nothing else", { callers: [{ appId: "a", digest, variables: "" }] }, "mine", 200],
  ])("is %s", async (_, given, token, expected) => {
    const gateway = await startGateway(given, { packages: [await made("echo", guest())], reused: true });
    const headers = { "dapr-api-token": token, "content-type": "application/json" };
    for (const path of paths) {
      const ask = () => gateway.fetch(path, { method: "POST", body, headers });
      let { status } = await ask();
      // Each instance has a bucket of its own.
      for (let i = 0; i < 1000 && expected === 429 && status === 200; i += 1) ({ status } = await ask());
      expect([path, status]).toEqual([path, expected]);
    }
    await gateway.stop();
  });
});

function answers(reused: boolean): void {
  let gateway: Gateway;
  beforeAll(async () => {
    const packages = [
      await built("hello"),
      await built("primes"),
      await built("json-schema"),
      await made("trap", guest({ handle: "(i64.load (i32.const -8))" })),
      await made("abort", guest({ handle: "unreachable" })),
      await made("liar", guest({ handle: span("(i32.const 131072)", "(i32.const 8)") })),
      await made("described", guest(), described),
      await made(
        "talker",
        guest({
          imports: '(import "cap_host" "log" (func $log (param i32 i32 i32)))',
          more: '(data (i32.const 1024) "a\\1b[2J\\0ab \\c2\\9bc")',
          handle: `(call $log (i32.const 2) (i32.const 1024) (i32.const 11)) ${echo}`,
        }),
      ),
      await made(
        "loud",
        guest({
          imports: '(import "cap_host" "log" (func $log (param i32 i32 i32)))',
          handle: "(call $log (i32.const 1) (i32.const 131000) (i32.const 1000)) (i64.const 0)",
        }),
      ),
      await made("echoes", guest(), {
        offers: [{ kind: "function", name: "echo", topics: [{ pubsub: "bus", topic: "news" }] }],
        needs: { subscribe: [{ pubsub: "bus", topics: ["news"] }] },
      }),
      // One that keeps what it was told in its memory: how often it was called.
      await made(
        "counter",
        guest({
          more: "(global $n (mut i32) (i32.const 0))",
          handle: `(global.set $n (i32.add (global.get $n) (i32.const 1)))
            (i32.store (i32.const 2048) (i32.const 2)) (i32.store (i32.const 2052) (i32.const 1))
            (i32.store (i32.const 2056) (i32.const 5)) (i64.store (i32.const 2060) (i64.const 0x79646f623a))
            (i32.store (i32.const 2065) (i32.const 1))
            (i32.store8 (i32.const 2069) (i32.add (i32.const 48) (global.get $n)))
            ${span("(i32.const 2048)", "(i32.const 22)")}`,
        }),
      ),
    ];
    gateway = await startGateway({}, { packages, reused });
  });
  afterAll(() => gateway?.stop());

  const get: Gateway["fetch"] = (path, options) => gateway.fetch(path, options);
  const post = (name: string) => get(`/v1.0/capabilities/${name}/run`, { method: "POST", body: "{}" });

  it("answer by their own paths and the book's", async () => {
    const response = await get("/v1.0/capabilities/hello/hello?name=W%C3%B6rld");
    expect([response.status, response.text]).toEqual([200, "Hello, Wörld!\n"]);
    expect(response.header("content-security-policy")).toBe("sandbox; default-src 'none'");
    expect((await get("/v1/capabilities/hello")).text).toBe("Hello, world!\n");
    expect((await get("/v1/capabilities/primes/primes?to=100")).json).toMatchObject({ count: 25 });
    const { capabilities } = (await get("/v1.0/capabilities")).json as { capabilities: object[] };
    expect(capabilities[0]).toMatchObject({ name: "hello", status: "loaded", refused: [] });
  });

  it.each([
    ["/v1.0/capabilities/nobody/hello", "GET", 404, "there is no capability nobody"],
    ["/v1.0/capabilities/hello/none", "GET", 404, "no capability offers GET /none"],
    ["/v1.0/capabilities/hello/hello", "POST", 405, "no capability offers POST /hello"],
    ["/v1/capabilities/none", "GET", 404, "no capability offers GET /none"],
  ])("answer %s by %s with what is wrong", async (path, method, status, message) => {
    const response = await get(path, { method });
    expect([response.status, (response.json as { message: string }).message]).toEqual([status, message]);
  });

  it.each<[string, Record<string, string>, number, string]>([
    ["items/key?as=a&n=9&many=1&many=2.5e1", {}, 200, ""],
    ["items/key?as=c", {}, 400, "query parameter as does not match its schema"],
    ["items/key", {}, 400, "query parameter as is required"],
    ["items/key?as=a&as=b", {}, 400, "query parameter as is given more than once"],
    ["items/key?as=a&n=10", {}, 400, "query parameter n does not match its schema"],
    ["items/key?as=a&n=0", {}, 400, "query parameter n does not match its schema"],
    ["items/key?as=a&n=1.5", {}, 400, "query parameter n does not match its schema"],
    ["items/key?as=a&n=%zz", {}, 400, "query parameter n has an escape that is none"],
    ["items/key?as=a&many=x", {}, 400, "query parameter many does not match its schema"],
    ["items/k?as=a", {}, 400, "path parameter key does not match its schema"],
    ["items/key?as=a", { "x-short": "four" }, 400, "header parameter x-short does not match its schema"],
    ["items/key?as=a", { "content-type": "image/png" }, 415, "a body of this type is not taken"],
    ["items/key?as=a", { "content-type": "Application/JSON; charset=utf-8" }, 200, ""],
  ])("check %s with %j", async (path, headers, status, cause) => {
    const given = { "content-type": "text/plain", ...headers };
    const response = await get(`/v1.0/capabilities/described/${path}`, {
      method: "PUT",
      headers: given,
      body: "x",
    });
    expect(response.status).toBe(status);
    if (status !== 200) expect(response.text).toContain(cause);
  });

  it("are given bodies that are what they ask for", async () => {
    const validate = (body: string) =>
      get("/v1/capabilities/validate", {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
    expect((await validate('{"schema":{"type":"string"},"v\\u0061lue":"x"}')).json).toMatchObject({
      valid: true,
    });
    expect((await validate('{"schema":{"type":"string"},"value":1}')).json).toMatchObject({ valid: false });
    for (const body of ['{"schema":{}}', "[]", '{"schema":{},"value":', '{"schema":{},"value":1} x'])
      expect([(await validate(body)).status, body]).toEqual([400, body]);
  });

  it("offer functions, which are called by their names", async () => {
    const call = (name: string) =>
      get(`/v1.0/functions/${name}?a=b`, {
        method: "POST",
        body: "hi",
        headers: { "content-type": "text/x" },
      });
    const answer = await call("echo");
    expect([answer.status, answer.text, answer.header("content-type")]).toEqual([200, "hi", "text/x"]);
    expect(answer.header("content-security-policy")).toBe("sandbox; default-src 'none'");
    const { status, json } = await call("none");
    expect([status, json]).toEqual([
      404,
      { errorCode: "ERR_FUNCTION_NOT_FOUND", message: "there is no function none" },
    ]);
  });

  it("take their own request with them, never the next one", async () => {
    for (const [name, status] of [
      ["trap", 500],
      ["liar", 502],
      ["abort", 502],
      ["trap", 500],
    ] as const) {
      expect((await post(name)).status).toBe(status);
      expect((await get("/v1/capabilities/hello")).status).toBe(200);
    }
    expect((await post("liar")).json).toEqual({
      errorCode: "ERR_CAPABILITY_FAULT",
      message: "capability liar failed: its answer is outside of its memory",
    });
  });

  it("log lines that begin no other and command no terminal", async () => {
    expect((await post("talker")).status).toBe(200);
    await vi.waitFor(() => expect(gateway.said()).toContain("capability talker: warn: a [2J b   c\n"));
    const { status, message } = await post("loud");
    expect([status, message]).toEqual([502, "capability loud failed: what it logs is outside of its memory"]);
  });

  it("are begun anew with their instance", async () => {
    const first = Number((await post("counter")).text);
    const second = Number((await post("counter")).text);
    expect(second - first).toBe(reused ? 1 : 0);
    await post("liar");
    expect((await post("counter")).text).toBe("1");
  });
}
