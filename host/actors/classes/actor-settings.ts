import type { ActorClass, ActorSettings } from "./actor-class.ts";
import { duration } from "./duration.ts";

/** As `GET /dapr/config` has them. */
function fields(settings: ActorSettings): Record<string, unknown> {
  const { idleTimeout, drainTimeout, drain, reentrancy } = settings;
  return {
    ...(idleTimeout !== undefined && { actorIdleTimeout: duration(idleTimeout) }),
    ...(drainTimeout !== undefined && { drainOngoingCallTimeout: duration(drainTimeout) }),
    ...(drain !== undefined && { drainRebalancedActors: drain }),
    ...(reentrancy !== undefined && {
      reentrancy: { enabled: reentrancy !== false, ...(typeof reentrancy === "object" && reentrancy) },
    }),
  };
}

/** What the app tells its sidecar of its actors. A type's own settings stand over those of all. */
export function actorConfig(
  classes: ReadonlyMap<string, ActorClass>,
  shared: ActorSettings,
): Readonly<Record<string, unknown>> {
  const own = [...classes].filter(([, { actor }]) => actor !== undefined);
  return {
    entities: [...classes.keys()],
    ...fields(shared),
    // An entry of Dapr's replaces what holds for all, so it says all of it.
    ...(own.length > 0 && {
      entitiesConfig: own.map(([type, { actor }]) => ({
        entities: [type],
        ...fields({ ...shared, ...actor }),
      })),
    }),
  };
}
