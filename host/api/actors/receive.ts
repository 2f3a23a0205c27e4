import { type ActorOperation, actorHeader } from "../../actors/actors.ts";
import { answerToError } from "../../errors/answer-to-error.ts";
import { apiError } from "../../errors/api-error.ts";
import { header, type RuntimeRequest, type RuntimeResponse, withChanges } from "../../http.ts";
import type { Peer } from "../../mesh/transport.ts";
import type { Sidecar } from "../../sidecar.ts";
import { endpoints } from "../endpoints.ts";
import { tracedCall } from "../invoke/traced-invocation.ts";
import { calledBy } from "./method.ts";

/** What instances hand on. State is the owner's own: its app asks the sidecar that it runs beside. */
const handedOn: ReadonlySet<string> = new Set(["actors.invoke", "actors.reminder", "actors.timer"]);

/** True for a request of another instance that is about an actor and not about the app. */
export function isActorCall({ headers }: RuntimeRequest): boolean {
  return header(headers, actorHeader) !== undefined;
}

/**
 * A call of an actor that another instance found to be owned here. As in Dapr, every app of the namespace may call
 * actors; access control is about an app's own paths, of which an actor's call reaches none but those of the actors that it hosts.
 */
export async function receiveActorCall(
  sidecar: Sidecar,
  request: RuntimeRequest,
  caller: Peer,
): Promise<RuntimeResponse> {
  try {
    return await receive(sidecar, request, caller);
  } catch (error) {
    return answerToError(error, request, sidecar.log);
  }
}

async function receive(sidecar: Sidecar, given: RuntimeRequest, caller: Peer): Promise<RuntimeResponse> {
  const version = Number(header(given.headers, actorHeader));
  const request = withChanges(given, { headers: calledBy(given.headers, caller) });
  const route = sidecar.core.route(request.method, request.path);
  const name = typeof route === "string" ? undefined : endpoints[route.operation]?.name;
  const { actors } = sidecar;
  if (typeof route === "string" || name === undefined || !handedOn.has(name) || actors === undefined) {
    return apiError("ERR_API_UNIMPLEMENTED", { block: "actors" });
  }
  if (caller.namespace !== sidecar.namespace) {
    const cause = "its caller is of another namespace";
    return apiError("ERR_ACTOR_INVOKE_METHOD", { cause }, { status: 403 });
  }
  const { params, path } = route;
  const operation = name.slice("actors.".length) as ActorOperation;
  const answer = (request: RuntimeRequest) =>
    actors.receive(operation, { sidecar, request, params, path, requestId: undefined }, version);
  const { tracing } = sidecar.tracer;
  if (tracing === undefined) return await answer(request);
  const [type = "", id = "", what = operation] = params;
  const called = {
    name: `CallActor/${type}/${what}`,
    about: ["dapr.actor", `${type}.${id}`] as const,
    caller,
  };
  return await tracedCall(tracing, sidecar, request, called, answer);
}
