import { Json, JsonKind } from "../../guest";
import { Validation } from "./schema";

/** A number of the schema, or NaN: what is compared with it is then false. */
export function bound(schema: Json, name: string): f64 {
  const value = schema.get(name);
  return value !== null && value.kind == JsonKind.Number ? value.number : NaN;
}

export function validNumber(validation: Validation, value: f64, schema: Json, place: string): bool {
  const least = bound(schema, "minimum");
  if (value < least) return validation.fail(place, "must be at least " + spelled(least));
  const most = bound(schema, "maximum");
  if (value > most) return validation.fail(place, "must be at most " + spelled(most));
  const above = bound(schema, "exclusiveMinimum");
  if (value <= above) return validation.fail(place, "must be more than " + spelled(above));
  const below = bound(schema, "exclusiveMaximum");
  if (value >= below) return validation.fail(place, "must be less than " + spelled(below));
  const step = bound(schema, "multipleOf");
  if (step > 0 && !isMultiple(value, step)) return validation.fail(place, "must be a multiple of " + spelled(step));
  return true;
}

/** 0.3 is a multiple of 0.1, as people count. */
function isMultiple(value: f64, step: f64): bool {
  const quotient = value / step;
  if (!isFinite(quotient)) return false;
  return Math.abs(quotient - nearest(quotient)) <= Math.abs(quotient) * 1e-14;
}

function spelled(value: f64): string {
  return value == Math.floor(value) && Math.abs(value) < 1e15 ? (<i64>value).toString() : value.toString();
}

export function validText(validation: Validation, value: string, schema: Json, place: string): bool {
  const least = bound(schema, "minLength");
  const most = bound(schema, "maxLength");
  if (isNaN(least) && isNaN(most)) return true;
  const length = <f64>characters(value);
  if (length < least) return validation.fail(place, "must have at least " + spelled(least) + " characters");
  if (length > most) return validation.fail(place, "must have at most " + spelled(most) + " characters");
  return true;
}

/** Code points: what lies beyond U+FFFF is one character. */
function characters(text: string): i32 {
  let count = text.length;
  for (let i = 1; i < text.length; i++) {
    const pair = (text.charCodeAt(i - 1) & 0xfc00) == 0xd800 && (text.charCodeAt(i) & 0xfc00) == 0xdc00;
    if (pair) count--;
  }
  return count;
}

/** Of `what`: Items or Properties, as keywords have them. */
export function validCount(
  validation: Validation,
  count: i32,
  schema: Json,
  what: string,
  place: string,
): bool {
  const least = bound(schema, "min" + what);
  if (<f64>count < least) return validation.fail(place, "must have at least " + spelled(least) + " " + what);
  const most = bound(schema, "max" + what);
  if (<f64>count > most) return validation.fail(place, "must have at most " + spelled(most) + " " + what);
  return true;
}
