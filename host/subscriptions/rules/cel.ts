import { Environment } from "@marcbachmann/cel-js";
import { compilePattern } from "./pattern.ts";
import type { RuleLanguage } from "./rules.ts";

const LONGEST = 4_096;
/** Loops within loops, of which each goes through a list that a publisher sent. */
const DEEPEST_LOOPS = 2;
const loops: ReadonlySet<unknown> = new Set(["all", "exists", "exists_one", "map", "filter"]);

const limits = {
  maxAstNodes: 1_000,
  maxDepth: 64,
  maxListElements: 256,
  maxMapEntries: 256,
  maxCallArguments: 16,
};

/** A node of the parsed expression, as far as it is looked at: its kind, and what is below it. */
interface Node {
  readonly op: string;
  args: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "op" in value;

/** The first line: the rest is a picture of where in the expression. */
const reason = (error: unknown) =>
  String(error instanceof Error ? error.message : error).split("\n", 1)[0] ?? "";

/**
 * Takes the library's `matches`, which runs a backtracking engine over what a publisher sent, for one that does not, and refuses
 * loops that are nested too deep.
 */
function tame(value: unknown, patterns: Map<string, (text: string) => boolean>, depth = 0): void {
  if (Array.isArray(value)) for (const item of value) tame(item, patterns, depth);
  if (!isNode(value)) return;
  if ((value.op === "rcall" || value.op === "call") && Array.isArray(value.args)) {
    const [name] = value.args;
    if (loops.has(name)) {
      if (depth === DEEPEST_LOOPS) {
        throw new Error(`loops (${[...loops].join(", ")}) are nested more than ${DEEPEST_LOOPS} deep`);
      }
      // What it goes through is outside of it.
      tame(value.args[1], patterns, depth);
      tame(value.args[2], patterns, depth + 1);
      return;
    }
    if (name === "matches") {
      const pattern = (value.args.at(-1) as unknown[]).at(-1);
      if (!isNode(pattern) || pattern.op !== "value" || typeof pattern.args !== "string") {
        throw new Error("matches() takes a pattern that is written out");
      }
      try {
        patterns.set(pattern.args, compilePattern(pattern.args));
      } catch (error) {
        throw new Error(`the pattern of matches(): ${reason(error)}`);
      }
      value.args[0] = "daprlet_matches";
    }
  }
  tame(value.args, patterns, depth);
}

/** Throws what is wrong with the expression; so does what it answers, where the result is no boolean. */
function prepare(
  expression: string,
  variables: Readonly<Record<string, "dyn" | "int">>,
): (values: Readonly<Record<string, unknown>>) => boolean {
  if (expression.length > LONGEST) throw new Error(`it is longer than ${LONGEST} characters`);
  const patterns = new Map<string, (text: string) => boolean>();
  const matches = (text: string, pattern: string) => patterns.get(pattern)?.(text) === true;
  const environment = new Environment({ homogeneousAggregateLiterals: false, limits })
    .registerFunction("string.daprlet_matches(string): bool", matches)
    .registerFunction("daprlet_matches(string, string): bool", matches);
  for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
  let evaluate: ReturnType<Environment["parse"]>;
  try {
    evaluate = environment.parse(expression);
    tame(evaluate.ast, patterns);
    const checked = evaluate.check();
    if (!checked.valid) throw checked.error;
  } catch (error) {
    throw new Error(reason(error).replaceAll("daprlet_matches", "matches"));
  }
  return (values) => {
    let result: unknown;
    try {
      result = evaluate({ ...values });
    } catch (error) {
      throw new Error(reason(error));
    }
    if (typeof result !== "boolean") throw new Error("its result is neither true nor false");
    return result;
  };
}

/** CEL. What it may cost is bounded when it is compiled. */
export const cel: RuleLanguage = {
  compile(expression) {
    const evaluate = prepare(expression, { event: "dyn" });
    return (event) => evaluate({ event });
  },

  condition(expression, variables) {
    const evaluate = prepare(expression, Object.fromEntries(variables.map((name) => [name, "int"])));
    return (values) => evaluate(Object.fromEntries(variables.map((name) => [name, BigInt(values[name])])));
  },
};
