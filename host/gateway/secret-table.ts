import { ResourceError } from "../resources/fields.ts";
import type { EnvironmentText } from "./gateway-resource.ts";
import { none16, type SecretRow } from "./table-shape.ts";

/** No text of a resource begins with it. */
const mark = "\u0000env:";

/**
 * In place of the environment's values, which a file that is given away must not hold: a mark, by which the gateway is
 * told to look when it runs.
 */
export const fromEnvironment = (name: string): string | undefined =>
  name === "DAPR_ENV_KEYS" ? undefined : mark + name;

/** A value that {@link fromEnvironment} has marked. */
export function markedVariable(value: string): EnvironmentText | undefined {
  return value.startsWith(mark) ? { variable: value.slice(mark.length) } : undefined;
}

/** The secrets of a table, each once. */
export class SecretTable {
  readonly #indexes = new Map<string, number>();

  /** Where it stands. Undefined stands nowhere. */
  index(secret: EnvironmentText | undefined): number {
    if (secret === undefined) return none16;
    const { variable } = secret;
    const known = this.#indexes.get(variable);
    if (known !== undefined) return known;
    const next = this.#indexes.size;
    if (next >= none16) throw new ResourceError(`a gateway has at most ${none16} secrets`);
    this.#indexes.set(variable, next);
    return next;
  }

  get rows(): readonly SecretRow[] {
    return Array.from(this.#indexes.keys(), (variable) => ({ variable }));
  }
}
