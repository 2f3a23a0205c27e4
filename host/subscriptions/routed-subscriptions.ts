import { reasonOf } from "../errors/reason-of.ts";
import { inScope } from "../resources/scope.ts";
import type { Sidecar } from "../sidecar.ts";
import { type AppSubscription, parseDeclared } from "./app-subscription.ts";
import { compileRouting, type Routing } from "./routing.ts";
import type { Rules } from "./rules/rules.ts";

/** With its rules compiled. */
export interface RoutedSubscription extends AppSubscription {
  readonly routing: Routing;
}

/** Those whose rules are valid; the others are logged. */
export async function routedSubscriptions(
  subscriptions: readonly AppSubscription[],
  rules: Rules | undefined,
  { log }: Sidecar,
): Promise<readonly RoutedSubscription[]> {
  const routed: RoutedSubscription[] = [];
  for (const subscription of subscriptions) {
    try {
      routed.push({ ...subscription, routing: await compileRouting(subscription.rules, rules) });
    } catch (error) {
      const { called, type } = subscription;
      const cost = type === "DECLARATIVE" ? "it is left out" : "none of the app's subscriptions is taken";
      log.error(`${called}: ${reasonOf(error)}; ${cost}`);
    }
  }
  return routed;
}

/** What the resources declare for this app. `namespace` is what the host was given, if any. */
export function declaredSubscriptions(
  { resources, appId, log }: Sidecar,
  namespace: string | undefined,
): readonly AppSubscription[] {
  return resources.subscriptions
    .filter((resource) => inScope(resource, appId, namespace))
    .map((resource) => parseDeclared(resource, (sentence) => log.error(sentence)))
    .filter((subscription) => subscription !== undefined);
}
