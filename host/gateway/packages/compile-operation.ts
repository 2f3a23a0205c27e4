import type { Operation } from "../../capability/openapi.ts";
import type { OperationRow } from "../table-shape.ts";
import { compileParameter } from "./compile-parameter.ts";

/** Whether a schema says no more than what any body is. */
function isOpen(schema: object | undefined): boolean {
  return Object.keys(schema ?? {}).every((key) => ["components", "title", "description"].includes(key));
}

/** What the gateway knows of an operation. Throws where its description asks for more than a gateway checks. */
export function compileOperation(
  { id, method, segments, parameters, body }: Operation,
  offer: string,
  schemas: readonly object[],
): OperationRow {
  for (const [type, number] of body?.content ?? []) {
    if (number !== undefined && !isOpen(schemas[number])) {
      throw new Error(`the schema of its ${type} body for ${id} is not checked by a gateway: leave it out`);
    }
  }
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
    types: [...(body?.content.keys() ?? [])].map((text) => ({ text })),
    needsBody: body?.required ? 1 : 0,
  };
}
