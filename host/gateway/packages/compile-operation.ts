import type { Operation } from "../../capability/openapi.ts";
import { type BodyTypeRow, bodies, type OperationRow } from "../table-shape.ts";
import { compileParameter } from "./compile-parameter.ts";

type Fields = Readonly<Record<string, unknown>>;

const remarks = ["components", "title", "description", "examples", "$comment"];

/** Whether a schema says no more than what any value is. */
const isOpen = (schema: unknown) =>
  typeof schema === "object" && schema !== null && Object.keys(schema).every((key) => remarks.includes(key));

/**
 * What is checked of a body: that it is JSON, an object, has members. Throws where its schema says more: it must not pass
 * what the description forbids.
 */
function bodyType(text: string, schema: object | undefined, id: string): BodyTypeRow {
  if (schema === undefined) return { text, is: bodies.anything, members: [] };
  const { type, required = [], properties = {} } = schema as Fields;
  const known = [...remarks, "type", "required", "properties"];
  const plain =
    Object.keys(schema).every((key) => known.includes(key)) &&
    (type === undefined ? isOpen(schema) : type === "object") &&
    Array.isArray(required) &&
    required.every((one) => typeof one === "string") &&
    Object.values(properties as object).every(isOpen);
  if (!plain)
    throw new Error(
      `the schema of its ${text} body for ${id} says more than a gateway checks: that it is an object, and has members`,
    );
  return {
    text,
    is: type === undefined ? bodies.json : bodies.object,
    members: (required as readonly string[]).map((member) => ({ text: member })),
  };
}

/** What the gateway knows of an operation. Throws where its description asks for more than a gateway checks. */
export function compileOperation(
  { id, method, segments, parameters, body }: Operation,
  offer: string,
  schemas: readonly object[],
): OperationRow {
  return {
    id,
    offer,
    method,
    segments: segments.map((segment) =>
      typeof segment === "string" ? { text: segment, takes: 0 } : { text: segment.name, takes: 1 },
    ),
    parameters: parameters.map((one) => {
      const schema = schemas[one.schema];
      if (schema === undefined) throw new Error(`its parameter ${one.name} has no schema`);
      return compileParameter(one, schema);
    }),
    types: [...(body?.content ?? [])].map(([type, number]) =>
      bodyType(type, number === undefined ? undefined : schemas[number], id),
    ),
    needsBody: body?.required ? 1 : 0,
  };
}
