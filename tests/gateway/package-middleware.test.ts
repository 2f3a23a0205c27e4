import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { encodeMessage, messageKind, textField } from "../../host/capability/message.ts";
import { compileGateway } from "../../host/gateway/compile-gateway.ts";
import { describeGateway } from "../../host/gateway/describe.ts";
import { admitPackage, type GatewayPackage } from "../../host/gateway/packages/admit-package.ts";
import { readGateway } from "../../host/gateway/read-gateway.ts";
import { packagesIn } from "../../host/node/capability/package-folders.ts";
import { compileAssemblyScript } from "../../host/node/cli/capability/compile-assemblyscript.ts";
import { guest, packageOf, saying, span, watPackage } from "../capability/wat-package.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { portOf, type Seen, underWasmtime } from "./gateways.ts";

const json = async () => {
  const { sources } = await packagesIn([resolve(import.meta.dirname, "../../dist/capabilities/json-schema")]);
  return await admitPackage(sources[0] as (typeof sources)[number], undefined, "json-schema");
};

/** A package that is a middleware of its name. */
const offering = (name: string, features: readonly string[] = []) => ({
  offers: [{ kind: "component", type: `middleware.http.${name}`, features }],
});

let compiledUpper: Promise<Uint8Array> | undefined;

async function upper(): Promise<GatewayPackage> {
  const file = resolve(import.meta.dirname, "../capability/upper/index.ts");
  compiledUpper ??= compileAssemblyScript(file, 64);
  const source = packageOf("upper", new Uint8Array(await compiledUpper), offering("upper", ["RESPONSE"]));
  return await admitPackage(source, undefined, "upper");
}

interface Step {
  readonly name: string;
  readonly type?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

const component = ({ name, type = name, metadata = {} }: Step) => `---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: ${name}}
spec:
  type: middleware.http.${type}
  version: v1
  metadata: ${JSON.stringify(Object.entries(metadata).map(([field, value]) => ({ name: field, value })))}
`;

/** A gateway with these steps in front of its API, and one app. */
function compiled(steps: readonly Step[], packages: readonly GatewayPackage[], port = 80) {
  const handlers = steps.map(({ name, type = name }) => ({ name, type: `middleware.http.${type}` }));
  const text = `apiVersion: daprlet/v1alpha1
kind: Gateway
metadata: {name: edge}
spec:
  limits: {bodySize: 100Ki}
  apps: [{id: app, url: "http://127.0.0.1:${port}", transport: outgoing}]
${steps.map(component).join("")}---
apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata: {name: c}
spec: {httpPipeline: {handlers: ${JSON.stringify(handlers)}}}
`;
  return compileGateway(readGateway([{ name: "gateway.yaml", text }], yaml), packages);
}

const schema = JSON.stringify({ type: "object", required: ["id"] });

for (const reused of [false, true]) {
  underWasmtime(`middleware of packages in a gateway with ${reused ? "reused" : "fresh"} instances`, () => {
    let target: Target;
    let gateway: Gateway;
    beforeAll(async () => {
      target = await startTarget();
      const packages = [await json(), await upper()];
      const steps = [
        {
          name: "mark",
          type: "upper",
          metadata: { onlyFor: "/v1.0/invoke/app/method/up/**,/v1.0/healthz/*,/v1.0/capabilities/**" },
        },
        { name: "schema", type: "jsonschema", metadata: { schema, onlyFor: "/v1.0/invoke/*/method/orders" } },
      ];
      gateway = await startGateway(compiled(steps, packages, portOf(target.url)), { packages, reused });
    }, 60_000);
    afterAll(async () => {
      await gateway?.stop();
      await target?.close();
    });

    const post = (path: string, body: string, headers = {}) =>
      gateway.fetch(path, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...headers },
      });

    it.each([
      ["/v1.0/invoke/app/method/orders", {}],
      ["/v1.0/invoke/app.default/method/orders", {}],
      ["/v1.0/invoke/app/method/x/../orders", {}],
      ["/orders", { "dapr-app-id": "app" }],
    ])("holds %s to its schema, however that is written", async (path, headers) => {
      const refused = await post(path, '{"name":"x"}', headers);
      expect([refused.status, refused.json]).toEqual([
        400,
        { errorCode: "ERR_MALFORMED_REQUEST", message: expect.stringContaining("id") },
      ]);
      expect(refused.header("content-security-policy")).toBe("sandbox; default-src 'none'");
      const passed = await post(path, '{"id":1}', headers);
      expect([passed.status, (passed.json as Seen).body]).toEqual([200, '{"id":1}']);
    });

    it("leaves other paths alone, also bodies that it would not take", async () => {
      const { json: seen } = await post("/v1.0/invoke/app/method/others", "[".repeat(99_000));
      expect((seen as Seen).body).toHaveLength(99_000);
      expect((await gateway.fetch("/v1.0/healthz")).status).toBe(204);
    });

    it("refuses a body that is larger than the gateway takes", async () => {
      const { status, errorCode } = await post("/v1.0/invoke/app/method/orders", "x".repeat(200_000));
      expect([status, errorCode]).toEqual([413, "ERR_BODY_READ"]);
    });

    it("changes the request, and the answer, of its own kind and of upstreams", async () => {
      const answer = await post("/v1.0/invoke/app/method/up/x?q=1", "é жд", { "x-other": "stays" });
      expect([answer.status, answer.header("x-upper")]).toEqual([200, "yes"]);
      expect(answer.text.endsWith("}!")).toBe(true);
      const seen = JSON.parse(answer.text.slice(0, -1)) as Seen;
      expect(seen).toMatchObject({ body: "É ЖД", uri: "/up/x?q=1", headers: { "x-other": "stays" } });
      expect(seen.headers["content-length"]).toBe(String(new TextEncoder().encode("É ЖД").length));
    });

    it("sees what the gateway itself and its packages answer, and heads", async () => {
      const validate = "/v1.0/capabilities/json-schema/validate";
      const answers = [
        await gateway.fetch("/v1.0/capabilities/none/x"),
        await post(validate, '{"schema":{},"value":1}'),
        await gateway.fetch("/v1.0/invoke/none/method/up/x"),
        await gateway.fetch("/v1.0/invoke/app/method/up/x", { method: "HEAD" }),
      ];
      expect(answers.map((answer) => [answer.status, answer.header("x-upper"), answer.text.at(-1)])).toEqual([
        [404, "yes", "!"],
        [400, "yes", "!"],
        [500, undefined, "}"],
        [200, "yes", undefined],
      ]);
    });

    it("one that traps fails the request that passes it, and no other", async () => {
      const { status, json } = await post("/v1.0/invoke/app/method/up/trap", "a");
      expect([status, json]).toEqual([
        500,
        {
          errorCode: "ERR_INTERNAL",
          message:
            "internal error: component mark (middleware.http.upper): its package failed: it trapped: unreachable",
        },
      ]);
      expect((await post("/v1.0/invoke/app/method/up/x", "a")).status).toBe(200);
    });
  });
}

const answer = (...fields: Parameters<typeof encodeMessage>[0]["fields"]) =>
  encodeMessage({ kind: messageKind.answer, fields });
const calls = encodeMessage({ kind: messageKind.calls, fields: [textField(":call", "state.get")] });
const next = textField(":next", "true");
const forever = "(loop $again (br $again)) (unreachable)";
const failed = (name: string, says: string) => ({
  errorCode: "ERR_INTERNAL",
  message: `internal error: component ${name} (middleware.http.${name}): its package failed: ${says}`,
});

/** What a hostile middleware does, and what the caller of a request that passes it is told. */
const hostile: readonly (readonly [name: string, wat: string, status: number, answer: unknown])[] = [
  ["loops", guest({ handle: forever }), 500, failed("loops", "it did not answer within 1000 ms")],
  ["traps", guest({ handle: "(i64.load (i32.const -8))" }), 500, undefined],
  ["aborts", guest({ handle: "unreachable" }), 500, failed("aborts", "it trapped: unreachable")],
  [
    "lies",
    guest({ handle: span("(i32.const 131072)", "(i32.const 8)") }),
    500,
    failed("lies", "its answer is outside of its memory"),
  ],
  [
    "calls",
    saying(calls, { resume: "(i64.const 0)" }),
    500,
    failed("calls", "it asks for more than 0 calls of its host"),
  ],
  [
    "answers",
    saying(answer(textField(":status", "200\r\nx: y"))),
    500,
    failed("answers", "its answer has a :status that is none"),
  ],
  [
    "floods",
    saying(answer(next, textField("x-large", "x".repeat(40_000))), { alloc: "(i32.const 65536)" }),
    500,
    failed("floods", "its answer has more headers than are passed on"),
  ],
];

underWasmtime("a hostile middleware in a gateway", () => {
  let target: Target;
  let gateway: Gateway;
  beforeAll(async () => {
    target = await startTarget();
    const forger = answer(
      next,
      textField("dapr-app-id", "other"),
      textField("Dapr-Caller-App-Id", "boss"),
      textField("content-length", "1"),
      textField("transfer-encoding", "chunked"),
      textField("x-line", "a\r\nx-forged: b"),
      textField("x y", "1"),
      textField("X-Own", "1"),
      textField("x-own", "2"),
    );
    const made = [
      ...hostile.map(([name, wat]) => watPackage(name, wat, offering(name))),
      watPackage("forges", saying(forger), offering("forges", ["RESPONSE"])),
      watPackage("plain", guest()),
    ];
    const packages = await Promise.all(made.map((source) => admitPackage(source, undefined, "gateway.yaml")));
    const steps = [...hostile.map(([name]) => name), "forges"].map((name) => ({
      name,
      metadata: { onlyFor: `/v1.0/invoke/app/method/${name}` },
    }));
    gateway = await startGateway(compiled(steps, packages, portOf(target.url)), { packages, reused: true });
  });
  afterAll(async () => {
    await gateway?.stop();
    await target?.close();
  });

  const invoke = (method: string) =>
    gateway.fetch(`/v1.0/invoke/app/method/${method}`, { method: "POST", body: "hi" });

  it.each(hostile)("%s: the caller is told, and others notice nothing", async (name, _, status, says) => {
    const call = invoke(name);
    expect((await invoke("other")).status).toBe(200);
    const response = await call;
    expect(response.status).toBe(status);
    if (says !== undefined) expect(response.json).toEqual(says);
    expect((await invoke("other")).status).toBe(200);
  });

  it("sets no header that frames the message, or speaks for the gateway", async () => {
    const response = await invoke("forges");
    const { headers, body } = response.json as Seen;
    expect(body).toBe("hi");
    expect(headers).toMatchObject({ "x-own": "1, 2", "content-length": "2", "dapr-caller-app-id": "edge" });
    for (const name of ["dapr-app-id", "transfer-encoding", "x-line", "x-forged"])
      expect(headers).not.toHaveProperty(name);
    expect(response.header("x-own")).toBe("1");
    expect(response.header("x-forged")).toBeUndefined();
  });
});

describe("a pipeline of a gateway", () => {
  it("is of what its packages offer, and says what is not", async () => {
    const packages = [await json()];
    const step = {
      name: "schema",
      type: "jsonschema",
      metadata: { schema, onlyFor: "/a/**, /b", exceptFor: "/a/*/c" },
    };
    const table = compiled([step], packages);
    expect(table.middlewares).toMatchObject([
      {
        onlyPaths: [{ text: "/a/**" }, { text: "/b" }],
        exceptPaths: [{ text: "/a/*/c" }],
        limited: 1,
        guests: [{ name: "schema", guest: 0, settings: [{ name: "schema", value: schema }] }],
      },
    ]);
    expect(describeGateway(table)).toContain("passes    schema (middleware.http.jsonschema)");
    expect(() => compiled([{ name: "limit", type: "ratelimit" }], packages)).toThrow(
      "names limit (middleware.http.ratelimit/v1), which is not of its packages",
    );
    expect(() => compiled([step], [...packages, ...packages])).toThrow(
      "which package json-schema does as well",
    );
    expect(() => compiled([{ ...step, metadata: { onlyFor: "a" } }], packages)).toThrow(
      "expected paths such as",
    );
  });
});
