import { ActorAnswerError } from "../../actors/actor-error.ts";
import { type ActorOperation, asAnswered, failedThere, isFailedThere } from "../../actors/actors.ts";
import { apiError } from "../../errors/api-error.ts";
import {
  type BodyTooLargeError,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
  withChanges,
} from "../../http.ts";
import type { Verdict } from "../../resiliency/policy.ts";
import type { Sidecar } from "../../sidecar.ts";
import { methodFailure } from "./method.ts";

/** A request whose body has been read, so that it can be sent again. */
export type WholeRequest = RuntimeRequest & { readonly body: Uint8Array | undefined };

/** Throws BodyTooLargeError. */
export async function readWhole(request: RuntimeRequest, limit: number): Promise<WholeRequest> {
  const body = request.body === undefined ? undefined : await readBody(request.body, limit);
  return withChanges(request, { body }) as WholeRequest;
}

/** The answer to a call whose body is larger than the sidecar accepts. */
export function tooLarge(operation: ActorOperation, { message }: BodyTooLargeError): RuntimeResponse {
  return apiError(operation === "invoke" ? "ERR_BAD_REQUEST" : "ERR_MALFORMED_REQUEST", { cause: message });
}

/** Calls an actor under the policy for what comes before its turn; what fails is an answer. */
export async function underActorPolicy(
  { resiliency }: Pick<Sidecar, "resiliency">,
  type: string,
  id: string,
  request: WholeRequest,
  once: (attempt: WholeRequest) => Promise<RuntimeResponse>,
): Promise<RuntimeResponse> {
  const policy = resiliency.actor(type)?.waiting(id);
  const attempt = (signal: AbortSignal | undefined) =>
    once(signal === undefined ? request : { ...request, signal });
  try {
    if (policy === undefined) return asAnswered(await attempt(undefined));
    return asAnswered(await policy.run({ attempt, answered, thrown, signal: request.signal }));
  } catch (error) {
    return methodFailure(error);
  }
}

function answered(answer: RuntimeResponse): Verdict {
  return isFailedThere(answer) ? "again" : "settled";
}

function thrown(error: unknown): Verdict {
  return error instanceof ActorAnswerError && error.final ? "settled" : "again";
}

/** The answer of an actor's owner to a call of another instance that failed; the policy is the caller's. */
export function ownerFailure(operation: ActorOperation, error: unknown): RuntimeResponse {
  const answer = methodFailure(error);
  return operation === "invoke" && thrown(error) === "again" ? failedThere(answer) : answer;
}
