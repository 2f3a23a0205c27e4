import type { Parameter } from "../../capability/openapi.ts";
import { exclusions, type ParameterRow, parameterPlaces, parameterTypes } from "../table-shape.ts";

type Fields = Readonly<Record<string, unknown>>;

const any32 = 0xffffffff;

/** What says nothing of which values are right. */
const remarks = [
  "$comment",
  "title",
  "description",
  "default",
  "example",
  "examples",
  "deprecated",
  "components",
];

const checked = [
  ...["type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  ...["minLength", "maxLength", "items"],
];

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(what: string, why: string): never {
  throw new Error(`${what} ${why}`);
}

/** What a reference into the components leads to. */
function followed(schema: unknown, root: Fields, what: string): Fields {
  let found = schema;
  for (let i = 0; i < 16 && isFields(found); i += 1) {
    const reference = found.$ref;
    if (typeof reference !== "string") return found;
    found = reference
      .replace(/^#\//, "")
      .split("/")
      .reduce<unknown>((at, step) => (isFields(at) && Object.hasOwn(at, step) ? at[step] : undefined), root);
  }
  return refuse(what, "has a schema whose references lead nowhere");
}

function number(schema: Fields, name: string, what: string): number | undefined {
  const value = schema[name];
  if (value === undefined) return undefined;
  return typeof value === "number" ? value : refuse(what, `has a schema whose ${name} is no number`);
}

/** The larger of two bounds; a bound that is not allowed itself counts for more than the same one that is. */
function bounds(schema: Fields, what: string): Pick<ParameterRow, "least" | "most" | "excludes"> {
  const above = number(schema, "exclusiveMinimum", what) ?? Number.NEGATIVE_INFINITY;
  const below = number(schema, "exclusiveMaximum", what) ?? Number.POSITIVE_INFINITY;
  const least = number(schema, "minimum", what) ?? Number.NEGATIVE_INFINITY;
  const most = number(schema, "maximum", what) ?? Number.POSITIVE_INFINITY;
  const excludesLeast = above >= least && Number.isFinite(above);
  const excludesMost = below <= most && Number.isFinite(below);
  return {
    least: excludesLeast ? above : least,
    most: excludesMost ? below : most,
    excludes: (excludesLeast ? exclusions.least : 0) | (excludesMost ? exclusions.most : 0),
  };
}

const types: Readonly<Record<string, number>> = {
  string: parameterTypes.text,
  integer: parameterTypes.integer,
  number: parameterTypes.number,
  boolean: parameterTypes.boolean,
};

function choices(schema: Fields, what: string): ParameterRow["choices"] {
  const { enum: list } = schema;
  if (list === undefined) return [];
  if (!Array.isArray(list) || list.length === 0) refuse(what, "has a schema whose enum is no list");
  return list.map((value: unknown) => {
    if (typeof value !== "string") refuse(what, "has a schema whose enum has more than texts");
    return { text: value };
  });
}

/**
 * What the gateway checks of a parameter. Throws where its schema asks for more than it can: it must not pass what the
 * description forbids.
 */
export function compileParameter(parameter: Parameter, root: object): ParameterRow {
  const { name, in: place, required, explode } = parameter;
  const what = `its ${place} parameter ${name}`;
  const whole = followed(root, root as Fields, what);
  const isList = whole.type === "array";
  const schema = isList ? followed(whole.items ?? {}, root as Fields, what) : whole;
  for (const one of isList ? [whole, schema] : [schema]) {
    const unknown = Object.keys(one).find((key) => !checked.includes(key) && !remarks.includes(key));
    if (unknown !== undefined) refuse(what, `has a schema with ${unknown}, which a gateway does not check`);
  }
  const type = schema.type ?? "string";
  const known = typeof type === "string" ? types[type] : undefined;
  if (known === undefined) refuse(what, `is of type ${JSON.stringify(type)}, which a gateway does not read`);
  return {
    ...bounds(schema, what),
    name,
    field: name.toLowerCase(),
    choices: choices(schema, what),
    shortest: number(schema, "minLength", what) ?? 0,
    longest: number(schema, "maxLength", what) ?? any32,
    place: parameterPlaces[place],
    type: known,
    isList: isList ? 1 : 0,
    explodes: explode ? 1 : 0,
    isRequired: required ? 1 : 0,
  };
}
