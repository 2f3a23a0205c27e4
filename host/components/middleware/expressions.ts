import { ComponentError } from "../../errors/component-error.ts";

/** Go's regular expressions (RE2), matched in linear time: what they are matched against comes from callers. */
export type Expressions = new (pattern: string) => { test(text: string): boolean };

/** The expression in a metadata field. `expressions` are loaded with the first. Throws a ComponentError naming the field. */
export async function expressionOf(
  field: string,
  pattern: string,
  expressions: () => Promise<Expressions>,
  component: string,
): Promise<InstanceType<Expressions>> {
  const Expression = await expressions();
  try {
    return new Expression(pattern);
  } catch {
    throw new ComponentError(
      "INVALID_ARGUMENT",
      `component ${component}: metadata field ${field}: expected a regular expression as Go has them (RE2)`,
    );
  }
}
