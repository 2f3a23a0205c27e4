import { Json, JsonKind } from "../../guest";
import { contains, Validation } from "./schema";
import { bound, validCount } from "./scalars";

export function validList(validation: Validation, value: Json, schema: Json, place: string): bool {
  if (!validCount(validation, value.items.length, schema, "Items", place)) return false;
  const unique = schema.get("uniqueItems");
  if (unique !== null && unique.boolean) {
    for (let i = 1; i < value.items.length; i++) {
      if (contains(value.items.slice(0, i), value.items[i])) return validation.fail(place, "must have no item twice");
    }
  }
  const prefix = schema.get("prefixItems");
  const positional = prefix === null ? 0 : prefix.items.length;
  const rest = schema.get("items");
  for (let i = 0; i < value.items.length; i++) {
    const item = i < positional ? prefix!.items[i] : rest;
    if (item !== null && !validation.check(value.items[i], item, place + "/" + i.toString())) return false;
  }
  return validContents(validation, value, schema, place);
}

function validContents(validation: Validation, value: Json, schema: Json, place: string): bool {
  const wanted = schema.get("contains");
  if (wanted === null) return true;
  let count: f64 = 0;
  for (let i = 0; i < value.items.length; i++) if (validation.fits(value.items[i], wanted)) count++;
  const least = bound(schema, "minContains");
  if (count < (isNaN(least) ? 1 : least)) return validation.fail(place, "has too few items that contains asks for");
  if (count > bound(schema, "maxContains")) return validation.fail(place, "has too many items that contains asks for");
  return true;
}

export function validObject(validation: Validation, value: Json, schema: Json, place: string): bool {
  if (!validCount(validation, value.names.length, schema, "Properties", place)) return false;
  const required = schema.get("required");
  if (required !== null && !hasAll(validation, value, required, place)) return false;
  const properties = schema.get("properties");
  const additional = schema.get("additionalProperties");
  const names = schema.get("propertyNames");
  for (let i = 0; i < value.names.length; i++) {
    const name = value.names[i];
    const at = place + "/" + name.replaceAll("~", "~0").replaceAll("/", "~1");
    if (names !== null && !validation.fits(textOf(name), names)) return validation.fail(at, "has a name that is not allowed");
    let known: Json | null = properties === null ? null : properties.get(name);
    if (known === null) known = additional;
    if (known !== null && !validation.check(value.items[i], known, at)) return false;
  }
  return validDependents(validation, value, schema, place);
}

function validDependents(validation: Validation, value: Json, schema: Json, place: string): bool {
  const required = schema.get("dependentRequired");
  if (required !== null) {
    for (let i = 0; i < required.names.length; i++) {
      const there = value.get(required.names[i]) !== null;
      if (there && !hasAll(validation, value, required.items[i], place)) return false;
    }
  }
  const schemas = schema.get("dependentSchemas");
  if (schemas === null) return true;
  for (let i = 0; i < schemas.names.length; i++) {
    const there = value.get(schemas.names[i]) !== null;
    if (there && !validation.check(value, schemas.items[i], place)) return false;
  }
  return true;
}

function hasAll(validation: Validation, value: Json, names: Json, place: string): bool {
  for (let i = 0; i < names.items.length; i++) {
    const name = names.items[i].text;
    if (value.get(name) === null) return validation.fail(place, "must have the property " + name);
  }
  return true;
}

function textOf(text: string): Json {
  const json = new Json(JsonKind.Text);
  json.text = text;
  return json;
}
