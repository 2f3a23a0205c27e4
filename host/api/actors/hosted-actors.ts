import type { Actors } from "../../actors/actors.ts";
import { LocalActors } from "../../actors/local-actors.ts";
import type { Membership } from "../../actors/placement/membership.ts";
import type { Sidecar } from "../../sidecar.ts";
import { callOwner } from "./call-owner.ts";
import { HostedActorCalls } from "./hosted-actor-calls.ts";

/** The actors of a sidecar that hosts them in its own process: an option of the runtime. */
export function hostedActors(membership: (sidecar: Sidecar, instance: string) => Membership) {
  return (sidecar: Sidecar, instance: string): Actors => {
    const { appId, namespace, platform, core, app } = sidecar;
    const actors = new LocalActors({
      appId,
      namespace,
      name: instance,
      platform,
      core,
      app,
      resiliency: () => sidecar.resiliency,
      meters: sidecar.meters,
      membership: membership(sidecar, instance),
      store: () => sidecar.components.actorStateStore,
      remote: (owner, request, version) => callOwner(sidecar, owner, request, version),
    });
    return new HostedActorCalls(actors);
  };
}
