import { reasonOf } from "../errors/reason-of.ts";
import type { Condition, Envelope, Rules } from "./rules/rules.ts";

export interface Rule {
  /** Left out: everything matches. */
  readonly match?: string;
  readonly path: string;
}

/** Where an event goes: the path of the first rule that holds, undefined when none does. Throws when one fails. */
export interface Routing {
  /** The envelope is asked for only where a rule looks at it. */
  route(envelope: () => Envelope): string | undefined;
}

/** Compiles the rules of a subscription, once. Throws an Error that names the rule that is invalid, and why. */
export async function compileRouting(rules: readonly Rule[], language: Rules | undefined): Promise<Routing> {
  const first = rules[0];
  if (first !== undefined && first.match === undefined) return { route: () => first.path };
  if (language === undefined) {
    throw new Error(
      "its rules have a match, and the rule language was left out here; give compose() the option rules: celRules",
    );
  }
  const { compile } = await language();
  const compiled = rules.map(({ match, path }): { readonly holds: Condition; readonly path: string } => {
    if (match === undefined) return { holds: () => true, path };
    try {
      return { holds: compile(match), path };
    } catch (error) {
      throw new Error(`the rule ${JSON.stringify(match)} is invalid: ${reasonOf(error)}`);
    }
  });
  return {
    route(envelope) {
      const event = envelope();
      for (const [i, { holds, path }] of compiled.entries()) {
        try {
          if (holds(event)) return path;
        } catch (error) {
          throw new Error(`the rule ${JSON.stringify(rules[i]?.match)} failed: ${reasonOf(error)}`);
        }
      }
      return undefined;
    },
  };
}
