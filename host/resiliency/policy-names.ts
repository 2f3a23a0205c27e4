import type { Family } from "../components/component.ts";

/** What a policy of a kind is called that holds where no target names one: `Default…RetryPolicy`. */
export type PolicyKind = "Timeout" | "Retry" | "CircuitBreaker";

/** Dapr's words for the families whose components have policies. */
const families: ReadonlyMap<Family, string> = new Map<Family, string>([
  ["state", "Statestore"],
  ["pubsub", "Pubsub"],
  ["bindings", "Binding"],
  ["configuration", "Configuration"],
  ["lock", "Lock"],
  ["secretstores", "Secretstore"],
]);

/** Levels of defaults, the more special first. */
export const appLevels: readonly string[] = ["App", ""];
export const actorLevels: readonly string[] = ["Actor", ""];

export function componentLevels(family: Family, direction: "Inbound" | "Outbound"): readonly string[] {
  const word = families.get(family);
  if (word === undefined) return [];
  return [`${word}Component${direction}`, `Component${direction}`, "Component", ""];
}

export function defaultName(level: string, kind: PolicyKind): string {
  return `Default${level}${kind}Policy`;
}
