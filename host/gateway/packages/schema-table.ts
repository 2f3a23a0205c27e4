import { format } from "@cfworker/json-schema";
import {
  type ChoiceRow,
  type CombinationRow,
  choices,
  exclusions,
  none16,
  type SchemaRow,
  valueTypes,
} from "../table-shape.ts";

export type Fields = Readonly<Record<string, unknown>>;

const any32 = 0xffffffff;
const anyType = Object.values(valueTypes).reduce((all, bit) => all | bit, 0);

/** What says nothing of which values are right. */
const remarks = new Set([
  ...[
    "$comment",
    "$schema",
    "$defs",
    "definitions",
    "components",
    "title",
    "description",
    "default",
    "example",
  ],
  ...[
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "nullable",
    "xml",
    "externalDocs",
    "contentMediaType",
  ],
  "contentEncoding",
]);

const checked = new Set([
  ...["type", "enum", "const", "format", "required", "properties", "additionalProperties", "items"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"],
  ...["minItems", "maxItems", "minProperties", "maxProperties"],
  ...["allOf", "anyOf", "oneOf", "not", "if", "then", "else"],
]);

const typeBits: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ["string", valueTypes.text],
  ["integer", valueTypes.integer],
  ["number", valueTypes.number],
  ["boolean", valueTypes.boolean],
  ["null", valueTypes.nothing],
  ["array", valueTypes.list],
  ["object", valueTypes.object],
]);

/** Of one schema: a bit for each, when an object is checked. */
const MOST_REQUIRED = 64;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isRemark = (key: string) => remarks.has(key) || key.startsWith("x-");

/** Whether a schema says no more than what any value is. */
const isOpen = (schema: unknown) =>
  schema === true || (isFields(schema) && Object.keys(schema).every(isRemark));

/**
 * The schemas of a package's operations in the form in which a gateway checks them, each once: what is looked at takes as
 * many steps as a value has parts, and of schemas that combine others a bounded number of times as many. What asks for more
 * than that is refused by name: a gateway must not pass what a description forbids.
 */
export class SchemaTable {
  readonly #rows: SchemaRow[] = [];
  readonly #numbers = new Map<object, number>();
  #nothing: number | undefined;

  /** All of them. Throws an Error where one is combined of itself. */
  finish(): readonly SchemaRow[] {
    const passed = new Set<number>();
    const visit = (number: number, above: ReadonlySet<number>) => {
      if (above.has(number)) throw new Error("it has schemas that are combined of themselves");
      if (passed.has(number) || number === none16) return;
      passed.add(number);
      for (const { parts } of this.#rows[number]?.combinations ?? [])
        for (const { schema } of parts) visit(schema, new Set([...above, number]));
    };
    for (const number of this.#rows.keys()) visit(number, new Set());
    return this.#rows;
  }

  /** The number of a schema, which is `what`, within `root`; none16: it says nothing. Throws an Error that names what is not checked. */
  number(schema: unknown, root: Fields, what: string): number {
    if (isOpen(schema)) return none16;
    if (schema === false) return this.#never();
    const found = followed(schema, root, what);
    if (isOpen(found)) return none16;
    const known = this.#numbers.get(found);
    if (known !== undefined) return known;
    const unknown = Object.keys(found).find((key) => !checked.has(key) && key !== "$ref" && !isRemark(key));
    if (unknown !== undefined) refuse(what, unknown);
    const number = this.#reserve();
    // It may be its own part.
    this.#numbers.set(found, number);
    this.#rows[number] = this.#row(besideReference(found), root, what);
    return number;
  }

  #combinations(schema: Fields, root: Fields, what: string): readonly CombinationRow[] {
    const combined = (schemas: readonly unknown[], fewest: number, largest: number): CombinationRow => ({
      parts: schemas.map((one) => ({ schema: this.number(one, root, what) })),
      fewest,
      largest,
    });
    const listed = (name: string, least: (count: number) => number, most: (count: number) => number) => {
      const list = schema[name];
      if (list === undefined) return [];
      if (!Array.isArray(list) || list.length === 0)
        return refuse(what, `${name} that is no list of schemas`);
      return [combined(list, least(list.length), most(list.length))];
    };
    const all = (count: number) => count;
    const one = () => 1;
    return [
      ...listed("allOf", all, all),
      ...listed("anyOf", one, all),
      ...listed("oneOf", one, one),
      ...(schema.not === undefined ? [] : [combined([schema.not], 0, 0)]),
      ...(schema.if === undefined ? [] : [combined(choice(schema), 1, 2)]),
    ];
  }

  #row(schema: Fields, root: Fields, what: string): SchemaRow {
    checkFormat(schema, what);
    const { properties = {}, required = [], items, additionalProperties } = schema;
    if (!isFields(properties)) refuse(what, "properties that are no object");
    if (!isTexts(required) || required.length > MOST_REQUIRED)
      refuse(what, `required that is no list of ${MOST_REQUIRED} texts at most`);
    const names = [...new Set([...required, ...Object.keys(properties)])];
    return {
      ...bounds(schema, what),
      ...sizes(schema, what),
      choices: choicesOf(schema, what),
      members: names.map((name) => ({
        name,
        schema: Object.hasOwn(properties, name) ? this.number(properties[name], root, what) : none16,
      })),
      shortest: whole(schema, "minLength", what) ?? 0,
      longest: whole(schema, "maxLength", what) ?? any32,
      combinations: this.#combinations(schema, root, what),
      items: this.number(items ?? true, root, what),
      others: this.number(additionalProperties ?? true, root, what),
      types: typesOf(schema, what),
      required: new Set(required).size,
    };
  }

  /** What no value is. */
  #never(): number {
    if (this.#nothing !== undefined) return this.#nothing;
    this.#nothing = this.#reserve();
    this.#rows[this.#nothing] = { ...this.#row({}, {}, ""), types: 0 };
    return this.#nothing;
  }

  #reserve(): number {
    if (this.#rows.length >= none16) throw new Error(`it has more than ${none16} schemas`);
    return this.#rows.push(undefined as unknown as SchemaRow) - 1;
  }
}

function refuse(what: string, which: string): never {
  throw new Error(`${what} says more than a gateway checks: ${which}`);
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

/** The two of which one holds: what is said in `if` and `then`, or not the former, and `else`. */
function choice({ if: condition, then = true, else: otherwise = true }: Fields): readonly unknown[] {
  return [{ allOf: [condition, then] }, { allOf: [{ not: condition }, otherwise] }];
}

/** A reference that is not all as what it is: one schema among others. */
function besideReference(schema: Fields): Fields {
  const { $ref, allOf = [], ...others } = schema;
  if ($ref === undefined) return schema;
  return { ...others, allOf: Array.isArray(allOf) ? [{ $ref }, ...allOf] : allOf };
}

/** What a reference within the root leads to; one with others beside it is a schema of its own. */
export function followed(schema: unknown, root: Fields, what: string): Fields {
  let found = schema;
  for (let i = 0; i < 16 && isFields(found); i += 1) {
    const reference = found.$ref;
    if (typeof reference !== "string") return found;
    if (Object.keys(found).some((key) => key !== "$ref" && !isRemark(key))) return found;
    found = reference
      .replace(/^#\/?/, "")
      .split("/")
      .filter((step) => step !== "")
      .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"))
      .reduce<unknown>((at, step) => (isFields(at) && Object.hasOwn(at, step) ? at[step] : undefined), root);
  }
  throw new Error(`${what} has references that lead nowhere`);
}

/** Others than the usual ones assert nothing. */
function checkFormat({ format: named }: Fields, what: string): void {
  if (typeof named === "string" && Object.hasOwn(format, named)) refuse(what, `format ${named}`);
}

function typesOf({ type }: Fields, what: string): number {
  if (type === undefined) return anyType;
  const list: readonly unknown[] = Array.isArray(type) ? type : [type];
  return list.reduce<number>(
    (bits, one) => bits | (typeBits.get(one) ?? refuse(what, `type ${JSON.stringify(one)}`)),
    0,
  );
}

function choicesOf(schema: Fields, what: string): readonly ChoiceRow[] {
  const { enum: list } = schema;
  const constant = Object.hasOwn(schema, "const");
  if (list === undefined && !constant) return [];
  if (list !== undefined && (constant || !Array.isArray(list) || list.length === 0))
    refuse(what, "enum beside const, or one that is no list");
  return (constant ? [schema.const] : (list as readonly unknown[])).map((value) => {
    if (typeof value === "string") return { kind: choices.text, text: value, number: 0 };
    if (typeof value === "number") return { kind: choices.number, text: "", number: value };
    if (typeof value === "boolean" || value === null)
      return { kind: choices.literal, text: String(value), number: 0 };
    return refuse(what, "enum or const with more than texts, numbers, true, false and null");
  });
}

function number(schema: Fields, name: string, what: string): number | undefined {
  const value = schema[name];
  return value === undefined || typeof value === "number" ? value : refuse(what, `${name} that is no number`);
}

function whole(schema: Fields, name: string, what: string): number | undefined {
  const value = number(schema, name, what);
  if (value === undefined || (Number.isInteger(value) && value >= 0)) return value && Math.min(value, any32);
  return refuse(what, `${name} that is no count`);
}

/** The larger of two bounds; a bound that is not allowed itself counts for more than the same one that is. */
function bounds(schema: Fields, what: string): Pick<SchemaRow, "least" | "most" | "excludes"> {
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

function sizes(schema: Fields, what: string): Pick<SchemaRow, "fewest" | "largest" | "counted"> {
  const of = (least: string, most: string) =>
    [whole(schema, least, what), whole(schema, most, what)] as const;
  const items = of("minItems", "maxItems");
  const members = of("minProperties", "maxProperties");
  const given = [items, members].map((one) => one.some((bound) => bound !== undefined));
  if (given[0] && given[1]) refuse(what, "bounds of items and of members at a time");
  const [fewest, largest] = given[0] ? items : members;
  const counted = given[0] ? valueTypes.list : given[1] ? valueTypes.object : 0;
  return { fewest: fewest ?? 0, largest: largest ?? any32, counted };
}
