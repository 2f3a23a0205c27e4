import type { Operation } from "../../capability/openapi.ts";
import { type BodyTypeRow, none16, type OperationRow } from "../table-shape.ts";
import { compileParameter } from "./compile-parameter.ts";
import type { Fields, SchemaTable } from "./schema-table.ts";

function bodyType(text: string, schema: object | undefined, id: string, table: SchemaTable): BodyTypeRow {
  if (schema === undefined) return { text, isJson: 0, schema: none16 };
  const what = `the schema of its ${text} body for ${id}`;
  return { text, isJson: 1, schema: table.number(schema, schema as Fields, what) };
}

/** What the gateway knows of an operation. Throws where its description asks for more than a gateway checks. */
export function compileOperation(
  { id, method, segments, parameters, body }: Operation,
  offer: string,
  schemas: readonly object[],
  table: SchemaTable,
  sources: OperationRow["sources"],
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
      return compileParameter(one, schema, table);
    }),
    types: [...(body?.content ?? [])].map(([type, number]) =>
      bodyType(type, number === undefined ? undefined : schemas[number], id, table),
    ),
    sources,
    needsBody: body?.required ? 1 : 0,
  };
}
