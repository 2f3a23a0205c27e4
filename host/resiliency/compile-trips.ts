import { breakerCounters } from "../core/core.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { ResourceError } from "../resources/fields.ts";
import type { BreakerPolicy } from "../resources/resiliency.ts";
import type { Rules } from "../subscriptions/rules/rules.ts";
import type { Trips } from "./breaker.ts";

/** The conditions that the core does not decide, by the names of their circuit breakers. Throws ResourceError. */
export async function compileTrips(
  breakers: ReadonlyMap<string, BreakerPolicy>,
  rules: Rules | undefined,
): Promise<ReadonlyMap<string, Trips>> {
  const compiled = new Map<string, Trips>();
  for (const [name, { trip }] of breakers) {
    if (!("expression" in trip)) continue;
    if (rules === undefined) {
      throw new ResourceError(
        `${trip.at} needs the rule language (CEL), which this worker was composed without; compare counters with numbers, joined by &&, or compose it with rules`,
      );
    }
    const language = await rules();
    try {
      const condition = language.condition(trip.expression, breakerCounters);
      compiled.set(name, (counts) => {
        try {
          return condition(counts);
        } catch {
          // Dapr's answer to one that cannot be decided, such as a division by zero.
          return false;
        }
      });
    } catch (error) {
      throw new ResourceError(`${trip.at} is no condition: ${reasonOf(error)}`);
    }
  }
  return compiled;
}
