import type { Environment } from "../resources/value-entries.ts";

/** What may follow a dollar sign, as Go's `os.Expand` has it: a name, one special character, or either in braces. */
const variable = /\$(?:\{([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*|[*#$@!?\-0-9])|(\{[^}]*$))/g;

/** The text with `${NAME}` and `$NAME` replaced by the environment's values; what is not there is empty. */
export function expandEnvironment(text: string, environment: Environment): string {
  return text.replace(variable, (_, braced?: string, plain?: string) => {
    const name = braced ?? plain;
    return name === undefined || name === "" ? "" : (environment(name) ?? "");
  });
}
