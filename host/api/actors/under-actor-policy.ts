import { ActorAnswerError } from "../../actors/actor-error.ts";
import { type ActorOperation, asAnswered, failedThere, isFailedThere } from "../../actors/actors.ts";
import { apiError } from "../../errors/api-error.ts";
import {
  BodyTooLargeError,
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

/** Throws BodyTooLargeError, or rejects with it. */
export function readWhole(request: RuntimeRequest, limit: number): WholeRequest | Promise<WholeRequest> {
  const { body } = request;
  if (body instanceof ReadableStream) return readBody(body, limit).then((whole) => withBody(request, whole));
  if (body !== undefined && body.byteLength > limit) throw new BodyTooLargeError(limit);
  return request as WholeRequest;
}

function withBody(request: RuntimeRequest, body: Uint8Array): WholeRequest {
  return withChanges(request, { body }) as WholeRequest;
}

/** The answer to a call whose body is larger than the sidecar accepts. */
export function tooLarge(operation: ActorOperation, { message }: BodyTooLargeError): RuntimeResponse {
  return apiError(operation === "invoke" ? "ERR_BAD_REQUEST" : "ERR_MALFORMED_REQUEST", { cause: message });
}

/** Calls an actor under the policy for what comes before its turn; what fails is an answer. */
export function underActorPolicy(
  { resiliency }: Pick<Sidecar, "resiliency">,
  type: string,
  id: string,
  request: WholeRequest,
  once: (attempt: WholeRequest) => Promise<RuntimeResponse>,
): Promise<RuntimeResponse> {
  const policy = resiliency.actor(type)?.waiting(id);
  const attempt = (signal: AbortSignal | undefined) =>
    once(signal === undefined ? request : { ...request, signal });
  const answer =
    policy === undefined ? once(request) : policy.run({ attempt, answered, thrown, signal: request.signal });
  return answer.then(asAnswered, (error: unknown) => methodFailure(error));
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
