import { expect, it } from "vitest";
import { readOpenApi } from "./openapi.ts";

const at = (path: string, get: object, more = {}) =>
  readOpenApi({ paths: { [path]: { get } }, ...more }, "p/openapi.json", []);
const taking = (parameter: unknown) => at("/a", { parameters: [parameter] });

it.each<[string, () => unknown, string]>([
  ["no object", () => readOpenApi([], "p/openapi.json", []), "an OpenAPI description must be an object"],
  ["no paths", () => readOpenApi({}, "p/openapi.json", []), "paths must be an object"],
  ["no operation", () => readOpenApi({ paths: {} }, "p/openapi.json", []), "paths has no operation"],
  ["a path without a slash", () => at("a", {}), "paths.a.get: a path begins with a slash"],
  [
    "a parameter in the middle of a segment",
    () => at("/a/{b}.json", {}),
    "paths./a/{b}.json.get: a parameter of a path must be all of a segment",
  ],
  [
    "parameters that are no list",
    () => at("/a", { parameters: {} }),
    "paths./a.get.parameters must be a list",
  ],
  [
    "a parameter without a name",
    () => taking({ in: "query" }),
    "paths./a.get.parameters[0].name must be text",
  ],
  [
    "a parameter of another version's",
    () => taking({ name: "b", in: "body" }),
    "paths./a.get.parameters[0].in must be one of path, query, header, cookie",
  ],
  [
    "a reference to nothing",
    () => taking({ $ref: "#/components/parameters/b" }),
    "paths./a.get.parameters[0], by #/components/parameters/b, must be an object",
  ],
  [
    "a schema that is none",
    () => taking({ name: "b", in: "query", schema: 5 }),
    "paths./a.get.parameters[0].schema must be an object",
  ],
  [
    "a body without content",
    () => at("/a", { requestBody: {} }),
    "paths./a.get.requestBody.content must be an object",
  ],
])("a description with %s is refused by its place", (_, read, says) => {
  expect(read).toThrow(`p/openapi.json: ${says}`);
});

it("passes over cookies, and reads text as the first type that is more than null", () => {
  const schema = { type: ["null", "integer"] };
  const [operation] = at("/a", {
    parameters: [
      { name: "c", in: "cookie" },
      { name: "n", in: "query", schema },
    ],
  });
  expect(operation?.parameters).toMatchObject([{ name: "n", type: "integer" }]);
});
