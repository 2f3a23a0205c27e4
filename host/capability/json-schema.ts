import { type Schema, Validator } from "@cfworker/json-schema";

/** Says what is wrong with a value, or undefined. */
export type Check = (value: unknown) => string | undefined;

/**
 * A check by a JSON Schema (2020-12, as OpenAPI 3.1 has it), without code made at run time. Both belong to a package: this
 * runs in a worker that can be ended.
 */
export function schemaCheck(schema: object): Check {
  const validator = new Validator(schema as Schema, "2020-12");
  return (value) => {
    const { valid, errors } = validator.validate(value);
    if (valid) return undefined;
    // The last one is the innermost.
    const { instanceLocation = "#", error = "it does not match" } = errors.at(-1) ?? {};
    const place = instanceLocation === "#" ? "" : ` at ${instanceLocation.slice(1)}`;
    return `does not match its schema${place}: ${error}`;
  };
}
