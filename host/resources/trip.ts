import { breakerCounters, type TripTerm, tripRelations } from "../core/core.ts";

/** More are left to the language of rules. */
const mostTerms = 4;
const largest = 2 ** 32 - 1;

const term = /^\(?\s*(\w+)\s*(>=|<=|==|!=|>|<)\s*(\d+)\s*\)?$/;

/**
 * A condition that the core decides by itself: counters that are compared with whole numbers, joined by `&&`. Undefined for
 * any other, which takes the language of rules.
 */
export function tripTerms(expression: string): readonly TripTerm[] | undefined {
  const terms: TripTerm[] = [];
  for (const part of expression.split("&&")) {
    const text = part.trim();
    const [, counter, relation, digits] = term.exec(text) ?? [];
    const known = breakerCounters.find((name) => name === counter);
    const relates = tripRelations.find((name) => name === relation);
    const number = Number(digits);
    if (known === undefined || relates === undefined || number > largest) return undefined;
    if (text.startsWith("(") !== text.endsWith(")")) return undefined;
    terms.push({ counter: known, relation: relates, number });
  }
  return terms.length > mostTerms ? undefined : terms;
}
