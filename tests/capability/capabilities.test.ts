import { afterEach, describe, expect, it } from "vitest";
import { encodeMessage, type MessageField, messageKind, textField } from "../../host/capability/message.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import {
  type CreateRuntimeOptions,
  createRuntime,
  type LocalRuntime,
} from "../../host/node/create-runtime.ts";
import { guest, saying, span, watPackage } from "./wat-package.ts";

let runtime: LocalRuntime | undefined;
afterEach(() => runtime?.stop(0));

async function started(packages: readonly PackageSource[], grants: Record<string, unknown> = {}) {
  runtime = await createRuntime({ capabilities: { packages, grants }, clock: "system" });
  return runtime;
}

const calls = (...fields: MessageField[]) => encodeMessage({ kind: messageKind.calls, fields });

/** The results of what was asked for, as the body of an answer: a header of twelve bytes and a name before them. */
const results = `
  (i32.store (i32.const 512) (i32.const 2)) (i32.store (i32.const 516) (i32.const 1))
  (i32.store (i32.const 520) (i32.const 5)) (i64.store (i32.const 524) (i64.const 0x79646f623a))
  (i32.store (i32.const 529) (local.get 1))
  (memory.copy (i32.const 533) (local.get 0) (local.get 1))
  ${span("(i32.const 512)", "(i32.add (local.get 1) (i32.const 21))")}`;

const text = async (response: Response) => new TextDecoder("latin1").decode(await response.arrayBuffer());

describe("an offer of HTTP", () => {
  const openapi = {
    paths: {
      "/greet/{name}": {
        get: {
          operationId: "greet",
          parameters: [
            { name: "name", in: "path", required: true, schema: { type: "string", maxLength: 5 } },
            { name: "times", in: "query", schema: { type: "integer", minimum: 1 } },
          ],
        },
        post: {
          requestBody: {
            required: true,
            content: { "application/json": { schema: { $ref: "#/components/schemas/Greeting" } } },
          },
        },
      },
    },
    components: { schemas: { Greeting: { type: "object", required: ["hello"] } } },
  };
  const greeter = () => watPackage("greeter", guest(), { offers: [{ kind: "http", openapi }] });

  it("answers at its package's path, and at the book's", async () => {
    const { fetch } = bound(await started([greeter()]));
    for (const path of [
      "/v1.0/capabilities/greeter/greet/ann?times=2",
      "/v1/capabilities/greeter/greet/ann?times=2",
      "/v1/capabilities/greet/ann?times=2",
    ]) {
      const response = await fetch(path);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
    }
  });

  it.each<[string, RequestInit, number, string]>([
    [
      "/greet/anneliese",
      {},
      400,
      "path parameter name does not match its schema: String is too long (9 > 5).",
    ],
    ["/greet/ann?times=0", {}, 400, "query parameter times does not match its schema: 0 is less than 1."],
    [
      "/greet/ann?times=x",
      {},
      400,
      'query parameter times does not match its schema: Instance type "string" is invalid. Expected "integer".',
    ],
    ["/greet/ann?times=1&times=2", {}, 400, "query parameter times is given more than once"],
    ["/greet/ann", { method: "POST" }, 400, "a body is required"],
    [
      "/greet/ann",
      { method: "POST", body: "x" },
      415,
      "a body of type text/plain is not taken; expected application/json",
    ],
    ["/greet/ann", json("{"), 400, "the body is not JSON"],
    [
      "/greet/ann",
      json("{}"),
      400,
      'the body does not match its schema: Instance does not have required property "hello".',
    ],
    ["/greet/ann", json('{"hello":1}'), 200, ""],
    ["/greet/ann", { method: "PUT" }, 405, "no capability offers PUT /greet/ann"],
    ["/greet", {}, 404, "no capability offers GET /greet"],
  ])("%s is answered %o", async (path, init, status, message) => {
    const { fetch } = bound(await started([greeter()]));
    const response = await fetch(`/v1.0/capabilities/greeter${path}`, init);
    expect([response.status, await response.text()]).toEqual([
      status,
      expect.stringContaining(message.replaceAll('"', '\\"')),
    ]);
  });

  const yaml = (kind: string, name: string, spec: object) =>
    JSON.stringify({ apiVersion: "dapr.io/v1alpha1", kind, metadata: { name }, spec });
  const limit = { type: "middleware.http.ratelimit", version: "v1" };
  const components = [
    yaml("Component", "rate", {
      ...limit,
      metadata: [
        { name: "maxRequestsPerSecond", value: "1" },
        { name: "perPath", value: "false" },
      ],
    }),
    yaml("Configuration", "front", { httpPipeline: { handlers: [{ name: "rate", type: limit.type }] } }),
  ].join("\n---\n");
  const large = json(JSON.stringify({ hello: "x".repeat(2000) }));

  it.each<[string, Omit<CreateRuntimeOptions, "capabilities">, RequestInit, number]>([
    ["its token", { apiToken: "secret" }, json("{}"), 401],
    ["its rate", { components }, json('{"hello":1}'), 429],
    ["the size of its bodies", { maxBodySize: 1000 }, large, 413],
    ["what of it is denied", { components: yaml("Configuration", "c", denied) }, json('{"hello":1}'), 404],
  ])("is behind %s, as all of the API is", async (_, options, request, status) => {
    runtime = await createRuntime({ capabilities: { packages: [greeter()] }, ...options });
    const paths = ["/v1.0/capabilities/greeter/greet/ann", "/v1/capabilities/greet/ann"];
    if (status === 429) expect((await runtime.fetch(paths[0] as string, request)).status).toBe(200);
    for (const path of paths)
      expect([path, (await runtime.fetch(path, request)).status]).toEqual([path, status]);
    const { capabilities } = runtime.sidecar;
    const calls = status === 429 ? 1 : 0;
    expect(capabilities?.list()).toMatchObject([{ measured: { calls } }]);
  });
});

/** Operations of packages, by both of their paths. */
const denied = { api: { denied: [{ name: "capabilities", version: "v1.0", protocol: "http" }] } };

function json(body: string): RequestInit {
  return { method: "POST", body, headers: { "content-type": "application/json" } };
}

function bound(one: LocalRuntime) {
  return { fetch: (path: string, init?: RequestInit) => one.fetch(path, init) };
}

describe("calls of the host", () => {
  const run = (one: LocalRuntime) => one.fetch("/v1.0/capabilities/p/run", { method: "POST" });

  it("reach state under keys of the package's own, which the app's are not", async () => {
    const set = calls(
      textField(":call", "state.set"),
      textField("store", "statestore"),
      textField("key", "k"),
      textField(":body", '{"n":1}'),
    );
    const needs = { state: [{ store: "statestore", access: "write" }] };
    const one = await started([watPackage("p", saying(set, { resume: results }), { needs })], { p: "all" });
    expect(await text(await run(one))).toContain("204");
    expect((await one.fetch("/v1.0/state/statestore/k")).status).toBe(204);
    expect(await (await one.fetch("/v1.0/state/statestore/cap:p:k")).json()).toEqual({ n: 1 });
  });

  it("are refused where the user granted nothing, and counted", async () => {
    const get = calls(
      textField(":call", "state.get"),
      textField("store", "statestore"),
      textField("key", "k"),
    );
    const needs = { state: [{ store: "statestore", access: "read" }] };
    const one = await started([watPackage("p", saying(get, { resume: results }), { needs })]);
    expect(await text(await run(one))).toContain("ERR_CAPABILITY_NOT_GRANTED");
    const { capabilities } = (await (await one.fetch("/v1.0/capabilities")).json()) as {
      capabilities: unknown[];
    };
    expect(capabilities).toMatchObject([
      {
        name: "p",
        refused: ["read keys of its own in state store statestore"],
        measured: { refusedCalls: 1 },
      },
    ]);
  });
});

describe("GET /v1.0/capabilities", () => {
  it("lists what is loaded and what is refused", async () => {
    const one = await started([
      watPackage("good", guest()),
      watPackage("bad", guest({ imports: '(import "env" "abort" (func))' })),
    ]);
    await one.fetch("/v1.0/capabilities/good/run", { method: "POST" });
    expect(await (await one.fetch("/v1.0/capabilities")).json()).toMatchObject({
      capabilities: [
        {
          name: "good",
          status: "loaded",
          measured: { calls: 1, answered: 1, faults: {}, instances: 1, started: 1 },
        },
        { name: "bad", status: "refused", cause: "it imports env.abort, which the ABI does not have" },
      ],
    });
    const refused = await one.fetch("/v1.0/capabilities/bad/run", { method: "POST" });
    expect([refused.status, await refused.json()]).toMatchObject([
      500,
      { errorCode: "ERR_CAPABILITY_REFUSED" },
    ]);
  });

  it("answers 501 where there are none", async () => {
    runtime = await createRuntime();
    const response = await runtime.fetch("/v1.0/capabilities");
    expect([response.status, await response.json()]).toMatchObject([
      501,
      { errorCode: "ERR_CAPABILITIES_NOT_CONFIGURED" },
    ]);
  });
});
