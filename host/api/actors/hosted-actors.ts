import { type Actors, actorHeader } from "../../actors/actors.ts";
import { LocalActors } from "../../actors/local-actors.ts";
import type { Membership, TableHost } from "../../actors/placement/membership.ts";
import { type RuntimeRequest, type RuntimeResponse, withChanges } from "../../http.ts";
import { UnavailableError } from "../../mesh/transport.ts";
import type { Sidecar } from "../../sidecar.ts";
import { forwardedHeaders } from "../invoke/headers.ts";
import { HostedActorCalls } from "./hosted-actor-calls.ts";

/** Sends a call to the instance that owns its actor. */
async function callOwner(
  { mesh, namespace }: Sidecar,
  { name, appId }: TableHost,
  request: RuntimeRequest,
  version: number,
): Promise<RuntimeResponse> {
  const [instanceId = ""] = name.split("/");
  const found = await mesh.reach(appId, namespace, instanceId);
  if (found === undefined)
    throw new UnavailableError(`the actor's host ${name} is not known`, { sent: false });
  const headers = [...forwardedHeaders(request.headers), actorHeader, String(version)];
  try {
    return await found.instance.invoke(withChanges(request, { headers }));
  } catch (error) {
    if (error instanceof UnavailableError) found.suspect();
    throw error;
  }
}

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
