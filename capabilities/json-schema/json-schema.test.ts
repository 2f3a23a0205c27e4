import { Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Guest } from "../../tests/capability/guest.ts";

const guest = await Guest.of("json-schema");

function validate(schema: unknown, value: unknown) {
  const answer = guest.call([
    [":operation", "validate"],
    [":body", JSON.stringify({ schema, value })],
  ]);
  return { status: answer.status, error: answer.error, ...(answer.error ? {} : JSON.parse(answer.text)) };
}

const tree = {
  $defs: {
    node: { type: "object", properties: { left: { $ref: "#/$defs/node" }, value: { type: "integer" } } },
  },
  $ref: "#/$defs/node",
};

/** A schema, what fits it, and what does not with the place and the words that say so. */
const cases: readonly [schema: object | boolean, good: unknown[], bad: [unknown, string, string][]][] = [
  [true, [1, null], []],
  [false, [], [[1, "", "must not be there"]]],
  [
    { type: "integer" },
    [1, -3, 1e3, 2.0],
    [
      [1.5, "", "must be of type integer"],
      ["1", "", "must be of type integer"],
    ],
  ],
  [{ type: ["string", "null"] }, ["", null], [[0, "", "must be of type string or null"]]],
  [
    { enum: [1, { a: [2] }, "x"] },
    [1, { a: [2] }, "x"],
    [[{ a: [3] }, "", "must be one of the values that the schema lists"]],
  ],
  [{ const: { b: 1, a: 2 } }, [{ a: 2, b: 1 }], [[{ a: 2 }, "", "must be the constant that the schema has"]]],
  [
    { minimum: 0, exclusiveMaximum: 10 },
    [0, 9.9, "text"],
    [
      [10, "", "must be less than 10"],
      [-0.5, "", "must be at least 0"],
    ],
  ],
  [
    { exclusiveMinimum: 0, maximum: 1.5 },
    [1.5],
    [
      [0, "", "must be more than 0"],
      [2, "", "must be at most 1.5"],
    ],
  ],
  [{ multipleOf: 0.1 }, [0.3, 7], [[0.35, "", "must be a multiple of 0.1"]]],
  [
    { minLength: 2, maxLength: 3 },
    ["ab", "🦊🦊"],
    [
      ["🦊", "", "must have at least 2 characters"],
      ["abcd", "", "must have at most 3 characters"],
    ],
  ],
  [
    { minItems: 1, uniqueItems: true },
    [[1], [1, "1"]],
    [
      [[], "", "must have at least 1 Items"],
      [[1, { a: 1 }, { a: 1 }], "", "must have no item twice"],
    ],
  ],
  [
    { prefixItems: [{ type: "string" }], items: { type: "number" } },
    [["a", 1, 2], []],
    [
      [["a", 1, "b"], "/2", "must be of type number"],
      [[1], "/0", "must be of type string"],
    ],
  ],
  [
    { contains: { const: 1 }, maxContains: 2 },
    [
      [0, 1],
      [1, 1],
    ],
    [
      [[0], "", "has too few items that contains asks for"],
      [[1, 1, 1], "", "has too many items that contains asks for"],
    ],
  ],
  [
    { properties: { "a/b~": { type: "number" } }, required: ["id"] },
    [{ id: 1 }],
    [
      [{}, "", "must have the property id"],
      [{ id: 1, "a/b~": "x" }, "/a~1b~0", "must be of type number"],
    ],
  ],
  [
    { properties: { a: {} }, additionalProperties: false },
    [{ a: 1 }, {}],
    [[{ b: 1 }, "/b", "must not be there"]],
  ],
  [
    { propertyNames: { maxLength: 2 } },
    [{ ab: 1 }],
    [[{ abc: 1 }, "/abc", "has a name that is not allowed"]],
  ],
  [
    { dependentRequired: { a: ["b"] } },
    [{ a: 1, b: 2 }, { b: 1 }],
    [[{ a: 1 }, "", "must have the property b"]],
  ],
  [{ allOf: [{ type: "number" }, { minimum: 3 }] }, [3], [[2, "", "must be at least 3"]]],
  [
    { anyOf: [{ type: "number" }, { maxLength: 1 }] },
    [3, "a"],
    [["ab", "", "must fit one of the schemas of anyOf"]],
  ],
  [
    { oneOf: [{ minimum: 1 }, { maximum: 5 }] },
    [0, 6],
    [[3, "", "must fit exactly one of the schemas of oneOf"]],
  ],
  [{ not: { type: "null" } }, [1], [[null, "", "must not fit the schema of not"]]],
  [
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    { if: { type: "string" }, then: { minLength: 1 }, else: { minimum: 1 } },
    ["a", 1],
    [
      ["", "", "must have at least 1 characters"],
      [0, "", "must be at least 1"],
    ],
  ],
  [
    tree,
    [{ left: { left: { value: 1 } } }],
    [[{ left: { left: { value: "x" } } }, "/left/left/value", "must be of type integer"]],
  ],
  [{ $ref: "#/$defs/none" }, [], [[1, "", "has the schema #/$defs/none, which is not there"]]],
  [{ $ref: "#" }, [], [[1, "", "is nested deeper than can be followed"]]],
];

describe("json-schema", () => {
  it.each(cases)("holds values to %j", (schema, good, bad) => {
    for (const value of good) expect(validate(schema, value)).toMatchObject({ status: 200, valid: true });
    for (const [value, place, expected] of bad) {
      expect(validate(schema, value)).toEqual({
        status: 200,
        valid: false,
        place,
        expected,
        error: undefined,
      });
    }
  });

  it("agrees with another implementation about random values and schemas", () => {
    const scalar = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom("", "a", "ab"),
      fc.boolean(),
      fc.constant(null),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        scalar,
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { maxKeys: 3 }),
      ),
    }));
    const small = fc.integer({ min: 0, max: 3 });
    const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 3 },
        fc.boolean(),
        fc.record({
          type: fc.constantFrom("integer", "number", "string", "array", "object", "boolean", "null"),
        }),
        fc.record({ minimum: small, maximum: small }, { requiredKeys: [] }),
        fc.record({ minLength: small, maxItems: small, minProperties: small }, { requiredKeys: [] }),
        fc.record({ enum: fc.array(scalar, { minLength: 1 }) }),
        fc.record({ uniqueItems: fc.constant(true), items: tie("schema") }, { requiredKeys: [] }),
        fc.record(
          {
            properties: fc.dictionary(fc.constantFrom("a", "b"), tie("schema")),
            additionalProperties: tie("schema"),
            required: fc.uniqueArray(fc.constantFrom("a", "b")),
          },
          { requiredKeys: [] },
        ),
        fc.record({ allOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
        fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
        fc.record({ oneOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        fc.record({ if: tie("schema"), then: tie("schema"), else: tie("schema") }, { requiredKeys: ["if"] }),
        fc.record({ contains: tie("schema") }),
        fc.record({ not: tie("schema") }),
      ),
    }));
    fc.assert(
      fc.property(schema, value, (schema, value) => {
        const theirs = new Validator(schema as object, "2020-12").validate(value).valid;
        expect(validate(schema, value)).toMatchObject({ status: 200, valid: theirs });
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [{ pattern: "^a" }, "the keyword pattern is not supported"],
    [
      { properties: { a: { unevaluatedProperties: false } } },
      "the keyword unevaluatedProperties is not supported",
    ],
    [
      { $ref: "https://example.com/schema" },
      "$ref must point into the schema itself: https://example.com/schema",
    ],
    [{ allOf: {} }, "allOf must be a list of schemas"],
    [7, "a schema must be an object or a boolean"],
  ])("refuses the schema %j", (schema, message) => {
    const body = JSON.stringify({ schema, value: 1 });
    const answer = guest.call([
      [":operation", "validate"],
      [":body", body],
    ]);
    expect(answer).toMatchObject({ status: 400, error: "ERR_JSON_SCHEMA", text: message });
  });

  it.each([
    "",
    "{",
    '{"schema":{}}',
    '{"value":01,"schema":{}}',
    '{"schema":{},"value":"\u0001"}',
    "[".repeat(250),
  ])("refuses the body %j", (body) => {
    const answer = guest.call([
      [":operation", "validate"],
      [":body", body],
    ]);
    expect(answer).toMatchObject({ status: 400, error: "ERR_MALFORMED_REQUEST" });
  });

  it("reads what JSON allows, as JSON does", () => {
    for (const text of [
      '"\\u00e9\\ud83e\\udd8a\\n\\/"',
      "-0",
      "1e-7",
      "123456789012345680000",
      ' { "a" : [ ] , "a" : 1 } ',
    ]) {
      const body = `{"schema":{"const":${JSON.stringify(JSON.parse(text))}},"value":${text}}`;
      const answer = guest.call([
        [":operation", "validate"],
        [":body", body],
      ]);
      expect(JSON.parse(answer.text)).toEqual({ valid: true });
    }
  });
});

describe("json-schema as a middleware", () => {
  const handle = (schema: string, method: string, body: string) =>
    guest.call([
      [":operation", "handle-request"],
      [":config", JSON.stringify({ schema })],
      [":method", method],
      [":body", body],
    ]);
  const schema = '{"type":"object","required":["id"]}';

  it("lets pass what fits, and what has no body", () => {
    expect(handle(schema, "POST", '{"id":1}').next).toBe(true);
    expect(handle(schema, "GET", "").next).toBe(true);
  });

  it.each([
    ["POST", "{}", "the body must have the property id"],
    ["PUT", "", "the body is not JSON"],
    ["GET", "{}", "the body must have the property id"],
  ])("stops a %s of %j", (method, body, text) => {
    expect(handle(schema, method, body)).toMatchObject({
      next: false,
      status: 400,
      error: "ERR_MALFORMED_REQUEST",
      text,
    });
  });

  it("says what is wrong with its own schema, and takes another at once", () => {
    expect(handle("{", "POST", "{}")).toMatchObject({ next: false, status: 500, error: "ERR_JSON_SCHEMA" });
    expect(handle('{"pattern":"a"}', "POST", "{}")).toMatchObject({ status: 500 });
    expect(handle("true", "POST", "{}").next).toBe(true);
  });
});
