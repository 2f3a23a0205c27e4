import type { Actors } from "../../actors/actors.ts";
import { LocalActors } from "../../actors/local-actors.ts";
import type { Membership } from "../../actors/placement/membership.ts";
import { withPackageActors } from "../../capability/actors/actor-channel.ts";
import type { Sidecar } from "../../sidecar.ts";
import { callOwner } from "./call-owner.ts";
import { HostedActorCalls } from "./hosted-actor-calls.ts";

/** Of a sidecar that others come through. */
export interface HostedActorOptions {
  /** Where gateways call it, once it listens. */
  readonly address?: () => Promise<string | undefined>;
  /** It has no app, and is a way to those of others: timers and reminders of types that it does not host are theirs. */
  readonly isDoor?: boolean;
}

/** The actors of a sidecar that hosts them in its own process: an option of the runtime. */
export function hostedActors(
  membership: (sidecar: Sidecar, instance: string) => Membership,
  { address, isDoor = false }: HostedActorOptions = {},
) {
  return (sidecar: Sidecar, instance: string): Actors => {
    const { appId, namespace, platform, core } = sidecar;
    const actors = new LocalActors({
      appId,
      namespace,
      name: instance,
      address,
      platform,
      core,
      app: withPackageActors(sidecar.app, sidecar.capabilities, sidecar.log),
      resiliency: () => sidecar.resiliency,
      meters: sidecar.meters,
      membership: membership(sidecar, instance),
      store: () => sidecar.components.actorStateStore,
      remote: (owner, request, version) => callOwner(sidecar, owner, request, version),
    });
    return new HostedActorCalls(actors, isDoor);
  };
}
