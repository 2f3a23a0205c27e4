import { actorHeader } from "../../actors/actors.ts";
import type { TableHost } from "../../actors/placement/membership.ts";
import { type RuntimeRequest, type RuntimeResponse, withChanges } from "../../http.ts";
import { UnavailableError } from "../../mesh/transport.ts";
import type { Sidecar } from "../../sidecar.ts";
import { forwardedHeaders } from "../invoke/headers.ts";

/** Sends a call to the instance that owns its actor. */
export async function callOwner(
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
