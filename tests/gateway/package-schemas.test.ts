import { afterAll, beforeAll, expect, it } from "vitest";
import { schemaCheck } from "../../host/capability/json-schema.ts";
import { admitPackage } from "../../host/gateway/packages/admit-package.ts";
import { guest, watPackage } from "../capability/wat-package.ts";
import { type Gateway, startGateway } from "../hosts/wasmtime-host.ts";
import { underWasmtime } from "./gateways.ts";

const components = {
  schemas: {
    Id: { type: "integer", minimum: 1 },
    Tree: {
      type: "object",
      properties: { children: { type: "array", items: { $ref: "#/components/schemas/Tree" } } },
    },
    Node: {
      oneOf: [
        { type: "integer" },
        {
          type: "object",
          properties: { children: { type: "array", items: { $ref: "#/components/schemas/Node" } } },
          required: ["children"],
        },
      ],
    },
    // Looks at all that is below it twice.
    Twice: {
      anyOf: [
        { properties: { children: { items: { $ref: "#/components/schemas/Twice" } } }, required: ["none"] },
        { properties: { children: { items: { $ref: "#/components/schemas/Twice" } } } },
      ],
    },
  },
};

/** Each is held to what a sidecar checks by. */
const schemas: readonly object[] = [
  {
    type: "object",
    required: ["id"],
    properties: { id: { $ref: "#/components/schemas/Id" }, tags: { type: "array" } },
  },
  { type: "object", properties: { a: { type: "string" } }, additionalProperties: false },
  { type: "object", additionalProperties: { type: "number", exclusiveMaximum: 10 } },
  { type: "object", minProperties: 1, maxProperties: 2 },
  { type: "array", items: { type: ["string", "null"] }, minItems: 1, maxItems: 3 },
  { type: "array", items: { type: "object", required: ["a", "b"], properties: { a: { const: 1 } } } },
  { $ref: "#/components/schemas/Tree" },
  { enum: ["a", 1, true, null, "é"] },
  { const: "a/b" },
  { type: "integer", minimum: -2, exclusiveMaximum: 1e3 },
  { type: "number", exclusiveMinimum: 0, maximum: 2.5 },
  { type: "string", minLength: 2, maxLength: 3, format: "password" },
  { type: "boolean" },
  { minLength: 2, minimum: 5, minItems: 1 },
  { type: "object", properties: { a: false, b: true, c: {} } },
  { title: "anything" },
  { allOf: [{ type: "object" }, { required: ["id"] }, { properties: { id: { type: "integer" } } }] },
  { anyOf: [{ type: "string", minLength: 2 }, { type: "integer", maximum: 1 }, { const: null }] },
  { oneOf: [{ type: "integer" }, { type: "number", minimum: 2 }, { type: "array" }, { maxItems: 1 }] },
  { not: { type: ["string", "null"] }, anyOf: [true, { $ref: "#/components/schemas/Id" }] },
  { not: { not: { type: "object" } } },
  {
    type: "object",
    additionalProperties: { oneOf: [{ type: "string" }, { type: "number", not: { const: 1 } }] },
  },
  {
    type: "array",
    items: {
      anyOf: [{ type: "null" }, { type: "object", required: ["b"] }, { not: { type: ["object", "array"] } }],
    },
  },
  // As text: what has a `then` may be taken for a promise.
  JSON.parse(
    '{"if":{"required":["id"]},"then":{"properties":{"id":{"minimum":1}}},"else":{"maxProperties":1}}',
  ),
  JSON.parse('{"if":{"type":"string"},"then":{"minLength":2}}'),
  { $ref: "#/components/schemas/Tree", required: ["children"] },
  { $ref: "#/components/schemas/Node" },
  { allOf: [true, {}], anyOf: [false, { type: "boolean" }], oneOf: [{}, false] },
  { enum: ["a", "ab", 1, 2.5], not: { enum: ["ab", 1] } },
];

const values: readonly string[] = [
  ...["null", "true", "false", "0", "1", "-2", "1.0", "1.5", "2.5", "10", "1000", "1e2", "-0.0"],
  ...[
    '""',
    '"a"',
    '"ab"',
    '"abcd"',
    '"\\u0061"',
    '"a\\/b"',
    '"\\ud83d\\ude00\\ud83d\\ude00"',
    '"é"',
    '"\\u00e9"',
  ],
  ...[
    "[]",
    "[1]",
    '["a", null]',
    '["a", "b", "c", "d"]',
    '[{"a": 1, "b": 2}]',
    '[{"a": 1}]',
    '[{"a": 2, "b": 2}]',
    "[[]]",
  ],
  ...[
    "{}",
    '{"id": 1}',
    '{"id": 0}',
    '{"\\u0069d": 1, "tags": []}',
    '{"id": 1, "tags": {}}',
    '{"a": "x"}',
    '{"a": "x", "b": 1}',
  ],
  ...[
    '{"a": 1, "b": 2, "c": 3}',
    '{"b": 9.5}',
    '{"b": 10}',
    '{"b": "x"}',
    '{ "children" : [ { } , {"children": []} ] }',
  ],
  ...['{"children": [{"children": [1]}]}', '{"": 1}', '{"__proto__": 1}'],
];

underWasmtime("bodies of packages at a gateway", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    const paths = Object.fromEntries(
      schemas.map((schema, i) => [
        `/s${i}`,
        { post: { requestBody: { content: { "application/json": { schema } } } } },
      ]),
    );
    const parameter = (name: string, schema: object) => ({ name, in: "query", schema });
    const parameters = [
      parameter("one", { type: "integer", enum: [1, 2, 30] }),
      parameter("many", { type: "array", items: { type: "string", maxLength: 2 }, minItems: 2, maxItems: 3 }),
      parameter("flag", { type: "boolean", const: true }),
      parameter("not", { type: "integer", not: { const: 3 }, anyOf: [{ maximum: 3 }, { minimum: 5 }] }),
      parameter("words", { type: "array", items: { oneOf: [{ minLength: 2 }, { enum: ["a", "ab"] }] } }),
      parameter("bit", { type: "boolean", not: { const: true } }),
    ];
    const twice = { $ref: "#/components/schemas/Twice" };
    const body = { requestBody: { content: { "application/json": { schema: twice } } } };
    const openapi = {
      paths: {
        ...paths,
        "/twice": { post: body },
        "/none": { post: { requestBody: { content: { "application/json": { schema: { not: twice } } } } } },
        "/taking": { get: { parameters } },
      },
      components,
    };
    const source = watPackage("p", guest({ memory: "16 32", alloc: "(i32.const 65536)" }), {
      offers: [{ kind: "http", openapi }],
    });
    const packages = [await admitPackage(source, undefined, "gateway.yaml")];
    gateway = await startGateway({}, { packages, reused: true });
  });
  afterAll(() => gateway?.stop());

  const post = async (path: string, body: string) =>
    (
      await gateway.fetch(`/v1.0/capabilities/p/${path}`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      })
    ).status;

  it.each(schemas.map((schema, i) => [JSON.stringify(schema), i] as const))(
    "are what %s says",
    async (_, i) => {
      const check = schemaCheck({ components, ...schemas[i] });
      const expected = values.map((value) => [value, check(JSON.parse(value)) === undefined ? 200 : 400]);
      const answers = await Promise.all(values.map(async (value) => [value, await post(`s${i}`, value)]));
      expect(answers).toEqual(expected);
    },
  );

  it("are looked into as deep as the stack bears, and refused beyond", async () => {
    const deep = (levels: number) => `${'{"children":['.repeat(levels)}${"]}".repeat(levels)}`;
    expect(await post("s6", deep(240))).toBe(200);
    expect(await post("s6", deep(4_900))).toBe(400);
  });

  it("are looked at so often where schemas multiply, and refused beyond, whatever is not to be", async () => {
    const deep = (levels: number) => `${'{"children":['.repeat(levels)}${"]}".repeat(levels)}`;
    expect([await post("twice", deep(8)), await post("none", deep(8))]).toEqual([200, 400]);
    expect([await post("twice", deep(40)), await post("none", deep(40))]).toEqual([400, 400]);
  });

  it.each([
    ["one=2", 200],
    ["one=30", 200],
    ["one=3", 400],
    ["many=a&many=b", 200],
    ["many=a", 400],
    ["many=a&many=b&many=c&many=d", 400],
    ["many=a&many=abc", 400],
    ["flag=true", 200],
    ["flag=false", 400],
    ["not=2", 200],
    ["not=3", 400],
    ["not=4", 400],
    ["not=x", 400],
    ["words=a&words=xyz", 200],
    ["words=a&words=ab", 400],
    ["bit=false", 200],
    ["bit=true", 400],
  ])("so are parameters: %s", async (query, status) => {
    expect((await gateway.fetch(`/v1.0/capabilities/p/taking?${query}`)).status).toBe(status);
  });
});
