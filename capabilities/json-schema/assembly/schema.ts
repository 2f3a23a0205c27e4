import { Json, JsonKind } from "../../guest";
import { validNumber, validText } from "./scalars";
import { validList, validObject } from "./collections";

/** Keywords that would be passed over otherwise: a value must not count as valid because nobody looked. */
const unsupported = [
  "pattern",
  "patternProperties",
  "$dynamicRef",
  "$recursiveRef",
  "unevaluatedItems",
  "unevaluatedProperties",
  "dependencies",
  "additionalItems",
];

/** What a schema may be nested in itself, by `$ref`, for one value. */
const DEEPEST = 400;

/** One validation: the schema's document, and the first thing that is wrong. */
export class Validation {
  /** A JSON Pointer to what is wrong, and what was expected of it. */
  place: string = "";
  expected: string = "";
  private depth: i32 = 0;

  constructor(private readonly root: Json) {}

  /** Notes the first failure. */
  fail(place: string, expected: string): bool {
    this.place = place;
    this.expected = expected;
    return false;
  }

  check(value: Json, schema: Json, place: string): bool {
    if (schema.kind == JsonKind.Boolean) return schema.boolean || this.fail(place, "must not be there");
    if (this.depth > DEEPEST) return this.fail(place, "is nested deeper than can be followed");
    this.depth++;
    const valid =
      this.checkReference(value, schema, place) &&
      this.checkAny(value, schema, place) &&
      this.checkKind(value, schema, place) &&
      this.checkCombined(value, schema, place);
    this.depth--;
    return valid;
  }

  /** Whether a value fits, without a word of why not. */
  fits(value: Json, schema: Json): bool {
    const place = this.place;
    const expected = this.expected;
    const fits = this.check(value, schema, "");
    this.place = place;
    this.expected = expected;
    return fits;
  }

  private checkReference(value: Json, schema: Json, place: string): bool {
    const reference = schema.textOf("$ref");
    if (reference.length == 0) return true;
    const target = resolved(this.root, reference);
    return target === null ? this.fail(place, "has the schema " + reference + ", which is not there") : this.check(value, target, place);
  }

  private checkAny(value: Json, schema: Json, place: string): bool {
    const type = schema.get("type");
    if (type !== null && !hasType(value, type)) return this.fail(place, "must be " + typesOf(type));
    const constant = schema.get("const");
    if (constant !== null && !value.equals(constant)) return this.fail(place, "must be the constant that the schema has");
    const values = schema.get("enum");
    if (values !== null && !contains(values.items, value)) return this.fail(place, "must be one of the values that the schema lists");
    return true;
  }

  private checkKind(value: Json, schema: Json, place: string): bool {
    switch (value.kind) {
      case JsonKind.Number:
        return validNumber(this, value.number, schema, place);
      case JsonKind.Text:
        return validText(this, value.text, schema, place);
      case JsonKind.List:
        return validList(this, value, schema, place);
      case JsonKind.Object:
        return validObject(this, value, schema, place);
      default:
        return true;
    }
  }

  private checkCombined(value: Json, schema: Json, place: string): bool {
    const all = schema.get("allOf");
    if (all !== null) {
      for (let i = 0; i < all.items.length; i++) if (!this.check(value, all.items[i], place)) return false;
    }
    const any = schema.get("anyOf");
    if (any !== null && this.fitting(value, any) == 0) return this.fail(place, "must fit one of the schemas of anyOf");
    const one = schema.get("oneOf");
    if (one !== null && this.fitting(value, one) != 1) return this.fail(place, "must fit exactly one of the schemas of oneOf");
    const not = schema.get("not");
    if (not !== null && this.fits(value, not)) return this.fail(place, "must not fit the schema of not");
    const condition = schema.get("if");
    if (condition === null) return true;
    const branch = schema.get(this.fits(value, condition) ? "then" : "else");
    return branch === null || this.check(value, branch, place);
  }

  private fitting(value: Json, schemas: Json): i32 {
    let count = 0;
    for (let i = 0; i < schemas.items.length; i++) if (this.fits(value, schemas.items[i])) count++;
    return count;
  }
}

/** Why a schema cannot be used, or null. Every part of it that is a schema is looked at. */
export function refusedBecause(schema: Json): string | null {
  if (schema.kind == JsonKind.Boolean) return null;
  if (schema.kind != JsonKind.Object) return "a schema must be an object or a boolean";
  for (let i = 0; i < unsupported.length; i++) {
    if (schema.get(unsupported[i]) !== null) return "the keyword " + unsupported[i] + " is not supported";
  }
  const reference = schema.textOf("$ref");
  if (reference.length > 0 && reference.charCodeAt(0) != 0x23) return "$ref must point into the schema itself: " + reference;
  for (let i = 0; i < schema.names.length; i++) {
    const reason = refusedPart(schema.names[i], schema.items[i]);
    if (reason !== null) return reason;
  }
  return null;
}

const single = ["items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"];
const listed = ["allOf", "anyOf", "oneOf", "prefixItems"];
const named = ["properties", "$defs", "definitions", "dependentSchemas"];

function refusedPart(name: string, value: Json): string | null {
  if (single.includes(name)) return refusedBecause(value);
  const isList = listed.includes(name);
  if (!isList && !named.includes(name)) return null;
  if (value.kind != (isList ? JsonKind.List : JsonKind.Object)) return name + " must be " + (isList ? "a list" : "an object") + " of schemas";
  for (let i = 0; i < value.items.length; i++) {
    const reason = refusedBecause(value.items[i]);
    if (reason !== null) return reason;
  }
  return null;
}

/** What a reference such as `#/$defs/name` points to, or null. */
function resolved(root: Json, reference: string): Json | null {
  if (reference == "#") return root;
  if (!reference.startsWith("#/")) return null;
  const steps = decodeURIComponent(reference.substring(2)).split("/");
  let target: Json | null = root;
  for (let i = 0; i < steps.length && target !== null; i++) {
    const step = steps[i].replaceAll("~1", "/").replaceAll("~0", "~");
    if (target.kind == JsonKind.Object) target = target.get(step);
    else {
      const index = <i32>parseInt(step);
      target = target.kind == JsonKind.List && index >= 0 && index < target.items.length ? target.items[index] : null;
    }
  }
  return target;
}

export function contains(values: Json[], value: Json): bool {
  for (let i = 0; i < values.length; i++) if (values[i].equals(value)) return true;
  return false;
}

function hasType(value: Json, type: Json): bool {
  if (type.kind == JsonKind.Text) return isOfType(value, type.text);
  for (let i = 0; i < type.items.length; i++) if (isOfType(value, type.items[i].text)) return true;
  return false;
}

function isOfType(value: Json, type: string): bool {
  if (type == "integer") return value.kind == JsonKind.Number && value.number == Math.floor(value.number);
  if (type == "number") return value.kind == JsonKind.Number;
  if (type == "string") return value.kind == JsonKind.Text;
  if (type == "object") return value.kind == JsonKind.Object;
  if (type == "array") return value.kind == JsonKind.List;
  if (type == "boolean") return value.kind == JsonKind.Boolean;
  return type == "null" && value.kind == JsonKind.Null;
}

function typesOf(type: Json): string {
  if (type.kind == JsonKind.Text) return "of type " + type.text;
  let types = "";
  for (let i = 0; i < type.items.length; i++) types += (i == 0 ? "of type " : " or ") + type.items[i].text;
  return types;
}
