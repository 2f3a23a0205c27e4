import type { Parameter } from "../../capability/openapi.ts";
import { type ParameterRow, parameterPlaces, parameterTypes } from "../table-shape.ts";
import { type Fields, followed, type SchemaTable } from "./schema-table.ts";

const types: Readonly<Record<string, number>> = {
  string: parameterTypes.text,
  integer: parameterTypes.number,
  number: parameterTypes.number,
  boolean: parameterTypes.boolean,
};

const combining = ["allOf", "anyOf", "oneOf", "not", "if"];

/**
 * What the gateway checks of a parameter. Throws where its schema asks for more than it can: it must not pass what the
 * description forbids.
 */
export function compileParameter(parameter: Parameter, root: object, table: SchemaTable): ParameterRow {
  const { name, in: place, required, explode } = parameter;
  const what = `the schema of its ${place} parameter ${name}`;
  const whole = followed(root, root as Fields, what);
  const refuse = (cause: string): never => {
    throw new Error(`${what} says more than a gateway checks: ${cause}`);
  };
  const isList = whole.type === "array";
  const one = isList ? followed(whole.items ?? {}, root as Fields, what) : whole;
  // Its text is read by the type that stands there, as a sidecar does.
  if (whole.$ref !== undefined || one.$ref !== undefined) refuse("more beside $ref");
  if (isList && combining.some((name) => Object.hasOwn(whole, name))) refuse("a list that combines schemas");
  const type = one.type ?? "string";
  const known = typeof type === "string" ? types[type] : undefined;
  if (known === undefined) return refuse(`type ${JSON.stringify(type)}`);
  return {
    name,
    field: name.toLowerCase(),
    schema: table.number(whole, root as Fields, what),
    place: parameterPlaces[place],
    type: known,
    isList: isList ? 1 : 0,
    explodes: explode ? 1 : 0,
    isRequired: required ? 1 : 0,
  };
}
